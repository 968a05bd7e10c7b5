import EmailAccess
import NIOCore

extension GraphMailbox {
    /// What Graph takes in one request, base64 included:
    /// https://learn.microsoft.com/graph/api/user-sendmail and the service's limit of 4 MB for a request.
    static let greatestRequest = 4_000_000

    func send(_ body: MailBody) async -> SmtpOutcome {
        let pieces = EncodedPieces(body: body)
        guard pieces.size <= Self.greatestRequest else {
            return .refusedForGood(
                "Microsoft Graph takes messages of \(Self.greatestRequest / 4 * 3) bytes at most; this one has \(body.size)"
            )
        }
        return await ProviderSending.send(
            api, "\(user)/sendMail", type: "text/plain",
            body: { .stream(pieces, length: .known(Int64(pieces.size))) })
    }

    func wasSent(_ messageId: String) async throws -> Bool {
        let quoted = "<\(messageId)>".replacing("'", with: "''")
        let filter = ProviderAPI.encoded("internetMessageId eq '\(quoted)'")
        let answer = try await call(
            "GET", "\(user)/mailFolders/sentitems/messages?$filter=\(filter)&$select=id&$top=1")
        return answer?["value"]?.arrayValue?.isEmpty == false
    }
}
