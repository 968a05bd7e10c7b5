import Domain
import Foundation
import Storage

/// A search of work items: the query, and what the caller may look into.
struct WorkItemSearch: Sendable {
    let query: SearchQuery
    let zones: Set<SearchZone>
    /// Matches that are ranked: of more, the newest.
    static let most = 5000
}

/// An item that was found, and what it counts.
struct FoundWorkItem: Sendable {
    let item: WorkItem
    let score: Int64
}

/// Finds items by their words in PostgreSQL.
struct FindWorkItems: Sendable {
    let pool: PostgresPool
    let tenant: Int32

    /// What is found, and what the caller should know of it.
    struct Found: Sendable {
        var items: [FoundWorkItem] = []
        var note: String?
    }

    /// A page of what is found, as the index has it.
    func find(
        _ search: WorkItemSearch, _ filter: ListFilter, _ order: CoreAPI.ListOrder, after position: ListPosition?,
        limit: Int
    ) async throws -> Found {
        let scores = order == .relevance ? search.query.scores(in: search.zones) : []
        var parameters: [SQLValue] = [
            .int4(tenant), .text(search.query.condition(in: search.zones)), .texts(scores.map(\.condition)),
            .int4s(scores.map(\.weight)), SQLValue(filter.captureId),
            filter.statuses.map { .texts($0.map(\.rawValue)) } ?? .null, filter.categories.map { .int4s($0) } ?? .null,
            SQLValue(filter.assignee), SQLValue(filter.source),
        ]
        var condition = "true"
        if let position { condition = order.condition(after: position, &parameters) }
        let results = try await pool.batch(
            tenant: tenant,
            [
                SQLStatement(
                    """
                    WITH found AS MATERIALIZED (
                        SELECT * FROM millrace_search(
                            $2::tsquery, $3::tsquery[], $4::int[], $5::text, $6::text[], $7::int[], $8::int, $9::int,
                            \(WorkItemSearch.most)))
                    SELECT \(WorkItem.columns), score, (SELECT count(*) FROM found) FROM found
                    JOIN work_item ON tenant = $1 AND id = item WHERE \(condition) ORDER BY \(order.sort) LIMIT \(limit)
                    """, parameters),
                SQLStatement(
                    "SELECT FROM search_progress WHERE tenant = $1 AND walked IS NULL", [.int4(tenant)]),
            ])
        let columns = WorkItem.columns.split(separator: ", ").count
        var found = Found()
        found.items = try results[0].map {
            FoundWorkItem(item: try WorkItem(row: $0), score: Int64(try $0[columns].int32))
        }
        let isCut = try results[0].first.map { try $0[columns + 1].int64 >= WorkItemSearch.most } ?? false
        if results[1].isEmpty {
            found.note = "Not all older items have been looked through yet since this installation can search."
        } else if isCut, order != .newest {
            found.note = "There are more matches; the newest \(WorkItemSearch.most) are sorted. Narrow the search."
        }
        return found
    }
}
