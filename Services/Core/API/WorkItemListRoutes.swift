import Domain
import Foundation
import Hummingbird
import ServiceKit
import Storage

/// Lists of work items, page by page.
extension CoreAPI {
    func list(_ request: APIRequest) async throws -> Response {
        let runtime = try await runtime(for: request)
        let query = try request.query
        try query.refuseOthers(
            than: "captureId", "status", "category", "assignee", "q", "sort", "limit", "cursor", "source")
        let limit = try query.integer("limit", default: 50, in: 1...500)
        let given = try query.choice("sort", of: ListOrder.self)
        let filter = try ListFilter(query, try request.principal, runtime.snapshot)
        let order = given ?? (filter.search == nil ? .newest : .relevance)
        let list = "workitems:\(order.rawValue):\(filter.fingerprint)"
        var position: ListPosition?
        if let text = try query.string("cursor") {
            position = try ListPosition(try cursor.decode(text, list: list))
        }
        if let search = filter.search {
            let page = try await SearchPage(runtime: runtime, search: search, filter: filter, order: order)
                .read(after: position, limit: limit)
            return page.response(runtime.snapshot) { cursor.encode($0.document, list: list) }
        }
        let items = try await plain(runtime, filter, order == .relevance ? .newest : order, position, limit: limit + 1)
        let page = items.prefix(limit)
        let next =
            items.count > limit ? page.last.map { cursor.encode(order.position(of: $0).document, list: list) } : nil
        let snapshot = runtime.snapshot
        let now = Instant.now
        return Response.json(capacity: 1000 * page.count + 64) { json in
            json.array("items") { list in
                for item in page { WorkItemView(item: item, snapshot: snapshot, now: now).write(to: &list) }
            }
            json.next(next)
        }
    }

    private func plain(
        _ runtime: TenantRuntime, _ filter: ListFilter, _ order: ListOrder, _ position: ListPosition?, limit: Int
    ) async throws -> [WorkItem] {
        var parameters: [SQLValue] = [.int4(runtime.tenant)]
        var conditions = filter.conditions(&parameters)
        if let position { conditions.append(order.condition(after: position, &parameters)) }
        let condition = conditions.isEmpty ? "true" : conditions.joined(separator: " AND ")
        return try await runtime.queries.items(
            where: "\(condition) ORDER BY \(order.sort) LIMIT \(limit)", Array(parameters.dropFirst()))
    }
}
