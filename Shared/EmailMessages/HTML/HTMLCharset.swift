/// The charset that an HTML document gives itself, for when its part says none.
enum HTMLCharset {
    /// The name in the first `charset=` of the first 1,024 bytes (as in the HTML standard's prescan).
    static func declared(_ bytes: [UInt8]) -> String? {
        let head = String(decoding: bytes.prefix(1_024), as: UTF8.self).lowercased()
        guard let start = head.firstRange(of: "charset") else { return nil }
        var rest = head[start.upperBound...].drop { $0 == " " }
        guard rest.first == "=" else { return nil }
        rest = rest.dropFirst().drop { $0 == " " || $0 == "\"" || $0 == "'" }
        let name = rest.prefix { $0.isLetter || $0.isNumber || "-_:.".contains($0) }
        // a document that can be read as far as here is in no 16-bit charset
        return name.isEmpty || name.hasPrefix("utf-16") ? nil : String(name)
    }
}
