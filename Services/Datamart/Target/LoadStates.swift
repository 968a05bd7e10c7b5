import Domain
import Foundation
import Storage

/// Reads the states that a batch goes on from.
package enum LoadStates {
    /// A row of `task_work_fact`.
    package struct WorkId: Hashable, Sendable {
        package var item: UUID
        package var number: Int32
    }

    private static let taskColumns = """
        t.item, t.capture_id, t.revision, t.first_position, t.last_position, t.status_key, t.source_key, t.category_key,
        t.queue_key, t.agent_key, t.channel_key, t.media_type_key, t.segment_key, t.product_key, t.customer_key,
        t.business_value, t.priority_band_key, t.result_code_key, t.configuration_version, t.calendar_key,
        t.entered_at, t.activation, t.due, t.first_offered_at, t.first_accepted_at, t.finished_at, t.within_sla,
        t.erased, t.offers, t.accepts, t.misses, t.transfers, t.holds, t.reopens, t.wait_ms, t.handle_ms, t.hold_ms,
        t.finish_ms, t.finish_business_ms, t.effective_at, t.waiting_since, t.assigned_since, t.held_since,
        t.work_number, t.counted_through,
        w.agent_key, w.category_key, w.queue_key, w.source_key, w.priority_band_key, w.began_by, w.began_at,
        w.accepted_at, w.wait_ms,
        t.custom_1, t.custom_2, t.custom_3, t.custom_4, t.custom_5, t.custom_6, t.custom_7, t.custom_8, t.custom_9,
        t.custom_10, t.custom_11, t.custom_12, t.custom_13, t.custom_14, t.custom_15, t.custom_16, t.custom_17,
        t.custom_18, t.custom_19, t.custom_20
        """
    private static let withWork =
        "LEFT JOIN task_work_fact w ON w.item = t.item AND w.number = t.work_number AND w.ended_at IS NULL"

    static func tasks(_ items: [UUID]) -> SQLStatement {
        SQLStatement(
            "SELECT \(taskColumns) FROM task_fact t \(withWork) WHERE t.item = ANY($1::uuid[])", [.uuids(items)])
    }

    /// Open items that time alone changes up to an instant, those longest due first.
    static func due(through instant: Int64, limit: Int64) -> SQLStatement {
        SQLStatement(
            """
            SELECT \(taskColumns) FROM task_fact t \(withWork)
            WHERE t.next_change_at <= $1 ORDER BY t.next_change_at LIMIT $2
            """, [.timestamp(milliseconds: instant), .int8(limit)])
    }

    static func task(_ row: SQLRow) throws(StorageError) -> TaskState {
        guard let status = WorkItemStatus(key: try row[5].int32) else {
            throw StorageError(.other, "task_fact has a status that there is not")
        }
        var state = TaskState(
            item: try row[0].uuid, captureId: try row[1].text, revision: try row[2].int32,
            firstPosition: try row[3].int64, lastPosition: try row[4].int64, status: status,
            enteredAt: try row[20].milliseconds, activation: try row[21].milliseconds,
            effectiveAt: try row[39].milliseconds, countedThrough: try row[44].milliseconds)
        (state.source, state.category, state.queue) = (try row[6].int32, try row[7].int32, try row[8].int32)
        (state.agent, state.channel, state.mediaType) = (try row[9].int32, try row[10].int32, try row[11].int32)
        (state.segment, state.product, state.customer) = (try row[12].int32, try row[13].int32, try row[14].int32)
        state.businessValue = try row[15].nullable?.double
        (state.priorityBand, state.resultCode) = (try row[16].int32, try row[17].int32)
        (state.configurationVersion, state.calendar) = (try row[18].int32, try row[19].int32)
        state.due = try row[22].nullable?.milliseconds
        state.firstOfferedAt = try row[23].nullable?.milliseconds
        state.firstAcceptedAt = try row[24].nullable?.milliseconds
        state.finishedAt = try row[25].nullable?.milliseconds
        state.withinSLA = try row[26].nullable?.bool
        state.erased = try row[27].bool
        (state.offers, state.accepts, state.misses) = (try row[28].int32, try row[29].int32, try row[30].int32)
        (state.transfers, state.holds, state.reopens) = (try row[31].int32, try row[32].int32, try row[33].int32)
        (state.waitTime, state.handleTime, state.holdTime) = (try row[34].int64, try row[35].int64, try row[36].int64)
        state.finishTime = try row[37].nullable?.int64
        state.finishBusinessTime = try row[38].nullable?.int64
        state.waitingSince = try row[40].nullable?.milliseconds
        state.assignedSince = try row[41].nullable?.milliseconds
        state.heldSince = try row[42].nullable?.milliseconds
        state.workNumber = try row[43].int32
        state.work = try work(row, number: state.workNumber)
        var custom: [Int32] = []
        for slot in 0..<20 {
            guard let key = try row[54 + slot].nullable?.int32 else { break }
            custom.append(key)
        }
        state.custom = custom
        return state
    }

    private static func work(_ row: SQLRow, number: Int32) throws(StorageError) -> TaskWork? {
        guard let agent = try row[45].nullable?.int32 else { return nil }
        return TaskWork(
            number: number, agent: agent, category: try row[46].int32, queue: try row[47].int32,
            source: try row[48].int32, priorityBand: try row[49].int32, beganBy: try row[50].text,
            beganAt: try row[51].milliseconds, acceptedAt: try row[52].nullable?.milliseconds,
            waitTime: try row[53].nullable?.int64)
    }

    static func emails(_ ids: [UUID]) -> SQLStatement {
        SQLStatement(
            """
            SELECT email, item, revision, mailbox_key, direction, state, automatic, attempts, first_at, last_at, queued_at,
                sent_at, ended_at, first_position, last_position FROM email_fact WHERE email = ANY($1::uuid[])
            """, [.uuids(ids)])
    }

    static func email(_ row: SQLRow) throws(StorageError) -> EmailRow {
        guard let state = EmailState(rawValue: try row[5].text) else {
            throw StorageError(.other, "email_fact has a state that there is not")
        }
        return EmailRow(
            email: try row[0].uuid, item: try row[1].nullable?.uuid, revision: try row[2].int32,
            mailbox: try row[3].int32, outgoing: try row[4].text == "out", state: state, automatic: try row[6].bool,
            attempts: try row[7].int32, firstAt: try row[8].milliseconds, lastAt: try row[9].milliseconds,
            queuedAt: try row[10].nullable?.milliseconds, sentAt: try row[11].nullable?.milliseconds,
            endedAt: try row[12].nullable?.milliseconds, firstPosition: try row[13].int64,
            lastPosition: try row[14].int64)
    }

    static let agents = SQLStatement(
        "SELECT agent_key, state, assigned_items, effective_at, counted_through, revision FROM agent_fact")

    static func agent(_ row: SQLRow) throws(StorageError) -> AgentState {
        AgentState(
            agent: try row[0].int32, declared: AgentState.Declared(rawValue: try row[1].text) ?? .offline,
            items: try row[2].int32, effectiveAt: try row[3].milliseconds, countedThrough: try row[4].milliseconds,
            revision: try row[5].int32)
    }

    static func customers(_ names: [String]) -> SQLStatement {
        SQLStatement("SELECT name, customer_key FROM dim_customer WHERE name = ANY($1::text[])", [.texts(names)])
    }

    static func customs(_ values: [CustomValue]) -> SQLStatement {
        SQLStatement(
            """
            SELECT d.slot, d.attribute, d.value, d.custom_key FROM dim_custom d
            JOIN unnest($1::int[], $2::text[], $3::text[]) AS u(slot, attribute, value)
                ON d.slot = u.slot AND d.attribute = u.attribute AND d.value = u.value
            """,
            [
                .int4s(values.map { Int32(clamping: $0.slot) }), .texts(values.map(\.attribute)),
                .texts(values.map(\.value)),
            ])
    }
}
