import Domain
import EmailAccess

extension GraphMailbox {
    /// Where a telling ended.
    struct Cursor: Sendable, Equatable {
        /// Graph's delta link.
        let link: String
        /// When the telling began; nil where an earlier version did not note it.
        let at: Instant?

        private static let mark = "#at="

        /// As it is kept.
        var text: String { link + (at.map { "\(Self.mark)\($0.milliseconds)" } ?? "") }

        /// A cursor.
        init(link: String, at: Instant?) { (self.link, self.at) = (link, at) }

        /// Reads what is kept.
        init(_ text: String) {
            guard let range = text.range(of: Self.mark, options: .backwards),
                let at = Int64(text[range.upperBound...])
            else {
                (link, self.at) = (text, nil)
                return
            }
            (link, self.at) = (String(text[..<range.lowerBound]), Instant(milliseconds: at))
        }
    }

    /// Graph's clock and ours, and the time that Graph takes to show what it has, differ by less.
    private static let margin: Int64 = 3_600_000
    /// What the provider has forgotten is told of again from so long before on.
    private static let marginOfLoss: Int64 = 86_400_000

    func changes(
        after text: String?, from: Instant, _ page: ([String]) async throws -> Void
    ) async throws -> String {
        let now = Instant.now
        if let text {
            let cursor = Cursor(text)
            let link = try await delta(cursor.link, page)
            guard let link else {
                throw CursorLost(back: cursor.at.map { Instant(milliseconds: $0.milliseconds - Self.marginOfLoss) })
            }
            return Cursor(link: link, at: now).text
        }
        // The delta begins before the past is read: what comes meanwhile is told of twice. It cannot tell of the past:
        // with a filter it ends after 5,000 messages and says nothing of the others.
        var recent: [String] = []
        let start = max(from, Instant(milliseconds: now.milliseconds - Self.margin))
        guard let link = try await delta(try await beginning(start), { recent += $0 }) else {
            throw EmailAccessError(.invalidConfiguration, "The mailbox has no folder \(folder).")
        }
        try await contents(since: from) { entries in try await page(entries.map(\.id)) }
        if !recent.isEmpty { try await page(recent) }
        return Cursor(link: link, at: now).text
    }

    /// Follows a delta from page to page.
    /// - Returns: the link to go on from; nil when Graph does not know this one.
    private func delta(_ first: String, _ page: ([String]) async throws -> Void) async throws -> String? {
        var path = first
        while true {
            let headers = [(name: "prefer", value: "odata.maxpagesize=200, IdType=\"ImmutableId\"")]
            guard let answer = try await api.call("GET", path, headers: headers) else { return nil }
            let ids = (answer["value"]?.arrayValue ?? []).compactMap { entry in
                entry["@removed"] == nil ? entry["id"]?.stringValue : nil
            }
            if !ids.isEmpty { try await page(ids) }
            if let next = answer["@odata.nextLink"]?.stringValue {
                path = next
            } else if let delta = answer["@odata.deltaLink"]?.stringValue {
                return delta
            } else {
                throw EmailAccessError(.protocolViolation, "Graph gives neither a next link nor a delta link.")
            }
        }
    }

    /// New messages only: what is read, marked or deleted later is not told of.
    private func beginning(_ from: Instant) async throws -> String {
        "\(user)/mailFolders/\(try await folderId())/messages/delta?changeType=created"
            + "&$select=id,receivedDateTime&$filter=\(Self.received(since: from))"
    }

    /// Graph keeps whole seconds: what came in the second of `from` is asked for too.
    static func received(since from: Instant) -> String {
        let second = Instant(milliseconds: from.milliseconds / 1000 * 1000)
        return ProviderAPI.encoded("receivedDateTime ge \(second.rfc3339)")
    }
}
