import Domain
import Foundation
import Logging
import Messaging
import Projection
import Storage

/// A tenant's mart as a projection writes it: facts, dimensions, aggregates and progress in one fenced transaction.
///
/// A batch costs one round trip for the states of items that are not remembered, and two to write. What comes of it does
/// not depend on how events are cut into batches.
package actor DatamartTarget {
    /// Whose settings the mart goes by; given the version of a configuration, it answers once it knows that version.
    package typealias Settings = @Sendable (_ version: Int32) async throws -> MartSettings

    nonisolated let pool: PostgresPool
    nonisolated let schema: String
    nonisolated let lease: String
    let logger: Logger
    let settings: Settings
    /// One transaction at a time: of the projection, of time passing, of jobs that change facts.
    let gate = AsyncGate()
    var memory: MartMemory?
    /// Whether other tables have taken the place of these.
    private var isReplaced = false
    private var used: MartSettings?
    private var lost: Set<Int32> = []
    /// A batch of so many events is followed by another. It does not wait for the disk: a crash of the server takes the
    /// newest such batches together with the progress that says that they are there, and they are applied again. So whatever
    /// goes by what is remembered is written only where the tables still stand there.
    private static let fullBatch = ReorderBuffer.Limits().batch
    /// Rows of dimensions that were new since the service started.
    package private(set) var newDimensionRows: Int64 = 0

    /// - Parameters:
    ///   - pool: connections whose `search_path` is the mart's schema and then `mart_control`.
    ///   - lease: the lease's name, `mart:TENANT`.
    package init(
        pool: PostgresPool, schema: String = MartSchema.name, lease: String, settings: @escaping Settings,
        logger: Logger
    ) {
        self.pool = pool
        self.schema = schema
        self.lease = lease
        self.settings = settings
        self.logger = logger
    }

    /// Goes by these settings from now on.
    func use(_ settings: MartSettings) {
        used = settings
        memory?.fold.businessTime = settings.businessTime
    }

    /// The settings for events of a version. Of one that is new here the calendars are stored before its first event.
    func currentSettings(for version: Int32, fence: TermFence) async throws -> MartSettings {
        if let used, version == 0 || used.versions[version] != nil || lost.contains(version) { return used }
        let fresh = try await settings(version)
        use(fresh)
        // Core has cleared it away; its categories count as always open.
        if version > 0, fresh.versions[version] == nil { lost.insert(version) }
        newDimensionRows += Int64(try await store(fresh, fence))
        return fresh
    }

    /// New settings have come: the next batch goes by them.
    package func forgetSettings() {
        used = nil
        lost = []
    }

    /// Waits until nothing else is written to the tables; `gate.leave()` lets the next one in.
    /// - Throws: `progressMoved` once others have taken their place: what waited here would be written to those, by what is
    ///   remembered of these.
    func enter() async throws {
        try await gate.enter()
        guard isReplaced else { return }
        gate.leave()
        throw ProjectionError(.progressMoved, "other tables have taken the place of these")
    }

    /// Does something to the tables while nothing else is written to them. What is remembered of them is read again,
    /// whether it succeeds or not: an answer may have been lost.
    package func exclusively<Value: Sendable>(_ body: @Sendable () async throws -> Value) async throws -> Value {
        try await enter()
        defer { gate.leave() }
        memory = nil
        return try await body()
    }

    /// Puts other tables in the place of these, after which nothing is written by way of this target.
    package func giveWay(_ body: @Sendable () async throws -> Void) async throws {
        try await enter()
        defer { gate.leave() }
        memory = nil
        try await body()
        isReplaced = true
    }

    /// What is remembered under a term; read when nothing is.
    func remembered(_ fence: TermFence, _ settings: MartSettings) async throws -> MartMemory {
        if let memory, memory.term == fence.term { return memory }
        return try await MartMemory(reading: pool, term: fence.term, settings: settings)
    }

    /// Writes what goes by what is remembered.
    /// - Parameter position: where the tables stood when that was so.
    /// - Throws: `progressMoved` when they stand elsewhere; nothing is written then.
    func write(
        _ statements: [SQLStatement], by position: Int64, _ fence: TermFence
    ) async throws -> [SQLResult] {
        try await pool.transaction(fence: fence) { transaction in
            let found = try await transaction.query("SELECT position FROM projection_progress")
            guard try found[0][0].int64 == position else { throw Self.progressMoved }
            return try await transaction.commit(with: statements)
        }
    }

    fileprivate static let progressMoved = ProjectionError(
        .progressMoved, "the mart stands elsewhere than its holder thought")
}

extension DatamartTarget: ProjectionTarget {
    package func progress() async throws -> ProjectionProgress {
        let row = try await pool.query("SELECT position, event_id, offsets, missed_events FROM projection_progress")[0]
        let offsets = try JSONValue(parsing: try row[2].bytes)
        var progress = ProjectionProgress(position: try row[0].int64, eventId: try row[1].nullable?.text)
        progress.missed = try row[3].int64
        for (name, value) in offsets.objectValue?.members ?? [] {
            guard let colon = name.lastIndex(of: ":"), let partition = Int32(name[name.index(after: colon)...]),
                let offset = value.integerValue
            else { continue }
            progress.offsets[.init(topic: String(name[..<colon]), partition: partition)] = offset
        }
        return progress
    }

    package nonisolated func nextTerm(holder: String) async throws -> Int64 {
        try await pool.nextTerm(lease, holder: holder)
    }

    package func apply(
        _ events: [ProjectedEvent], after: Int64, progress: ProjectionProgress, fence: TermFence
    ) async throws {
        try await enter()
        defer { gate.leave() }
        let settings = try await currentSettings(for: Self.newestVersion(in: events), fence: fence)
        do {
            try await write(events, after: after, progress, settings, fence)
        } catch let failure as NamesAreThere {
            // They are read as the database spells them, and the batch goes by their keys.
            try await write(events, after: after, progress, settings, fence, missed: failure.missed)
        }
    }

    /// One attempt to apply a batch, inside the gate.
    /// - Throws: ``NamesAreThere`` when rows of dimensions that were to be new are there.
    private func write(
        _ events: [ProjectedEvent], after: Int64, _ progress: ProjectionProgress, _ settings: MartSettings,
        _ fence: TermFence, missed: MissedNames? = nil
    ) async throws {
        var batch = MartBatch(memory: try await remembered(fence, settings), settings: settings)
        // Whatever fails, what is remembered is read again.
        memory = nil
        guard let first = events.first, let last = events.last, batch.memory.position == after, first.position > after
        else { throw Self.progressMoved }
        try await batch.load(for: events, missed: missed ?? MissedNames(), from: pool)
        batch.fold(events)
        let old = batch.memory.position
        let advance = SQLStatement(
            """
            UPDATE projection_progress SET position = $2, event_id = $3, offsets = $4,
                event_at = greatest(event_at, $5), applied_at = clock_timestamp()
            WHERE position = $1
            """,
            [
                .int8(old), .int8(progress.position), SQLValue(progress.eventId), .jsonb(Self.bytes(progress.offsets)),
                .timestamp(milliseconds: last.at.milliseconds),
            ])
        let waitless = events.count < Self.fullBatch ? [] : [SQLStatement("SET LOCAL synchronous_commit = off")]
        let begins = old == 0 && first.position > 1 ? [FeedBeginning.raisingFloors(at: first.at)] : []
        // A mart that begins late has its floors instead.
        let gone = old > 0 ? first.position - old - 1 : 0
        let missing = gone > 0 ? [Self.missing(gone)] : []
        let statements = missing + [advance] + waitless + begins + batch.statements()
        do {
            try await pool.transaction(fence: fence) { transaction in
                let results = try await transaction.pipeline(statements)
                guard results[missing.count].rowsAffected == 1 else { throw Self.progressMoved }
                _ = try await transaction.commit()
            }
        } catch {
            let names = MissedNames(of: batch.memory.keys)
            guard missed == nil, !names.isEmpty, case .uniqueViolation? = (error as? StorageError)?.code else {
                throw error
            }
            logger.notice(
                "names of dimensions are there already; they are read again", metadata: ["names": "\(names.count)"])
            throw NamesAreThere(missed: names)
        }
        if gone > 0 {
            logger.error(
                "events were gone from the feed; items that ended in them stay open until millrace rebuild",
                metadata: ["events": "\(gone)", "after": "\(old)"])
        }
        newDimensionRows += Int64(batch.memory.keys.newCount)
        memory = batch.remember(position: progress.position)
    }

    /// Notes that events were missed; before the progress is written that follows them.
    private static func missing(_ events: Int64) -> SQLStatement {
        SQLStatement(
            """
            UPDATE projection_progress SET missed_events = missed_events + $1, missed_since = coalesce(missed_since, event_at)
            """, [.int8(events)])
    }

    private static func newestVersion(in events: [ProjectedEvent]) -> Int32 {
        var newest: Int64 = 0
        for event in events where event.kind.hasPrefix("workitem.") {
            newest = max(newest, event.data["configurationVersion"]?.integerValue ?? 0)
        }
        return Int32(clamping: newest)
    }

    private static func bytes(_ offsets: [TopicPartition: Int64]) -> [UInt8] {
        let members = offsets.map { ("\($0.key.topic):\($0.key.partition)", JSONValue.integer($0.value)) }
        return JSONValue.object(JSONObject(members)).bytes
    }
}
