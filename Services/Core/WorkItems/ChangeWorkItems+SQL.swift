import Domain
import Foundation
import Storage

extension ChangeWorkItems {
    /// The rows that a batch of commands needs, locked until its transaction ends.
    struct Locked {
        var items: [UUID: WorkItem] = [:]
        var byCapture: [CaptureKey: UUID] = [:]
        var agents: [AgentRow] = []
        var endpointLoads: [Int32: Int32] = [:]
        var answers: [AnswerKey.Lookup: (digest: [UInt8], answer: StoredAnswer)] = [:]

        func id(of reference: WorkItemReference) -> UUID? {
            switch reference {
            case .id(let id): id
            case .capture(let key): byCapture[key]
            }
        }
    }

    func lock(
        _ requests: [ChangeRequest], in snapshot: TenantSnapshot, on transaction: Transaction
    ) async throws -> Locked {
        var ids: Set<UUID> = []
        var captures: [CaptureKey] = []
        var agents: Set<Int32> = []
        var gates: Set<Int32> = []
        for request in requests {
            switch request.reference {
            case .id(let id): ids.insert(id)
            case .capture(let key): captures.append(key)
            }
            if let agent = request.command.agent ?? request.likelyAgent { agents.insert(agent) }
            if case .offer(let pick) = request.command, let endpoint = pick.endpoint,
                snapshot.endpoints[endpoint]?.limit != nil
            {
                gates.insert(endpoint)
            }
        }
        let keys = requests.compactMap(\.answerKey)
        var statements = [
            lockItems(ids: Array(ids), captures: captures),
            lockAgents(Array(agents), ofItems: Array(ids), captures: captures),
        ]
        if !gates.isEmpty { statements += countBehindGates(Array(gates)) }
        if !keys.isEmpty { statements.append(knownAnswers(keys)) }
        var results = try await transaction.pipeline(statements)[...]

        var locked = Locked()
        for row in results.removeFirst() {
            let item = try WorkItem(row: row)
            locked.items[item.id] = item
            if !captures.isEmpty { locked.byCapture[item.key] = item.id }
        }
        for row in results.removeFirst() { locked.agents.append(try AgentRow(row: row)) }
        if !gates.isEmpty {
            results.removeFirst()
            for gate in gates { locked.endpointLoads[gate] = 0 }
            for row in results.removeFirst() { locked.endpointLoads[try row[0].int32] = Int32(try row[1].int64) }
        }
        if !keys.isEmpty {
            for row in results.removeFirst() {
                locked.answers[.init(source: try row[0].text, key: try row[1].text)] = (
                    try row[2].bytes, StoredAnswer(status: Int(try row[3].int32), body: try row[4].text)
                )
            }
        }
        return locked
    }

    func write(
        _ decided: inout Decided, in snapshot: TenantSnapshot, at now: Instant, on transaction: Transaction
    ) async throws {
        var (statements, batch) = statements(for: decided, in: snapshot, at: now)
        // What made an item wait because it could not be read is read once more.
        let resumed = decided.changes.filter { $0.action == .resume && $0.before.status == .errorheld }
        if let actor = resumed.first?.actor {
            statements += try await RereadEmails.asking(
                for: resumed.map(\.after.id), actor: actor, tenant: tenant, in: snapshot, at: now, on: transaction)
        }
        let results = try await transaction.commit(with: statements)
        if let batch { decided.batch = try results[batch][0, 0].int64 }
    }

    /// What writes the changes, and which of the statements tells the number of the batch whose lane changes are to be made.
    func statements(
        for decided: Decided, in snapshot: TenantSnapshot, at now: Instant
    ) -> (statements: [SQLStatement], batch: Int?) {
        // One row per item, however many of the batch's commands it took.
        var last: [UUID: WorkItem] = [:]
        for change in decided.changes { last[change.after.id] = change.after }
        var statements: [SQLStatement] = []
        if !last.isEmpty { statements.append(update(last.values.sorted { $0.id < $1.id })) }
        let agents = decided.desk.agents.changedRows
        if !agents.isEmpty { statements.append(AgentRow.update(agents, tenant: tenant)) }
        let laneChanges = decided.changes.contains(where: \.touchesLanes) || !decided.desk.agents.stateChanges.isEmpty
        let events =
            decided.changes.map { WorkItemEvents.event(of: $0, in: snapshot) }
            + decided.desk.agents.stateChanges.map {
                WorkItemEvents.event(of: $0.agent, from: $0.from, actor: $0.actor, reason: $0.reason, in: snapshot)
            }
        if let past = PastCustomers.insertion(of: decided.changes, tenant: tenant, at: now) { statements.append(past) }
        if !decided.newAnswers.isEmpty { statements.append(store(decided.newAnswers, at: now)) }
        guard !events.isEmpty else { return (statements, nil) }
        statements.append(WorkItemEvents.insertion(of: events, tenant: tenant, at: now, laned: !laneChanges))
        return (statements, laneChanges ? statements.count - 1 : nil)
    }

    /// Selects the ids of items that are named by id ($2) or, in the second form, by source ($3) and captureId ($4).
    private static let byId = "SELECT unnest($2::uuid[])"
    private static let byIdOrCapture = """
        SELECT unnest($2::uuid[]) UNION ALL SELECT w.id FROM unnest($3::int[], $4::text[]) AS c(source, capture_id)
        JOIN work_item w ON w.tenant = $1 AND w.source = c.source AND w.capture_id = c.capture_id
        """

    private func lockItems(ids: [UUID], captures: [CaptureKey]) -> SQLStatement {
        SQLStatement(
            """
            SELECT \(WorkItem.columns) FROM work_item
            WHERE tenant = $1 AND id = ANY(ARRAY(\(captures.isEmpty ? Self.byId : Self.byIdOrCapture))) ORDER BY id FOR UPDATE
            """,
            [.int4(tenant), .uuids(ids)] + names(captures))
    }

    /// Locks these agents and those who have the items, all in one step and in order: the items are locked already.
    private func lockAgents(_ agents: [Int32], ofItems ids: [UUID], captures: [CaptureKey]) -> SQLStatement {
        SQLStatement(
            """
            SELECT \(AgentRow.columns) FROM agent WHERE tenant = $1 AND id = ANY(ARRAY(
                SELECT unnest($\(captures.isEmpty ? 3 : 5)::int[]) UNION
                SELECT assignee FROM work_item WHERE tenant = $1 AND assignee IS NOT NULL
                    AND id = ANY(ARRAY(\(captures.isEmpty ? Self.byId : Self.byIdOrCapture))))) ORDER BY id FOR UPDATE
            """,
            [.int4(tenant), .uuids(ids)] + names(captures) + [.int4s(agents)])
    }

    private func names(_ captures: [CaptureKey]) -> [SQLValue] {
        captures.isEmpty ? [] : [.int4s(captures.map(\.source)), .texts(captures.map(\.captureId))]
    }

    /// Locks the gates, then counts what is out behind them: a second offer waits for the first one's commit and counts it.
    private func countBehindGates(_ endpoints: [Int32]) -> [SQLStatement] {
        [
            SQLStatement(
                "SELECT id FROM endpoint_gate WHERE tenant = $1 AND id = ANY($2::int[]) ORDER BY id FOR UPDATE",
                [.int4(tenant), .int4s(endpoints)]),
            SQLStatement(
                """
                SELECT endpoint, count(*) FROM work_item
                WHERE tenant = $1 AND status IN ('offered', 'assigned') AND endpoint = ANY($2::int[]) GROUP BY endpoint
                """,
                [.int4(tenant), .int4s(endpoints)]),
        ]
    }

    private func knownAnswers(_ keys: [AnswerKey]) -> SQLStatement {
        SQLStatement(
            """
            SELECT a.source, a.key, a.digest, a.status, a.body FROM unnest($2::text[], $3::text[]) AS k(source, key)
            JOIN command_answer a ON a.tenant = $1 AND a.source = k.source AND a.key = k.key
            """,
            [.int4(tenant), .texts(keys.map(\.source)), .texts(keys.map(\.key))])
    }

    private func store(_ answers: [(AnswerKey, StoredAnswer)], at now: Instant) -> SQLStatement {
        let sorted = answers.sorted { ($0.0.source, $0.0.key) < ($1.0.source, $1.0.key) }
        return SQLStatement(
            """
            INSERT INTO command_answer (tenant, source, key, digest, status, body, at)
            SELECT $1, a.*, $7 FROM unnest($2::text[], $3::text[], $4::bytea[], $5::int[], $6::text[]) AS a
            """,
            [
                .int4(tenant), .texts(sorted.map(\.0.source)), .texts(sorted.map(\.0.key)),
                .bytesArray(sorted.map(\.0.digest)), .int4s(sorted.map { Int32($0.1.status) }),
                .texts(sorted.map(\.1.body)), .int8(now.milliseconds),
            ])
    }

    private func update(_ items: [WorkItem]) -> SQLStatement {
        let parameters = [.int4(tenant), .uuids(items.map(\.id))] + WorkItem.changingParameters(items)
        return SQLStatement(Self.updateText, parameters)
    }

    private static let updateText: String = {
        let types = WorkItem.changingTypes.split(separator: ", ")
        let arrays = types.enumerated().map { "$\($0.offset + 3)::\($0.element)" }.joined(separator: ", ")
        let columns = WorkItem.changingColumns.split(separator: ", ").map(String.init)
        return """
            UPDATE work_item w SET (\(columns.joined(separator: ", "))) = ROW(\(columns.map { "u.\($0)" }.joined(separator: ", ")))
            FROM unnest($2::uuid[], \(arrays)) AS u(id, \(columns.joined(separator: ", ")))
            WHERE w.tenant = $1 AND w.id = u.id
            """
    }()
}
