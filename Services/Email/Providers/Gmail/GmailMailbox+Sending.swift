import Domain
import EmailAccess
import NIOCore

/// Gmail gives messages that come by its interface a Message-ID of its own unless it likes theirs, and does not say which:
/// https://github.com/gauteh/lieer/issues/198. It keeps all other headers.
extension GmailMailbox {
    func send(_ email: ComposedEmail) async -> SendResult {
        await ProviderSending.send(
            api, "/upload\(user)/messages/send?uploadType=media", type: "message/rfc822",
            body: { .stream(MailBodyPieces(email.body), length: .known(Int64(email.body.size))) })
    }

    func find(_ sought: SoughtEmail) async throws -> SentSearch {
        if let id = sought.id {
            guard let head = try await head(of: id) else { return .missing }
            return .found(messageId: head.messageId ?? sought.messageId)
        }
        let query = ProviderAPI.encoded("rfc822msgid:\(sought.messageId) in:sent")
        let kept = try await api.call("GET", "\(user)/messages?q=\(query)&maxResults=1")
        if kept?["messages"]?.arrayValue?.isEmpty == false { return .found(messageId: sought.messageId) }
        // Searches know no headers of others' making.
        return try await SentSearch.byMark(of: sought, among: try await sent(since: sought.earliest)) {
            try await head(of: $0)
        }
    }

    /// Ids of messages that were sent since then, the newest first.
    private func sent(since: Instant) async throws -> [String] {
        let query = ProviderAPI.encoded("after:\(max(0, since.milliseconds / 1000))")
        let first = "\(user)/messages?labelIds=SENT&q=\(query)&maxResults=\(SentSearch.greatest)"
        var path = first
        var found: [String] = []
        while found.count < SentSearch.greatest {
            let answer = try await api.call("GET", path)
            found += (answer?["messages"]?.arrayValue ?? []).compactMap { $0["id"]?.stringValue }
            guard let next = answer?["nextPageToken"]?.stringValue else { break }
            path = first + "&pageToken=\(ProviderAPI.encoded(next))"
        }
        return Array(found.prefix(SentSearch.greatest))
    }

    private func head(of id: String) async throws -> SentHead? {
        let wanted = [SentHead.idHeader, SentHead.markHeader].map { "&metadataHeaders=\($0)" }.joined()
        let answer = try await api.call(
            "GET", "\(user)/messages/\(ProviderAPI.encoded(id))?format=metadata\(wanted)")
        return answer.map { SentHead($0["payload"]?["headers"]) }
    }
}
