import EmailAccess
import NIOCore

extension GraphMailbox {
    /// What Graph takes in one request, base64 included:
    /// https://learn.microsoft.com/graph/api/user-sendmail and the service's limit of 4 MB for a request.
    static let greatestRequest = 4_000_000
    /// Bytes of a message that is sent in one request; of a larger one attachments go apart.
    static let greatestWhole = greatestRequest / 4 * 3

    func send(_ email: ComposedEmail) async -> SmtpOutcome {
        if let draft = email.draft { return await send(email, draft: draft) }
        let pieces = EncodedPieces(body: email.body)
        return await ProviderSending.send(
            api, "\(user)/sendMail", type: "text/plain",
            body: { .stream(pieces, length: .known(Int64(pieces.size))) })
    }

    func wasSent(_ messageId: String) async throws -> Bool {
        try await !ids(of: messageId, in: "sentitems").isEmpty
    }

    /// Messages of that Message-ID in a folder.
    func ids(of messageId: String, in folder: String) async throws -> [String] {
        let quoted = "<\(messageId)>".replacing("'", with: "''")
        let filter = ProviderAPI.encoded("internetMessageId eq '\(quoted)'")
        let answer = try await call(
            "GET", "\(user)/mailFolders/\(folder)/messages?$filter=\(filter)&$select=id&$top=10")
        return (answer?["value"]?.arrayValue ?? []).compactMap { $0["id"]?.stringValue }
    }
}
