import Domain
import Foundation
import Metrics
import SearchIndex
import Storage

/// Finds items by asking the tenant's search server. It tells ids; what they are now is read from PostgreSQL, with the
/// filters once more.
struct AskSearchServer: Sendable {
    let runtime: TenantRuntime
    let configuration: SearchConfiguration

    /// Bytes of an answer that are taken: many times what the largest page has. Whose server it is, the tenant says.
    private static let answerLimit = 2 << 20

    /// What it found, and where the page ends when there is more.
    /// - Throws: `SearchIndexError` when it does not answer in time, or not wholly, or its index is behind.
    func find(
        _ search: WorkItemSearch, _ filter: ListFilter, _ order: CoreAPI.ListOrder, after position: ListPosition?,
        limit: Int
    ) async throws -> (items: [WorkItem], next: ListPosition?) {
        var request = SearchRequest(search.query, zones: search.zones)
        request.filters = filters(filter)
        request.order = order.searched
        request.after = position.map {
            SearchRequest.Position(value: min($0.value, SearchMapping.neverDue), id: $0.id.dashedText)
        }
        request.limit = limit + 1
        request.milliseconds = configuration.answersWithin
        let server = try await runtime.searchServer.server(configuration, of: runtime)
        async let isCurrent: Void = IndexStanding(runtime: runtime, configuration: configuration).require(server)
        let answer = try await server.call(
            "POST", "/\(configuration.alias)/_search", request.body,
            within: .milliseconds(configuration.answersWithin), limit: Self.answerLimit)
        try await isCurrent
        guard let hits = request.hits(in: answer) else {
            throw SearchIndexError(.timedOut, "the search server answered in part only")
        }
        runtime.searchServer.answered()
        let page = hits.prefix(limit).compactMap { hit in UUID(anyText: hit.id).map { (id: $0, value: hit.value) } }
        let last = page.last.map { ListPosition(value: Self.value($0.value, order), id: $0.id) }
        return (try await items(page.map(\.id), filter), hits.count > limit ? last : nil)
    }

    /// As PostgreSQL has it, which may be asked for the next page: what is never due has another value there.
    private static func value(_ value: Int64, _ order: CoreAPI.ListOrder) -> Int64 {
        order == .due && value >= SearchMapping.neverDue ? .max : value
    }

    private func items(_ ids: [UUID], _ filter: ListFilter) async throws -> [WorkItem] {
        guard !ids.isEmpty else { return [] }
        var parameters: [SQLValue] = [.int4(runtime.tenant), .uuids(ids)]
        let conditions = ["id = ANY($2::uuid[])"] + filter.conditions(&parameters)
        let items = try await runtime.queries.items(
            where: conditions.joined(separator: " AND "), Array(parameters.dropFirst()))
        var left = Dictionary(uniqueKeysWithValues: items.map { ($0.id, $0) })
        // The server may tell an item twice.
        return ids.compactMap { left.removeValue(forKey: $0) }
    }

    private func filters(_ filter: ListFilter) -> [(field: String, values: [String])] {
        let names = runtime.snapshot.names
        var filters: [(field: String, values: [String])] = []
        if let captureId = filter.captureId { filters.append(("number", [captureId])) }
        if let statuses = filter.statuses { filters.append(("status", statuses.map(\.rawValue))) }
        if let categories = filter.categories {
            filters.append(("category", categories.compactMap { names.name(of: .category, $0) }))
        }
        if let assignee = filter.assignee { filters.append(("assignee", [names.name(of: .agent, assignee) ?? ""])) }
        if let source = filter.source { filters.append(("source", [names.name(of: .source, source) ?? ""])) }
        return filters
    }
}

extension CoreAPI.ListOrder {
    fileprivate var searched: SearchRequest.Order {
        switch self {
        case .newest: .newest
        case .oldest: .oldest
        case .due: .due
        case .dueLast: .dueLast
        case .updated: .updated
        case .relevance: .relevance
        }
    }
}

/// Counts searches.
enum SearchMetrics {
    static func answered(by index: SearchPage.Index) {
        Counter(label: "searches_total", dimensions: [("index", index.rawValue)]).increment()
    }

    static func notAnswered(_ code: SearchIndexError.Code) {
        Counter(label: "search_server_failures_total", dimensions: [("reason", code.rawValue)]).increment()
    }
}
