import EmailAccess
import NIOCore

extension GmailMailbox {
    func send(_ email: ComposedEmail) async -> SmtpOutcome {
        await ProviderSending.send(
            api, "/upload\(user)/messages/send?uploadType=media", type: "message/rfc822",
            body: { .stream(MailBodyPieces(email.body), length: .known(Int64(email.body.size))) })
    }

    func wasSent(_ messageId: String) async throws -> Bool {
        let query = ProviderAPI.encoded("rfc822msgid:\(messageId) in:sent")
        let answer = try await api.call("GET", "\(user)/messages?q=\(query)&maxResults=1")
        return answer?["messages"]?.arrayValue?.isEmpty == false
    }
}
