import Domain
import Storage

/// Agents and groups of an Info Mart on PostgreSQL: `RESOURCE_`, `GROUP_` and `RESOURCE_GROUP_FACT_`, with their validity.
///
/// An agent there is one here by its employee number, else by its resource's name. Rows are read as JSON: releases differ
/// in whether dates are instants or seconds since 1970.
package struct InfoMart: Sendable {
    private let pool: PostgresPool

    package init(pool: PostgresPool) { self.pool = pool }

    /// What still holds ends in the far future there: in 2038, or not at all.
    private static let farAway: Int64 = 2_145_000_000_000

    /// Everybody whom it knows.
    package func people() async throws -> [DirectoryPerson] {
        let rows = try await pool.batch([
            SQLStatement("SELECT to_jsonb(r) FROM resource_ r WHERE upper(r.resource_type_code) = 'AGENT'"),
            SQLStatement(
                """
                SELECT to_jsonb(f) || jsonb_build_object('group_name', g.group_name)
                FROM resource_group_fact_ f JOIN group_ g USING (group_key)
                """),
        ])
        let resources = try rows[0].map { try JSONValue(parsing: try $0[0].bytes) }
        let members = try rows[1].map { try JSONValue(parsing: try $0[0].bytes) }
        return Self.people(resources: resources, members: members)
    }

    /// One person for each agent. Several rows of the same agent are what the agent was called over time, each until the
    /// next; groups are those of all of them.
    package static func people(resources: [JSONValue], members: [JSONValue]) -> [DirectoryPerson] {
        var groups: [Int64: [(name: String, period: DirectoryPerson.Period)]] = [:]
        for member in members {
            guard let key = member["resource_key"]?.integerValue, let name = member["group_name"]?.stringValue else {
                continue
            }
            let isActive = member["active_flag"]?.integerValue == 1
            groups[key, default: []].append(
                (
                    name,
                    DirectoryPerson.Period(
                        from: instant(member["start_ts"]) ?? 0, to: isActive ? nil : end(member["end_ts"]))
                ))
        }
        var names: [String: [DirectoryPerson.Name]] = [:]
        var memberships: [String: [(name: String, period: DirectoryPerson.Period)]] = [:]
        for resource in resources {
            guard let key = resource["resource_key"]?.integerValue,
                let agent = text(resource["employee_id"]) ?? text(resource["resource_name"])
            else { continue }
            let parts = [resource["agent_first_name"], resource["agent_last_name"]].compactMap(text)
            let name = parts.isEmpty ? text(resource["resource_name"]) : parts.joined(separator: " ")
            names[agent, default: []].append(.init(text: name, from: instant(resource["gmt_start_time"]) ?? 0))
            memberships[agent, default: []] += groups[key] ?? []
        }
        return names.keys.sorted().map { agent in
            let ordered = (names[agent] ?? []).sorted { ($0.from, $0.text ?? "") < ($1.from, $1.text ?? "") }
            return DirectoryPerson(
                agent: agent, displayName: ordered.last?.text, names: ordered,
                groups: unique(memberships[agent] ?? []).sorted {
                    ($0.period.from, $0.name) < ($1.period.from, $1.name)
                })
        }
    }

    private struct Joining: Hashable {
        let name: String
        let from: Int64
    }

    /// Each time that a group was joined once, with the latest end that is known: there are groups with several rows, agents
    /// with several, and memberships whose beginning nobody wrote down.
    private static func unique(
        _ memberships: [(name: String, period: DirectoryPerson.Period)]
    ) -> [(name: String, period: DirectoryPerson.Period)] {
        var ends: [Joining: Int64?] = [:]
        for (name, period) in memberships {
            let joining = Joining(name: name, from: period.from)
            guard let known = ends[joining] else {
                ends[joining] = .some(period.to)
                continue
            }
            if let end = known { ends[joining] = .some(period.to.map { max($0, end) }) }
        }
        return ends.map { ($0.key.name, DirectoryPerson.Period(from: $0.key.from, to: $0.value)) }
    }

    private static func text(_ value: JSONValue?) -> String? {
        value?.stringValue.flatMap { $0.isEmpty ? nil : $0 }
    }

    private static func end(_ value: JSONValue?) -> Int64? { instant(value).flatMap { $0 >= farAway ? nil : $0 } }

    /// Seconds since 1970, or a date and time; without a zone it is UTC.
    private static func instant(_ value: JSONValue?) -> Int64? {
        if let seconds = value?.integerValue { return seconds * 1000 }
        guard let text = value?.stringValue else { return nil }
        return Instant(rfc3339: text)?.milliseconds ?? Instant(rfc3339: text + "Z")?.milliseconds
    }
}
