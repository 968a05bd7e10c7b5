import Logging
import Projection
import Storage
import Synchronization

/// A tenant's mart as the projection holds it: one that serves, and while it is built anew another beside it, which then
/// takes its place.
///
/// What outlives a rebuild, the lease and the wish for it, is in ``MartSchema/controlName``.
final class RebuildableMart: RebuildableTarget {
    private let database: MartDatabase
    private let install: InstallMart
    private let lease: String
    private let settings: DatamartTarget.Settings
    private let pool: PostgresPool
    private let nextPool: PostgresPool
    private let logger: Logger
    private let serving: Mutex<DatamartTarget>

    init(
        database: MartDatabase, install: InstallMart, lease: String, settings: @escaping DatamartTarget.Settings,
        logger: Logger
    ) throws {
        self.database = database
        self.install = install
        self.lease = lease
        self.settings = settings
        self.logger = logger
        pool = try database.pool(MartSchema.name, size: 4)
        nextPool = try database.pool(MartSchema.next, size: 2)
        serving = Mutex(DatamartTarget(pool: pool, lease: lease, settings: settings, logger: logger))
    }

    /// The mart that serves.
    var target: DatamartTarget { serving.withLock { $0 } }

    /// Connections for writing and for jobs.
    var connections: PostgresPool { pool }

    func close() async {
        await pool.close()
        await nextPool.close()
    }

    // MARK: The projection's target

    func progress() async throws -> ProjectionProgress { try await target.progress() }

    func apply(
        _ events: [ProjectedEvent], after: Int64, progress: ProjectionProgress, fence: TermFence
    ) async throws {
        try await target.apply(events, after: after, progress: progress, fence: fence)
    }

    func nextTerm(holder: String) async throws -> Int64 { try await pool.nextTerm(lease, holder: holder) }

    // MARK: Built anew

    func wantsRebuild() async throws -> Bool {
        try await pool.query("SELECT EXISTS (SELECT FROM rebuild_request WHERE done_at IS NULL)")[0][0].bool
    }

    /// What nobody has asked for loses nothing. And a mart is not taken away for an empty one, unless what it holds never
    /// happened.
    func obstacleToRebuild(from feed: any EventFeedSource) async throws -> String? {
        guard let beginning = try await FeedBeginning.losing(pool, from: feed) else { return nil }
        if try await RebuildWish.isOnlyForZones(pool) {
            if try await RebuildWish.withdraw(pool, having: try await settings(0).mart.allTimeZones) {
                return "The configuration has the mart's time zones again."
            }
            return """
                The mart keeps its time zones, though the configuration has others: it would have to be built anew, but \
                \(beginning.loss). millrace rebuild --losing-history does it all the same.
                """
        }
        guard beginning.oldest == nil else { return nil }
        let last = try await feed.page(after: 0, limit: 1).last
        let position = try await progress().position
        return last < position ? nil : "The mart is built anew when the feed has an event again: it holds none now."
    }

    func beginRebuild(fence: TermFence) async throws -> any ProjectionTarget {
        // What an earlier attempt left may have other tables than this version makes: it is begun from nothing.
        try await install.remove(MartSchema.next)
        try await install.run(MartSchema.next)
        let next = DatamartTarget(
            pool: nextPool, schema: MartSchema.next, lease: lease, settings: settings, logger: logger)
        try await next.storeSettings(try await settings(0), at: .now, fence: fence)
        return next
    }

    func finishRebuild(_ next: any ProjectionTarget, fence: TermFence) async throws {
        try await install.remove(Self.old)
        // Nothing is written meanwhile: no batch, and no passing of time.
        try await target.giveWay { [pool] in
            try await pool.transaction(fence: fence) { transaction in
                try await transaction.script(JobSchema.carryOver(from: MartSchema.name, to: MartSchema.next))
                try await transaction.script(StoreDirectory.carryOver(from: MartSchema.name, to: MartSchema.next))
                try await transaction.script(StoreSettings.carryOver(from: MartSchema.name, to: MartSchema.next))
                try await transaction.script(
                    """
                    ALTER SCHEMA \(MartSchema.name) RENAME TO \(Self.old);
                    ALTER SCHEMA \(MartSchema.next) RENAME TO \(MartSchema.name);
                    UPDATE \(MartSchema.controlName).rebuild_request SET done_at = now() WHERE done_at IS NULL;
                    """)
            }
        }
        // What it remembers of keys and items is of the tables before.
        let target = DatamartTarget(pool: pool, lease: lease, settings: settings, logger: logger)
        serving.withLock { $0 = target }
        // Reports that began on the old tables may still read them; they go when those have ended.
        do {
            try await install.remove(Self.old)
        } catch {
            logger.warning("the tables before the rebuild could not be taken away", metadata: ["error": "\(error)"])
        }
    }

    /// The tables that served before a rebuild, until they are gone.
    private static let old = "mart_old"
}
