/// OpenPGP's signed text within a plain message (RFC 4880, section 7).
enum InlineSignature {
    private static let begin = "-----BEGIN PGP SIGNED MESSAGE-----"
    private static let beginBytes = Array(begin.utf8)
    private static let signature = "-----BEGIN PGP SIGNATURE-----"
    private static let end = "-----END PGP SIGNATURE-----"

    /// The text without armour, or nil when there is none. What stands before and behind stays.
    static func content(_ text: String) -> String? {
        guard ByteSearch.contains(text, beginBytes), let first = text.firstRange(of: begin),
            let middle = text[first.upperBound...].firstRange(of: signature)
        else { return nil }
        var signed = text[first.upperBound..<middle.lowerBound]
        // the armour's headers (`Hash: SHA256`) end at the first empty line
        if let empty = signed.firstRange(of: "\n\n") { signed = signed[empty.upperBound...] }
        let lines = signed.split(separator: "\n", omittingEmptySubsequences: false).map { line in
            line.hasPrefix("- ") ? line.dropFirst(2) : line
        }
        let last = text[middle.upperBound...].firstRange(of: end)
        return text[..<first.lowerBound] + lines.joined(separator: "\n") + (last.map { text[$0.upperBound...] } ?? "")
    }
}
