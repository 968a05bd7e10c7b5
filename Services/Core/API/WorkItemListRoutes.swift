import Domain
import Foundation
import Hummingbird
import ServiceKit
import Storage

/// Lists of work items, page by page.
extension CoreAPI {
    /// By what a list can be sorted: by the time of arrival all pages are equally fast, the others sort what the filters leave.
    enum ListOrder: String, CaseIterable {
        case newest = "-receivedAt"
        case oldest = "receivedAt"
        case due
        case dueLast = "-due"
        case updated = "-updatedAt"

        var key: String? {
            switch self {
            case .newest, .oldest: nil
            case .due: "coalesce(due, 9223372036854775807)"
            case .dueLast: "coalesce(due, 0)"
            case .updated: "updated_at"
            }
        }
        var descending: Bool { self == .newest || self == .dueLast || self == .updated }
    }

    func list(_ request: APIRequest) async throws -> Response {
        let runtime = try await runtime(for: request)
        let query = try request.query
        try query.refuseOthers(
            than: "captureId", "status", "category", "assignee", "q", "sort", "limit", "cursor", "source")
        let limit = try query.integer("limit", default: 50, in: 1...500)
        let order = try query.choice("sort", of: ListOrder.self) ?? .newest
        var filter = ListFilter(tenant: runtime.tenant)
        try filter.read(query, try request.principal, runtime.snapshot)
        let list = "workitems:\(order.rawValue):\(filter.fingerprint)"
        if let cursor = try query.string("cursor") {
            try filter.begin(after: try self.cursor.decode(cursor, list: list), order)
        }
        let items = try await filter.run(on: runtime.queries, order, limit: limit + 1)
        let page = items.prefix(limit)
        var next: String?
        if items.count > limit, let last = page.last {
            next = cursor.encode(.array([.integer(order.value(of: last)), .string(last.id.hexText)]), list: list)
        }
        let snapshot = runtime.snapshot
        let now = Instant.now
        return Response.json(capacity: 1000 * page.count + 64) { json in
            json.array("items") { list in
                for item in page { WorkItemView(item: item, snapshot: snapshot, now: now).write(to: &list) }
            }
            if let next { json.member("next", next) } else { json.nullMember("next") }
        }
    }
}

extension CoreAPI.ListOrder {
    func value(of item: WorkItem) -> Int64 {
        switch self {
        case .newest, .oldest: 0
        case .due: item.due?.milliseconds ?? .max
        case .dueLast: item.due?.milliseconds ?? 0
        case .updated: item.updatedAt.milliseconds
        }
    }
}

/// The conditions of a list, as SQL and parameters.
struct ListFilter {
    let tenant: Int32
    private var conditions: [String] = []
    private var parameters: [SQLValue] = []
    private(set) var fingerprint = ""

    init(tenant: Int32) { self.tenant = tenant }

    private mutating func add(_ condition: (String) -> String, _ value: SQLValue) {
        parameters.append(value)
        // $1 is the tenant.
        conditions.append(condition("$\(parameters.count + 1)"))
    }

    mutating func read(_ query: QueryParameters, _ principal: Principal, _ snapshot: TenantSnapshot) throws {
        for (name, value) in query.items where name != "cursor" && name != "limit" && name != "sort" {
            fingerprint += "\(name)=\(value)&"
        }
        if let captureId = try query.string("captureId") { add({ "capture_id = \($0)" }, .text(captureId)) }
        let statuses = try query.choices("status", of: WorkItemStatus.self)
        if !statuses.isEmpty { add({ "status = ANY(\($0)::text[])" }, .texts(statuses.map(\.rawValue))) }
        if let category = try query.string("category") {
            // A category with everything below it.
            let ids = snapshot.names.all(of: .category).filter {
                $0.name == category || $0.name.hasPrefix(category + "/")
            }
            add({ "category = ANY(\($0)::int[])" }, .int4s(ids.map(\.id)))
        }
        if let assignee = try query.string("assignee") {
            add({ "assignee = \($0)" }, .int4(snapshot.names.id(of: .agent, assignee) ?? -1))
        }
        let ownSource = principal.has(.supervisor) || principal.has(.reader) ? nil : principal.source
        if let source = try ownSource ?? query.string("source") {
            add({ "source = \($0)" }, .int4(snapshot.names.id(of: .source, source) ?? -1))
        }
        if let text = try query.string("q"), !text.isEmpty {
            let pattern =
                "%" + text.replacing("\\", with: "\\\\").replacing("%", with: "\\%").replacing("_", with: "\\_") + "%"
            add({ "(capture_id ILIKE \($0) OR attributes ILIKE \($0))" }, .text(pattern))
        }
    }

    mutating func begin(after position: JSONValue, _ order: CoreAPI.ListOrder) throws {
        guard let parts = position.arrayValue, parts.count == 2, let value = parts[0].integerValue,
            let id = parts[1].stringValue.flatMap({ UUID(hexText: $0) })
        else { throw Problem.badRequest(at: "cursor", "must be the value of next from a page of this list") }
        let comparison = order.descending ? "<" : ">"
        guard let key = order.key else {
            add({ "id \(comparison) \($0)" }, .uuid(id))
            return
        }
        parameters += [.int8(value), .uuid(id)]
        conditions.append("(\(key), id) \(comparison) ($\(parameters.count), $\(parameters.count + 1))")
    }

    func run(on queries: WorkItemQueries, _ order: CoreAPI.ListOrder, limit: Int) async throws -> [WorkItem] {
        let direction = order.descending ? "DESC" : "ASC"
        let sort = [order.key, "id"].compactMap { $0.map { "\($0) \(direction)" } }.joined(separator: ", ")
        let filter = conditions.isEmpty ? "true" : conditions.joined(separator: " AND ")
        return try await queries.items(where: "\(filter) ORDER BY \(sort) LIMIT \(limit)", parameters)
    }
}
