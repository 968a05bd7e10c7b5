import Domain
import SearchIndex
import Storage

/// Compares an index with the items and mends it: what is missing or of another content is written, what has no item is
/// taken away.
struct CheckIndex: Sendable {
    let target: IndexTarget
    let fence: TermFence
    /// For so long a change may be on its way into the index.
    let grace: Duration

    /// What it found and mended; what met something newer, or what the server never takes, is not counted.
    struct Found: Sendable, Hashable {
        var items = 0
        var documents = 0
        var missing = 0
        var stale = 0
        var extra = 0
        var isClean: Bool { missing + stale + extra == 0 }
    }

    func run(now: Instant) async throws -> Found {
        let index = try await target.control.held(fence.term).serving
        try await target.server.call("POST", "/\(index.index)/_refresh")
        var found = Found()
        var last = ""
        while true {
            try Task.checkCancellation()
            let page = try await target.items.items(after: last)
            try await compare(page, after: last, through: page.next, in: index, at: now, &found)
            guard let end = page.next else { return found }
            last = end
        }
    }

    private func compare(
        _ page: ItemSource.Page, after first: String, through last: String?, in index: IndexProgress, at now: Instant,
        _ found: inout Found
    ) async throws {
        var documents = try await digests(after: first, through: last, in: index)
        found.items += page.records.count
        found.documents += documents.count
        let newest = now.milliseconds - Int64(grace / .milliseconds(1))
        var wrong: [SearchRecord] = []
        var missing: Set<String> = []
        for record in page.records {
            let digest = documents.removeValue(forKey: record.id)
            guard digest != record.digest, record.updatedAt < newest else { continue }
            wrong.append(record)
            if digest == nil { missing.insert(record.id) }
        }
        let writer = WriteDocuments(server: target.server, alias: index.writeAlias, logger: target.logger)
        if !wrong.isEmpty {
            let mended = try await writer.write(
                wrong, version: WriteDocuments.version(at: page.position, mending: true)
            ).written
            found.missing += mended.intersection(missing).count
            found.stale += mended.subtracting(missing).count
        }
        guard !documents.isEmpty else { return }
        // Items that came meanwhile are no extras.
        let ids = documents.keys.sorted()
        for start in stride(from: 0, to: ids.count, by: ItemSource.page) {
            let some = Array(ids[start..<min(ids.count, start + ItemSource.page)])
            let now = try await knownAndGone(some)
            found.extra += try await writer.write(
                [], gone: now.gone, version: WriteDocuments.version(at: now.position, mending: true)
            ).written.count
        }
    }

    private func knownAndGone(_ ids: [String]) async throws -> (gone: [String], position: Int64) {
        // A document may have any name; only ids of items are asked about.
        let asked = ids.filter { $0.utf8.count == 36 }
        var present: Set<String> = []
        var position: Int64 = 0
        if asked.isEmpty {
            position = try await target.items.items(after: "", limit: 1).position
        } else {
            let page = try await target.items.items(asked)
            present = Set(page.records.map(\.id) + page.left)
            position = page.position
        }
        return (ids.filter { !present.contains($0) }, position)
    }

    /// Of the documents of a span of ids, by id.
    private func digests(
        after first: String, through last: String?, in index: IndexProgress
    ) async throws -> [String: String] {
        var found: [String: String] = [:]
        var after = first
        let size = 1000
        while true {
            var range: JSONObject = ["gt": .string(after)]
            range["lte"] = last.map(JSONValue.string)
            let answer = try await target.server.call(
                "POST", "/\(index.index)/_search",
                [
                    "size": .integer(Int64(size)), "_source": ["digest"], "track_total_hits": false,
                    "query": ["range": ["id": .object(range)]], "sort": [["id": "asc"]],
                ])
            let hits = answer["hits"]?["hits"]?.arrayValue ?? []
            for hit in hits {
                guard let id = hit["_id"]?.stringValue else { continue }
                found[id] = hit["_source"]?["digest"]?.stringValue ?? ""
                after = hit["sort"]?.arrayValue?.first?.stringValue ?? id
            }
            if hits.count < size { return found }
        }
    }
}
