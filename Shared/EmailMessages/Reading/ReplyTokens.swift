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
            add(address[address.index(after: plus)..<at], to: &tokens)
        }
        for text in texts {
            var rest = text[...]
            while let start = rest.firstRange(of: "[ref:") {
                rest = rest[start.upperBound...]
                guard let end = rest.prefix(65).firstIndex(of: "]") else { continue }
                add(rest[..<end], to: &tokens)
            }
        }
        return Array(tokens.prefix(16))
    }

    private static func add(_ candidate: Substring, to tokens: inout [String]) {
        let isToken =
            (8...64).contains(candidate.utf8.count)
            && candidate.utf8.allSatisfy {
                UInt8(ascii: "a")...UInt8(ascii: "z") ~= $0 || UInt8(ascii: "A")...UInt8(ascii: "Z") ~= $0
                    || UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: "_")
            }
        if isToken, !tokens.contains(String(candidate)) { tokens.append(String(candidate)) }
    }
}
