import Crypto
import Domain
import Foundation
import SearchIndex
import Storage

/// Items as they are written into a search server's index. The position that comes with them was placed before they were
/// read: they tell of every event up to it.
struct SearchRecords: Sendable {
    let runtime: TenantRuntime

    /// Records of items by id, those that are there.
    func of(_ ids: [UUID]) async throws -> (position: Int64, records: [SearchRecord]) {
        let position = try await position()
        return (position, try await records(try await runtime.queries.items(ids)))
    }

    /// A page of all items in the order of their ids.
    func page(after id: UUID?, limit: Int) async throws -> (position: Int64, records: [SearchRecord]) {
        let position = try await position()
        let items = try await runtime.queries.items(
            where: "id > $2 ORDER BY id LIMIT \(limit)", [.uuid(id ?? UUID(high: 0, low: 0))])
        return (position, try await records(items))
    }

    private func position() async throws -> Int64 {
        try await EventFeed(pool: runtime.dependencies.pool, tenant: runtime.tenant).lastPosition()
    }

    private func records(_ items: [WorkItem]) async throws -> [SearchRecord] {
        let documents = try await SearchDocuments(pool: runtime.dependencies.pool, tenant: runtime.tenant)
            .load(with: items)
        let names = runtime.snapshot.names
        return items.compactMap { item in
            guard let document = documents[item.id] else { return nil }
            let standing = SearchRecord.Standing(
                captureId: item.captureId, status: item.status.rawValue,
                categories: Self.levels(of: item.category.flatMap { names.name(of: .category, $0) }),
                source: names.name(of: .source, item.source) ?? "",
                assignee: item.assignee.flatMap { names.name(of: .agent, $0) }, due: item.due,
                updatedAt: item.updatedAt)
            return SearchRecord(id: item.id.dashedText, terms: SearchTerms(document), standing: standing) { bytes in
                SHA256.hash(data: bytes).prefix(16).map { String(Int($0) + 256, radix: 16).dropFirst() }.joined()
            }
        }
    }

    /// `A/B/C` lies in `A` and in `A/B`.
    private static func levels(of path: String?) -> [String] {
        guard let path else { return [] }
        return path.indices.filter { path[$0] == "/" }.map { String(path[..<$0]) } + [path]
    }
}
