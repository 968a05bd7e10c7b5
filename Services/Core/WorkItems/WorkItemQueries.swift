import Domain
import Foundation
import Storage

/// Looks at work items without changing them.
struct WorkItemQueries: Sendable {
    let pool: PostgresPool
    let tenant: Int32

    func item(_ reference: WorkItemReference) async throws -> WorkItem? {
        let condition: (String, [SQLValue]) =
            switch reference {
            case .id(let id): ("id = $2", [.uuid(id)])
            case .capture(let key): ("source = $2 AND capture_id = $3", [.int4(key.source), .text(key.captureId)])
            }
        return try await items(where: condition.0, condition.1).first
    }

    func items(_ ids: [UUID]) async throws -> [WorkItem] {
        try await items(where: "id = ANY($2::uuid[])", [.uuids(ids)])
    }

    /// The offers that stand for any of these agents.
    func offers(for agents: [Int32]) async throws -> [WorkItem] {
        try await items(where: "assignee = ANY($2::int[]) AND status = 'offered'", [.int4s(agents)])
    }

    /// The ids of the offers that stand for these agents, without the items.
    func standingOffers(for agents: [Int32]) async throws -> [Int32: Set<OfferId>] {
        let rows = try await pool.query(
            """
            SELECT assignee, id, offer_revision FROM work_item
            WHERE tenant = $1 AND assignee = ANY($2::int[]) AND status = 'offered'
            """, [.int4(tenant), .int4s(agents)], tenant: tenant)
        var offers: [Int32: Set<OfferId>] = [:]
        for row in rows {
            let id = OfferId(workItem: try row[1].uuid, revision: try row[2].int32)
            offers[try row[0].int32, default: []].insert(id)
        }
        return offers
    }

    /// What agents have offered or assigned.
    func out(of agents: [Int32]? = nil) async throws -> [WorkItem] {
        if let agents {
            return try await items(
                where: "assignee = ANY($2::int[]) AND status IN ('offered', 'assigned')", [.int4s(agents)])
        }
        return try await items(where: "assignee IS NOT NULL AND status IN ('offered', 'assigned')", [])
    }

    /// What time has made due.
    func due(at now: Instant, limit: Int) async throws -> [(id: UUID, assignee: Int32?)] {
        let rows = try await pool.query(
            "SELECT id, assignee FROM work_item WHERE tenant = $1 AND wake_at <= $2 ORDER BY wake_at LIMIT $3",
            [.int4(tenant), .int8(now.milliseconds), .int8(Int64(limit))], tenant: tenant)
        return try rows.map { (try $0[0].uuid, try $0[1].nullable?.int32) }
    }

    func items(where condition: String, _ parameters: [SQLValue]) async throws -> [WorkItem] {
        let rows = try await pool.query(
            "SELECT \(WorkItem.columns) FROM work_item WHERE tenant = $1 AND \(condition)",
            [.int4(tenant)] + parameters, tenant: tenant)
        return try rows.map { try WorkItem(row: $0) }
    }

    /// Agents who have items.
    func busyAgents() async throws -> [AgentRow] {
        let rows = try await pool.query(
            "SELECT \(AgentRow.columns) FROM agent WHERE tenant = $1 AND load > 0", [.int4(tenant)], tenant: tenant)
        return try rows.map { try AgentRow(row: $0) }
    }

    func agents(_ ids: [Int32]? = nil) async throws -> [AgentRow] {
        let rows = try await pool.query(
            "SELECT \(AgentRow.columns) FROM agent WHERE tenant = $1" + (ids == nil ? "" : " AND id = ANY($2::int[])"),
            [.int4(tenant)] + (ids.map { [.int4s($0)] } ?? []), tenant: tenant)
        return try rows.map { try AgentRow(row: $0) }
    }
}

extension WorkItemQueries {
    /// Queued items' places in their lanes, by id, page by page: only the columns that a rebuild needs.
    func queuedEntries(after id: UUID?, limit: Int) async throws -> [LaneEntry] {
        let rows = try await pool.query(
            """
            SELECT id, revision, arrival, anchor, endpoint, skills, weight, preferred_agent, schema_version, calendar_version
            FROM work_item WHERE tenant = $1 AND status = 'queued' AND id > $2 ORDER BY id LIMIT $3
            """,
            [.int4(tenant), .uuid(id ?? UUID(high: 0, low: 0)), .int8(Int64(limit))], tenant: tenant)
        return try rows.map { row in
            LaneEntry(
                lane: LaneKey(
                    endpoint: try row[4].int32,
                    requiredSkills: try row[5].text.split(separator: ",").compactMap { Int32($0) },
                    weight: try row[6].int32, preferredAgent: try row[7].nullable?.int32,
                    schemaVersion: try row[8].int32, calendarVersion: try row[9].int32),
                anchor: try row[3].int64,
                member: LaneMember(arrival: try row[2].int64, item: try row[0].uuid, revision: try row[1].int32))
        }
    }
}
