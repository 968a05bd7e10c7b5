import Foundation

/// Values that must not be printed: of an address only the password is secret, of anything else all of it.
enum SecretText {
    static func shown(_ text: String) -> String {
        guard var parts = URLComponents(string: text), parts.host != nil else { return KnownSecrets.replacement }
        guard parts.password != nil || parts.query != nil else { return text }
        if parts.password != nil { parts.password = "***" }
        parts.query = nil
        return parts.string ?? KnownSecrets.replacement
    }

    static func secrets(_ text: String) -> [String] {
        guard let parts = URLComponents(string: text), parts.host != nil else { return [text] }
        return [parts.password, parts.percentEncodedPassword].compactMap { $0 }.filter { !$0.isEmpty }
    }
}
