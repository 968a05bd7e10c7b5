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

    /// A page of what is found, as the index has it.
    func find(
        _ search: WorkItemSearch, _ filter: ListFilter, _ order: CoreAPI.ListOrder, after position: ListPosition?,
        limit: Int
    ) async throws -> [FoundWorkItem] {
        guard !search.query.terms.isEmpty else { return [] }
        let scores = order == .relevance ? search.query.scores(in: search.zones) : []
        var parameters: [SQLValue] = [
            .int4(tenant), .text(search.query.condition(in: search.zones)), .texts(scores.map(\.condition)),
            .int4s(scores.map(\.weight)), SQLValue(filter.captureId),
            filter.statuses.map { .texts($0.map(\.rawValue)) } ?? .null, filter.categories.map { .int4s($0) } ?? .null,
            SQLValue(filter.assignee), SQLValue(filter.source),
        ]
        var condition = "true"
        if let position { condition = order.condition(after: position, &parameters) }
        let rows = try await pool.query(
            """
            SELECT \(WorkItem.columns), score FROM millrace_search(
                $2::tsquery, $3::tsquery[], $4::int[], $5::text, $6::text[], $7::int[], $8::int, $9::int, \(WorkItemSearch.most))
            JOIN work_item ON tenant = $1 AND id = item WHERE \(condition) ORDER BY \(order.sort) LIMIT \(limit)
            """, parameters, tenant: tenant)
        let columns = WorkItem.columns.split(separator: ", ").count
        return try rows.map { FoundWorkItem(item: try WorkItem(row: $0), score: Int64(try $0[columns].int32)) }
    }
}
