import Foundation

extension MailCredentials {
    /// `text` without the secret, should a server repeat what it was told: as it is, as IMAP quotes it, or as SASL encodes it.
    package func redacted(_ text: String) -> String {
        let secret =
            switch self.secret {
            case .password(let secret), .token(let secret): secret
            }
        // Less would hit everything.
        guard secret.utf8.count >= 4 else { return text }
        let quoted = secret.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"")
        return ([secret, quoted] + Self.encoded(secret)).reduce(text) { $0.replacing($1, with: "***") }
    }

    /// What stands for the secret in the base64 of anything that it is a part of, by where in it it begins.
    private static func encoded(_ secret: String) -> [String] {
        (0..<3).map { before in
            let bytes = Array(repeating: UInt8(0), count: before) + Array(secret.utf8)
            // The characters in which no other byte has a part: each stands for six bits.
            let begin = (before * 8 + 5) / 6
            let end = bytes.count * 8 / 6
            return String(Data(bytes).base64EncodedString().prefix(end).dropFirst(begin))
        }
    }
}
