import Crypto
import Domain
import Foundation
import SearchIndex
import Storage

/// Items as they are written into a search server's index. The position that comes with them was placed before they were
/// read: they tell of every event up to it.
struct SearchRecords: Sendable {
    let runtime: TenantRuntime

    /// Bytes at which an answer ends.
    private static let mostBytes = 16 << 20
    /// Items that are read at a time; each has at most some hundred kilobytes.
    private static let slice = 25

    /// Records, as many as an answer holds.
    struct Found: Sendable {
        var position: Int64
        var records: [SearchRecord] = []
        /// Items that were asked for and not looked at.
        var left: [UUID] = []
    }

    /// Records of items by id, those that are there.
    func of(_ ids: [UUID]) async throws -> Found {
        var found = Found(position: try await position())
        var bytes = 0
        for start in stride(from: 0, to: ids.count, by: Self.slice) {
            if bytes > Self.mostBytes {
                found.left = Array(ids[start...])
                break
            }
            let items = try await runtime.queries.items(Array(ids[start..<min(ids.count, start + Self.slice)]))
            found.records += try await records(items, &bytes)
        }
        return found
    }

    /// A page of all items in the order of their ids.
    func page(after id: UUID?, limit: Int) async throws -> Found {
        var found = Found(position: try await position())
        var bytes = 0
        var last = id ?? UUID(high: 0, low: 0)
        while found.records.count < limit, bytes <= Self.mostBytes {
            let count = min(Self.slice, limit - found.records.count)
            let items = try await runtime.queries.items(where: "id > $2 ORDER BY id LIMIT \(count)", [.uuid(last)])
            found.records += try await records(items, &bytes)
            guard items.count == count, let end = items.last?.id else { return found }
            last = end
        }
        // There may be more behind it.
        found.left = [last]
        return found
    }

    private func position() async throws -> Int64 {
        try await EventFeed(pool: runtime.dependencies.pool, tenant: runtime.tenant).lastPosition()
    }

    private func records(_ items: [WorkItem], _ size: inout Int) async throws -> [SearchRecord] {
        let documents = try await SearchDocuments(pool: runtime.dependencies.pool, tenant: runtime.tenant)
            .load(with: items)
        let names = runtime.snapshot.names
        var records: [SearchRecord] = []
        for item in items {
            guard let document = documents[item.id] else { continue }
            let standing = SearchRecord.Standing(
                captureId: item.captureId, status: item.status.rawValue,
                categories: Self.levels(of: item.category.flatMap { names.name(of: .category, $0) }),
                source: names.name(of: .source, item.source) ?? "",
                assignee: item.assignee.flatMap { names.name(of: .agent, $0) }, due: item.due,
                updatedAt: item.updatedAt)
            records.append(
                SearchRecord(id: item.id.dashedText, terms: SearchTerms(document), standing: standing) { bytes in
                    size += bytes.count
                    return SHA256.hash(data: bytes).prefix(16).map { String(Int($0) + 256, radix: 16).dropFirst() }
                        .joined()
                })
        }
        return records
    }

    /// `A/B/C` lies in `A` and in `A/B`.
    private static func levels(of path: String?) -> [String] {
        guard let path else { return [] }
        return path.indices.filter { path[$0] == "/" }.map { String(path[..<$0]) } + [path]
    }
}
