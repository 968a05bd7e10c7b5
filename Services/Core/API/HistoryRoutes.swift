import Domain
import Foundation
import Hummingbird
import ServiceKit
import Storage

/// What happened to an item, and why it went where it went.
extension CoreAPI {
    func history(_ request: APIRequest) async throws -> Response {
        let runtime = try await runtime(for: request)
        let item = try await item(request, runtime)
        let page = try ListPage(request.query, of: "history:\(item.id.hexText)", cursor)
        let after = try page.position { $0.integerValue.flatMap { Int32(exactly: $0) } }
        let found = try await runtime.dependencies.pool.query(
            """
            SELECT revision, kind, at, body FROM event
            WHERE tenant = $1 AND subject = $2 AND revision > $3 ORDER BY revision LIMIT $4
            """,
            [.int4(runtime.tenant), .uuid(item.id), .int4(after ?? 0), .int8(Int64(page.limit + 1))],
            tenant: runtime.tenant)
        let (rows, next) = try page.cut(Array(found)) { .integer(Int64(try $0[0].int32)) }
        var writer = JSONWriter(capacity: 600 * rows.count + 64)
        try writer.object { json in
            try json.array("items") { list in
                for row in rows {
                    try list.object {
                        $0.member("revision", try row[0].int32)
                        $0.member("type", "millrace." + (try row[1].text))
                        $0.member("time", Instant(milliseconds: try row[2].int64))
                        $0.member("data", json: (try row[3].text).utf8)
                    }
                }
            }
            json.next(next)
        }
        return .json(bytes: writer.bytes)
    }

    /// The rule that classified the item, how it is ranked now, and each offer with what competed for the agent.
    /// Colleagues' names are for supervisors.
    func explanation(_ request: APIRequest) async throws -> Response {
        let runtime = try await runtime(for: request)
        let item = try await item(request, runtime)
        let seesNames = try request.principal.has(.supervisor)
        let rows = try await runtime.dependencies.pool.query(
            """
            SELECT revision, at, body, explanation FROM event
            WHERE tenant = $1 AND subject = $2 AND explanation IS NOT NULL ORDER BY revision
            """, [.int4(runtime.tenant), .uuid(item.id)], tenant: runtime.tenant)
        let snapshot = runtime.snapshot
        var items: [JSONValue] = []
        for row in rows {
            guard var entry = try JSONValue(parsing: Array(try row[3].text.utf8)).objectValue else { continue }
            let data = try JSONValue(parsing: Array(try row[2].text.utf8))
            entry["revision"] = .integer(Int64(try row[0].int32))
            entry["offeredAt"] = .string(Instant(milliseconds: try row[1].int64).rfc3339)
            entry["agent"] = data["agent"] ?? .null
            entry["configurationVersion"] = data["configurationVersion"] ?? .null
            if !seesNames { entry.hideColleagues() }
            items.append(.object(entry))
        }
        let rule = try await ConfigurationStore(pool: runtime.dependencies.pool).rule(of: item, in: snapshot)
        var answer = JSONObject()
        answer["workItemId"] = .string(item.id.dashedText)
        answer["classification"] = .object(rule)
        answer["ranking"] = .object(ranking(of: item, snapshot))
        answer["items"] = .array(items)
        return .json(.object(answer))
    }

    private func ranking(of item: WorkItem, _ snapshot: TenantSnapshot) -> JSONObject {
        var ranking = JSONObject()
        ranking["schema"] = item.schemaVersion.flatMap { snapshot.schemaNames[$0] }.map { .string($0) } ?? .null
        ranking["schemaVersion"] = item.schemaVersion.map { .integer(Int64($0)) } ?? .null
        ranking["calendar"] = item.calendarVersion.flatMap { snapshot.calendarNames[$0] }.map { .string($0) } ?? .null
        ranking["calendarVersion"] = item.calendarVersion.map { .integer(Int64($0)) } ?? .null
        // Seconds of business time.
        ranking["anchor"] = item.anchor.map { .number(Double($0) / 1000) } ?? .null
        if let schema = item.schemaVersion.flatMap({ snapshot.schemas[$0] }) {
            ranking["points"] = .array(
                schema.curve.points.map { .array([.number(Double($0.age) / 1000), .number($0.priority)]) })
        }
        if let standing = RankWorkItem.standing(of: item, at: .now, in: snapshot), !item.status.isFinal {
            ranking["age"] = .number(Double(standing.age) / 1000)
            ranking["priority"] = .number(standing.priority)
        }
        return ranking
    }
}

extension JSONObject {
    /// Names of agents other than the one who got the offer become a count.
    fileprivate mutating func hideColleagues() {
        guard let agents = self["eligibleAgents"]?.arrayValue else { return }
        let rest = self["eligibleRest"]?.integerValue ?? 0
        self["eligibleAgents"] = .array([])
        self["eligibleRest"] = .integer(rest + Int64(agents.count))
    }
}
