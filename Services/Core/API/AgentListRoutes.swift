import Domain
import Foundation
import Hummingbird
import ServiceKit
import Storage

/// The tenant's agents, and what one of them has, page by page.
extension CoreAPI {
    /// The configuration's agents by id; the rows are read of a page only.
    func agentList(_ request: APIRequest) async throws -> Response {
        let runtime = try await runtime(for: request)
        let page = try ListPage(request.query, of: "agents", cursor)
        let after = try page.position(\.stringValue)
        let snapshot = runtime.snapshot
        let keys = snapshot.agents.values.lazy.map(\.key).filter { key in after.map { key > $0 } ?? true }
        let (shown, next) = page.cut(keys.smallest(page.limit + 1)) { .string($0) }
        let ids = shown.compactMap { snapshot.names.id(of: .agent, $0) }
        let rows = Dictionary(uniqueKeysWithValues: try await runtime.queries.agents(ids).map { ($0.id, $0) })
        return Response.json { json in
            json.array("items") { list in
                for id in ids {
                    guard let settings = snapshot.agents[id], let row = rows[id] else { continue }
                    list.object { write(settings, row, snapshot, to: &$0) }
                }
            }
            json.next(next)
        }
    }

    /// First what the agent has offered or assigned, then what lies in its workbins, both by arrival.
    func workItemsOfAgent(_ request: APIRequest) async throws -> Response {
        let (runtime, agent) = try await subject(request, orReader: true)
        let page = try ListPage(request.query, of: "agents:\(agent):workitems", cursor)
        let after = try page.position { value -> (parked: Bool, id: UUID)? in
            guard let parts = value.arrayValue, parts.count == 2, let parked = parts[0].boolValue,
                let id = parts[1].stringValue.flatMap({ UUID(hexText: $0) })
            else { return nil }
            return (parked, id)
        }
        let snapshot = runtime.snapshot
        let bins = snapshot.agents[agent]?.workbins ?? []
        let beginning = UUID(high: 0, low: 0)
        var found: [WorkItem] = []
        if after?.parked != true {
            found = try await runtime.queries.items(
                where: """
                    assignee = $2 AND status IN ('offered', 'assigned') AND id > $3 ORDER BY id LIMIT \(page.limit + 1)
                    """, [.int4(agent), .uuid(after?.id ?? beginning)])
        }
        if found.count <= page.limit {
            found += try await runtime.queries.items(
                where: """
                    status = 'parked' AND workbin = ANY($2::text[]) AND id > $3
                    ORDER BY id LIMIT \(page.limit + 1 - found.count)
                    """, [.texts(bins), .uuid(after.flatMap { $0.parked ? $0.id : nil } ?? beginning)])
        }
        let (items, next) = page.cut(found) { .array([.bool($0.status == .parked), .string($0.id.hexText)]) }
        let now = Instant.now
        return Response.json(capacity: 1000 * items.count + 64) { json in
            json.array("items") { list in
                for item in items { WorkItemView(item: item, snapshot: snapshot, now: now).write(to: &list) }
            }
            json.next(next)
        }
    }
}
