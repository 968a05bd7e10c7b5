/// Finds what may be a token that an outgoing message of ours carried.
enum ReplyTokens {
    /// Headers in which an address with a token can stand, most trustworthy first.
    static let headers = ["x-original-to", "delivered-to", "envelope-to", "to", "cc", "in-reply-to"]

    /// The tokens: from `local+TOKEN@domain` of the addresses, then from `[ref:TOKEN]` of the texts; each once, at most
    /// sixteen.
    static func find(addresses: [String], texts: [String]) -> [String] {
        var tokens: [String] = []
        for address in addresses {
            guard let at = address.lastIndex(of: "@"), let plus = address[..<at].lastIndex(of: "+") else { continue }
            add(address[address.index(after: plus)..<at].utf8, to: &tokens)
        }
        for text in texts {
            var text = text
            text.withUTF8 { bytes in
                var start = 0
                while let found = ByteSearch.first(marker, in: bytes, from: start) {
                    start = found + marker.count
                    let rest = bytes[start..<min(start + 65, bytes.count)]
                    guard let end = rest.firstIndex(of: UInt8(ascii: "]")) else { continue }
                    add(rest[..<end], to: &tokens)
                }
            }
        }
        return Array(tokens.prefix(16))
    }

    private static let marker = Array("[ref:".utf8)

    private static func add(_ candidate: some Collection<UInt8>, to tokens: inout [String]) {
        let isToken =
            (8...64).contains(candidate.count)
            && candidate.allSatisfy {
                UInt8(ascii: "a")...UInt8(ascii: "z") ~= $0 || UInt8(ascii: "A")...UInt8(ascii: "Z") ~= $0
                    || UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: "_")
            }
        guard isToken else { return }
        let token = String(decoding: candidate, as: UTF8.self)
        if !tokens.contains(token) { tokens.append(token) }
    }
}
