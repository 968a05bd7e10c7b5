import Domain
import EmailAccess
import NIOCore

/// Graph says nothing of what it sent: neither sendMail nor the order to send a draft has an answer, and the message among
/// those sent is another one than the draft. Exchange may give it a Message-ID of its own and keeps headers that begin with
/// `x-` (https://learn.microsoft.com/graph/api/resources/message), which are shown message by message.
extension GraphMailbox {
    /// What Graph takes in one request, base64 included:
    /// https://learn.microsoft.com/graph/api/user-sendmail and the service's limit of 4 MB for a request.
    static let greatestRequest = 4_000_000
    /// Bytes of a message that is sent in one request; of a larger one attachments go apart.
    static let greatestWhole = greatestRequest / 4 * 3

    func send(_ email: ComposedEmail) async -> SendResult {
        if let draft = email.draft { return await send(email, draft: draft) }
        let pieces = EncodedPieces(body: email.body)
        return await ProviderSending.send(
            api, "\(user)/sendMail", type: "text/plain",
            body: { .stream(pieces, length: .known(Int64(pieces.size))) })
    }

    func find(_ sought: SoughtEmail) async throws -> SentSearch {
        if try await !ids(of: sought.messageId, in: "sentitems").isEmpty {
            return .found(messageId: sought.messageId)
        }
        return try await SentSearch.byMark(of: sought, among: try await sent(since: sought.earliest)) { id in
            let path = "\(user)/messages/\(ProviderAPI.encoded(id))?$select=internetMessageId,internetMessageHeaders"
            return try await call("GET", path).map {
                SentHead($0["internetMessageHeaders"], messageId: $0["internetMessageId"]?.stringValue)
            }
        }
    }

    /// Ids of messages that were sent since then, the newest first.
    private func sent(since: Instant) async throws -> [String] {
        let from = Instant(milliseconds: since.milliseconds / 1000 * 1000)
        let filter = ProviderAPI.encoded("sentDateTime ge \(from.rfc3339)")
        var path: String? =
            "\(user)/mailFolders/sentitems/messages?$filter=\(filter)&$orderby=sentDateTime%20desc&$select=id&$top=50"
        var found: [String] = []
        while let present = path, found.count < SentSearch.greatest {
            let answer = try await call("GET", present)
            found += (answer?["value"]?.arrayValue ?? []).compactMap { $0["id"]?.stringValue }
            path = answer?["@odata.nextLink"]?.stringValue
        }
        return Array(found.prefix(SentSearch.greatest))
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
