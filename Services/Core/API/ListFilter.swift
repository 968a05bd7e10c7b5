import Domain
import Foundation
import ServiceKit
import Storage

/// What a list of work items is narrowed to. Nil lets everything pass; what the configuration does not know lets nothing.
struct ListFilter: Sendable {
    let captureId: String?
    let statuses: [WorkItemStatus]?
    /// A category with everything below it.
    let categories: [Int32]?
    let assignee: Int32?
    let source: Int32?
    /// What is looked for in the items' texts.
    let search: WorkItemSearch?
    /// Tells lists apart whose cursors must not be mixed up.
    let fingerprint: String

    init(_ query: QueryParameters, _ principal: Principal, _ snapshot: TenantSnapshot) throws {
        var fingerprint = ""
        for (name, value) in query.items where name != "cursor" && name != "limit" && name != "sort" {
            fingerprint += "\(name)=\(value)&"
        }
        self.fingerprint = fingerprint
        captureId = try query.string("captureId")
        let statuses = try query.choices("status", of: WorkItemStatus.self)
        self.statuses = statuses.isEmpty ? nil : statuses
        categories = try query.string("category").map { category in
            snapshot.names.all(of: .category).filter { $0.name == category || $0.name.hasPrefix(category + "/") }
                .map(\.id)
        }
        assignee = try query.string("assignee").map { snapshot.names.id(of: .agent, $0) ?? -1 }
        let seesAll = principal.has(.supervisor) || principal.has(.reader)
        let ownSource = seesAll ? nil : try principal.requireOwnSource()
        let asked = try query.string("source")
        // A source that asks for another one's items finds none.
        let name = ownSource == nil || asked == nil || asked == ownSource ? ownSource ?? asked : ""
        source = name.map { snapshot.names.id(of: .source, $0) ?? -1 }
        search = try Self.search(query, withMessages: seesAll)
    }

    /// A source sees its items, not the correspondence that they have become.
    private static func search(_ query: QueryParameters, withMessages: Bool) throws -> WorkItemSearch? {
        guard let text = try query.string("q"), !text.allSatisfy(\.isWhitespace) else { return nil }
        do {
            return WorkItemSearch(
                query: try SearchQuery(text),
                zones: withMessages ? Set(SearchZone.allCases) : SearchZone.withoutMessages)
        } catch let problem {
            throw Problem.badRequest(at: "q", problem.message)
        }
    }

    /// The filters but the search as SQL whose parameters are added; $1 is the tenant.
    func conditions(_ parameters: inout [SQLValue]) -> [String] {
        var conditions: [String] = []
        func add(_ condition: (String) -> String, _ value: SQLValue) {
            parameters.append(value)
            conditions.append(condition("$\(parameters.count)"))
        }
        if let captureId { add({ "capture_id = \($0)" }, .text(captureId)) }
        if let statuses { add({ "status = ANY(\($0)::text[])" }, .texts(statuses.map(\.rawValue))) }
        if let categories { add({ "category = ANY(\($0)::int[])" }, .int4s(categories)) }
        if let assignee { add({ "assignee = \($0)" }, .int4(assignee)) }
        if let source { add({ "source = \($0)" }, .int4(source)) }
        return conditions
    }
}
