import Domain
import Foundation
import Storage

/// The columns of `work_item`, in one order for reading, inserting and updating.
extension WorkItem {
    /// What a new item has and never changes.
    static let fixedColumns = "id, source, capture_id, content_hash, received_at, arrival"

    /// What changes may touch.
    static let changingColumns = """
        revision, status, activation, due_given, due, autocomplete_at, priority, business_value, push, attributes, customer, \
        channel, weight, category, configuration_version, endpoint, endpoint_given, skills, schema_version, \
        calendar_version, preferred_agent, preferred_until, anchor, assignee, workbin, offered_at, offer_revision, \
        deadline, missed_by, held_from, held_at, held_by, paused, reason, result, wake_at, completed_at, updated_at
        """

    static let columns = fixedColumns + ", " + changingColumns

    /// Types of `columns`, for `unnest`.
    static let fixedTypes = "uuid[], int[], text[], bytea[], bigint[], bigint[]"
    static let changingTypes = """
        int[], text[], bigint[], bigint[], bigint[], bigint[], float8[], float8[], bigint[], text[], text[], \
        text[], int[], int[], int[], int[], int[], text[], int[], \
        int[], int[], bigint[], bigint[], int[], text[], bigint[], int[], \
        bigint[], int[], text[], bigint[], int[], bigint[], text[], text[], bigint[], bigint[], bigint[]
        """

    /// Reads a row selected as `columns`, beginning at `offset`.
    init(row: SQLRow, offset: Int = 0) throws(StorageError) {
        var column = offset - 1
        func next() -> SQLCell {
            column += 1
            return row[column]
        }
        func int32() throws(StorageError) -> Int32? { try next().nullable?.int32 }
        func instant() throws(StorageError) -> Instant? {
            (try next().nullable?.int64).map { Instant(milliseconds: $0) }
        }
        func text() throws(StorageError) -> String? { try next().nullable?.text }
        id = try next().uuid
        source = try next().int32
        captureId = try next().text
        contentHash = try next().bytes
        receivedAt = Instant(milliseconds: try next().int64)
        arrival = try next().int64
        revision = try next().int32
        status = try WorkItem.status(next())
        activation = Instant(milliseconds: try next().int64)
        dueGiven = try instant()
        due = try instant()
        autocompleteAt = try instant()
        priority = try next().nullable?.double
        businessValue = try next().nullable?.double
        push = try next().int64
        attributes = try next().text
        customer = try text()
        channel = try text()
        weight = try next().int32
        category = try int32()
        configurationVersion = try next().int32
        endpoint = try int32()
        endpointGiven = try int32()
        skills = try next().text.split(separator: ",").compactMap { Int32($0) }
        schemaVersion = try int32()
        calendarVersion = try int32()
        preferredAgent = try int32()
        preferredUntil = try instant()
        anchor = try next().nullable?.int64
        assignee = try int32()
        workbin = try text()
        offeredAt = try instant()
        offerRevision = try int32()
        deadline = try instant()
        missedBy = try int32()
        heldFrom = try text().flatMap(WorkItemStatus.init(rawValue:))
        heldAt = try instant()
        heldBy = try int32()
        paused = try next().int64
        reason = try text()
        result = try text()
        wakeAt = try instant()
        completedAt = try instant()
        updatedAt = Instant(milliseconds: try next().int64)
    }

    private static func status(_ cell: SQLCell) throws(StorageError) -> WorkItemStatus {
        let text = try cell.text
        guard let status = WorkItemStatus(rawValue: text) else {
            throw StorageError(.other, "work_item.status holds a status that this version does not know")
        }
        return status
    }

    static func fixedParameters(_ items: [WorkItem]) -> [SQLValue] {
        [
            .uuids(items.map(\.id)), .int4s(items.map(\.source)), .texts(items.map(\.captureId)),
            .bytesArray(items.map(\.contentHash)), .int8s(items.map(\.receivedAt.milliseconds)),
            .int8s(items.map(\.arrival)),
        ]
    }

    static func changingParameters(_ items: [WorkItem]) -> [SQLValue] {
        [
            .int4s(items.map(\.revision)), .texts(items.map(\.status.rawValue)),
            .int8s(items.map(\.activation.milliseconds)), instants(items, \.dueGiven), instants(items, \.due),
            instants(items, \.autocompleteAt), .float8sOptional(items.map(\.priority)),
            .float8sOptional(items.map(\.businessValue)), .int8s(items.map(\.push)), .texts(items.map(\.attributes)),
            .textsOptional(items.map(\.customer)), .textsOptional(items.map(\.channel)), .int4s(items.map(\.weight)),
            .int4sOptional(items.map(\.category)), .int4s(items.map(\.configurationVersion)),
            .int4sOptional(items.map(\.endpoint)), .int4sOptional(items.map(\.endpointGiven)),
            .texts(items.map { $0.skills.map(String.init).joined(separator: ",") }),
            .int4sOptional(items.map(\.schemaVersion)), .int4sOptional(items.map(\.calendarVersion)),
            .int4sOptional(items.map(\.preferredAgent)), instants(items, \.preferredUntil),
            .int8sOptional(items.map(\.anchor)), .int4sOptional(items.map(\.assignee)),
            .textsOptional(items.map(\.workbin)), instants(items, \.offeredAt),
            .int4sOptional(items.map(\.offerRevision)), instants(items, \.deadline),
            .int4sOptional(items.map(\.missedBy)), .textsOptional(items.map(\.heldFrom?.rawValue)),
            instants(items, \.heldAt), .int4sOptional(items.map(\.heldBy)), .int8s(items.map(\.paused)),
            .textsOptional(items.map(\.reason)), .textsOptional(items.map(\.result)),
            instants(items, \.wakeAt), instants(items, \.completedAt), .int8s(items.map(\.updatedAt.milliseconds)),
        ]
    }

    private static func instants(_ items: [WorkItem], _ path: KeyPath<WorkItem, Instant?>) -> SQLValue {
        .int8sOptional(items.map { $0[keyPath: path]?.milliseconds })
    }
}
