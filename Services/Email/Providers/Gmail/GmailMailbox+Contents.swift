import Domain
import EmailAccess

extension GmailMailbox {
    func contents(since from: Instant, _ page: ([FolderEntry]) async throws -> Void) async throws {
        let folder = try await folderLabel()
        let taken = try await label(Self.takenLabel, makes: false)
        let without = taken == nil ? nil : "-label:\(Self.takenLabel)"
        try await list([folder], since: from, query: without) { ids in
            try await page(ids.map { FolderEntry(id: $0, isMarked: false) })
        }
        guard let taken else { return }
        try await list([folder, taken], since: from) { ids in
            try await page(ids.map { FolderEntry(id: $0, isMarked: true) })
        }
    }

    /// Messages that have all the labels and came since then, newest first: users.messages.list.
    /// - Parameter query: what else must hold, in Gmail's own language.
    func list(
        _ labels: [String], since from: Instant, query: String? = nil, _ page: ([String]) async throws -> Void
    ) async throws {
        // whole seconds; an earlier one is no harm, core knows from when on
        let after = "after:\(max(0, from.milliseconds / 1000 - 1))"
        let text = ProviderAPI.encoded([after, query].compactMap { $0 }.joined(separator: " "))
        let first =
            "\(user)/messages?" + labels.map { "labelIds=\(ProviderAPI.encoded($0))&" }.joined()
            + "q=\(text)&maxResults=500"
        var path = first
        while true {
            let answer = try await api.call("GET", path)
            let ids = (answer?["messages"]?.arrayValue ?? []).compactMap { $0["id"]?.stringValue }
            if !ids.isEmpty { try await page(ids) }
            guard let next = answer?["nextPageToken"]?.stringValue else { return }
            path = first + "&pageToken=\(ProviderAPI.encoded(next))"
        }
    }
}
