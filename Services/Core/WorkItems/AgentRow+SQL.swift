import Domain
import Storage

extension AgentRow {
    static let columns = "id, state, state_since, idle_since, load, missed, revision"

    init(row: SQLRow) throws(StorageError) {
        self.init(
            id: try row[0].int32, state: AgentState(rawValue: try row[1].text) ?? .offline,
            stateSince: Instant(milliseconds: try row[2].int64), idleSince: Instant(milliseconds: try row[3].int64),
            load: try row[4].int32, missed: try row[5].int32, revision: try row[6].int32)
    }

    static func update(_ agents: [AgentRow], tenant: Int32) -> SQLStatement {
        SQLStatement(
            """
            UPDATE agent a SET state = u.state, state_since = u.state_since, idle_since = u.idle_since, load = u.load,
                missed = u.missed, revision = u.revision
            FROM unnest($2::int[], $3::text[], $4::bigint[], $5::bigint[], $6::int[], $7::int[], $8::int[])
                AS u(id, state, state_since, idle_since, load, missed, revision)
            WHERE a.tenant = $1 AND a.id = u.id
            """,
            [
                .int4(tenant), .int4s(agents.map(\.id)), .texts(agents.map(\.state.rawValue)),
                .int8s(agents.map(\.stateSince.milliseconds)), .int8s(agents.map(\.idleSince.milliseconds)),
                .int4s(agents.map(\.load)), .int4s(agents.map(\.missed)), .int4s(agents.map(\.revision)),
            ])
    }
}
