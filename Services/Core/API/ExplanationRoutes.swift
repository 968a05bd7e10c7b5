import Domain
import Foundation
import Hummingbird
import ServiceKit
import Storage

/// Why an item went where it went.
extension CoreAPI {
    /// The rule that classified the item, how it is ranked now, and each offer with what competed for the agent, and with
    /// rule and curve of that time. Colleagues' names are for supervisors.
    func explanation(_ request: APIRequest) async throws -> Response {
        let runtime = try await runtime(for: request)
        let item = try await item(request, runtime)
        let seesNames = try request.principal.has(.supervisor)
        let rows = try await runtime.dependencies.pool.query(
            """
            SELECT revision, at, body, explanation FROM event
            WHERE tenant = $1 AND subject = $2 AND (explanation IS NOT NULL OR strpos(body, '"attributes":') > 0)
            ORDER BY revision
            """, [.int4(runtime.tenant), .uuid(item.id)], tenant: runtime.tenant)
        let snapshot = runtime.snapshot
        var rules = ClassificationRules(store: ConfigurationStore(pool: runtime.dependencies.pool), snapshot: snapshot)
        var items: [JSONValue] = []
        /// What the item said of itself when it was offered.
        var attributes = JSONObject()
        for row in rows {
            let data = try JSONValue(parsing: Array(try row[2].text.utf8))
            if let content = data["attributes"]?.objectValue { attributes = content }
            guard let stored = try row[3].nullable?.text,
                var entry = try JSONValue(parsing: Array(stored.utf8)).objectValue
            else { continue }
            entry["revision"] = .integer(Int64(try row[0].int32))
            entry["offeredAt"] = .string(Instant(milliseconds: try row[1].int64).rfc3339)
            entry["agent"] = data["agent"] ?? .null
            entry["configurationVersion"] = data["configurationVersion"] ?? .null
            let version = data["configurationVersion"]?.integerValue.flatMap { Int32(exactly: $0) }
            entry["classification"] = .object(
                try await rules.rule(category: data["category"]?.stringValue, attributes: attributes, version: version))
            entry["ranking"] = .object(Self.ranking(ofChosen: entry["chosen"], anchor: data["anchor"], snapshot))
            if !seesNames { entry.hideColleagues() }
            items.append(.object(entry))
        }
        var answer = JSONObject()
        answer["workItemId"] = .string(item.id.dashedText)
        answer["classification"] = .object(
            try await rules.rule(
                category: item.category.flatMap { snapshot.names.name(of: .category, $0) },
                attributes: JSONObject(stored: item.attributes), version: item.configurationVersion))
        var ranking = Self.ranking(
            schema: item.schemaVersion, calendar: item.calendarVersion,
            anchor: item.anchor.map { .integer($0) }, snapshot)
        if let standing = RankWorkItem.standing(of: item, at: .now, in: snapshot), !item.status.isFinal {
            ranking["age"] = .number(Double(standing.age) / 1000)
            ranking["priority"] = .number(standing.priority)
        }
        answer["ranking"] = .object(ranking)
        answer["items"] = .array(items)
        return .json(.object(answer))
    }

    /// The curve that an offer was decided by, and where on it the item stood. The lane's name tells the versions.
    private static func ranking(
        ofChosen chosen: JSONValue?, anchor: JSONValue?, _ snapshot: TenantSnapshot
    ) -> JSONObject {
        let lane = chosen?["lane"]?.stringValue.flatMap { LaneKey(name: $0) }
        var ranking = ranking(schema: lane?.schemaVersion, calendar: lane?.calendarVersion, anchor: anchor, snapshot)
        for name in ["age", "priority"] { ranking[name] = chosen?[name] }
        return ranking
    }

    private static func ranking(
        schema: Int32?, calendar: Int32?, anchor: JSONValue?, _ snapshot: TenantSnapshot
    ) -> JSONObject {
        var ranking = JSONObject()
        ranking["schema"] = schema.flatMap { snapshot.schemaNames[$0] }.map { .string($0) } ?? .null
        ranking["schemaVersion"] = schema.map { .integer(Int64($0)) } ?? .null
        ranking["calendar"] = calendar.flatMap { snapshot.calendarNames[$0] }.map { .string($0) } ?? .null
        ranking["calendarVersion"] = calendar.map { .integer(Int64($0)) } ?? .null
        // Seconds of business time.
        ranking["anchor"] = anchor?.numberValue.map { .number($0 / 1000) } ?? .null
        if let schema = schema.flatMap({ snapshot.schemas[$0] }) {
            ranking["points"] = .array(
                schema.curve.points.map { .array([.number(Double($0.age) / 1000), .number($0.priority)]) })
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
