import EmailAccess
import Foundation
import Testing

/// Servers repeat what they were told; a secret must not get into an error by that.
@Suite struct MailCredentialsTests {
    private static let secret = #"open "sesame"\\7 ä+"#
    private let credentials = MailCredentials.password(user: "kim", secret)

    private func encoded(_ text: String) -> String { Data(text.utf8).base64EncodedString() }

    @Test func theSecretGoesAsItIsAndAsImapQuotesIt() {
        let quoted = #"open \"sesame\"\\\\7 ä+"#
        #expect(credentials.redacted("no \(Self.secret) or \"\(quoted)\" here") == "no *** or \"***\" here")
        #expect(credentials.redacted("nothing of it") == "nothing of it")
    }

    @Test(arguments: ["", "\0kim\0", "\0k\0", "\0ki\0", "user=kim\u{1}auth=Bearer "])
    func itGoesFromWhatSaslEncodesWhereverItBegins(before: String) {
        let sent = encoded(before + Self.secret + "\u{1}\u{1}")
        // The characters in which the secret alone has a part.
        let begin = (before.utf8.count * 8 + 5) / 6
        let end = (before.utf8.count + Self.secret.utf8.count) * 8 / 6
        let left = "535 \(sent.prefix(begin))***\(sent.dropFirst(end)) is refused"
        #expect(credentials.redacted("535 \(sent) is refused") == left)
    }

    @Test func aTokenGoesToo() {
        let token = MailCredentials.xoauth2(user: "kim", token: "ya29.a-token")
        #expect(token.redacted("Bearer ya29.a-token expired") == "Bearer *** expired")
    }
}
