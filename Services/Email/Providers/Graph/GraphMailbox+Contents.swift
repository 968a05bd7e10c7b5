import Domain
import EmailAccess

extension GraphMailbox {
    /// Tells of what came since then, oldest first: also of what a person has moved into the folder long after, which a
    /// delta with a filter does not tell of.
    ///
    /// Each page is asked for by the moment at which the one before ended, not by its link, which counts messages: those
    /// that are moved away meanwhile would make it leave others out. Only where one second fills a page the link is
    /// followed.
    func contents(since from: Instant, _ page: ([FolderEntry]) async throws -> Void) async throws {
        let first =
            "\(user)/mailFolders/\(try await folderId())/messages?$select=id,receivedDateTime,categories"
            + "&$orderby=receivedDateTime%20asc&$top=200&$filter="
        var since = from
        var link: String?
        // Of the second with which the next page begins.
        var seen: Set<String> = []
        while true {
            guard let answer = try await call("GET", link ?? first + Self.received(since: since)) else { return }
            let entries = (answer["value"]?.arrayValue ?? []).compactMap(Self.entry)
            let fresh = entries.filter { seen.insert($0.id).inserted }
            if !fresh.isEmpty { try await page(fresh) }
            guard let next = answer["@odata.nextLink"]?.stringValue else { return }
            let last = entries.last?.receivedAt
            if let last, Self.second(last) > Self.second(since) {
                (since, link) = (last, nil)
                seen = Set(entries.filter { $0.receivedAt.map(Self.second) == Self.second(last) }.map(\.id))
            } else if fresh.isEmpty || link != nil {
                link = next
            }
        }
    }

    private static func second(_ moment: Instant) -> Int64 { moment.milliseconds / 1000 }

    private static func entry(_ value: JSONValue) -> FolderEntry? {
        guard let id = value["id"]?.stringValue else { return nil }
        let categories = (value["categories"]?.arrayValue ?? []).compactMap(\.stringValue)
        return FolderEntry(
            id: id, receivedAt: value["receivedDateTime"]?.stringValue.flatMap { Instant(rfc3339: $0) },
            isMarked: categories.contains(takenCategory))
    }
}
