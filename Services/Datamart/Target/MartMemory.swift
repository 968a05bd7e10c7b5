import Domain
import Foundation
import Projection
import Storage

/// What the holder remembers of the mart between batches, as long as it is the only one who writes: keys of dimensions,
/// states of agents and of the items touched last, and how far the mart has come.
///
/// It is dropped with the term and after every failure, and read again.
struct MartMemory: Sendable {
    let term: Int64
    var position: Int64
    var fold: FoldTask
    var agentFold: FoldAgent
    var keys: DimensionKeys
    var agents: [Int32: AgentState] = [:]
    var tasks: [UUID: TaskState] = [:]
    var emails: [UUID: EmailRow] = [:]
    var contributions: Contributions
    var partitions = PartitionStarts()
    /// About 600 bytes each; a dictionary has room for so many before it doubles.
    static let mostTasks = 24_000

    /// - Parameter settings: by which zones, calendars and attributes to go.
    init(reading pool: PostgresPool, term: Int64, settings: MartSettings) async throws {
        self.term = term
        var statements = [
            SQLStatement("SELECT position, swept_through, intraday_floor FROM projection_progress"),
            SQLStatement("SELECT coalesce(max(customer_key), 0) FROM dim_customer"),
            SQLStatement("SELECT coalesce(max(custom_key), 0) FROM dim_custom"),
            LoadStates.agents, SQLStatement("SELECT name FROM dim_time_zone ORDER BY zone_key"),
        ]
        statements += Dimension.small.map { SQLStatement("SELECT \($0.nameColumn), \($0.keyColumn) FROM \($0.table)") }
        let results = try await pool.batch(statements)
        position = try results[0][0, 0].int64
        let swept = try results[0][0, 1].milliseconds
        fold = FoldTask(sweptThrough: swept, businessTime: settings.businessTime)
        agentFold = FoldAgent(sweptThrough: swept)
        contributions = Contributions(
            intervals: Intervals(
                timeZones: try results[4].map { try $0[0].text },
                floor: Instant(milliseconds: try results[0][0, 2].milliseconds)))
        var keys = DimensionKeys()
        keys.skip(.customer, through: try results[1][0, 0].int32)
        keys.skip(.custom, through: try results[2][0, 0].int32)
        for row in results[3] {
            let state = try LoadStates.agent(row)
            agents[state.agent] = state
        }
        for (dimension, rows) in zip(Dimension.small, results.dropFirst(5)) {
            for row in rows { keys.remember(dimension, try row[0].text, key: try row[1].int32) }
        }
        self.keys = keys
    }

    /// Forgets what was not touched by the last batch once there is too much; items that have ended first, as little
    /// happens to them any more.
    mutating func trim(keeping items: some Sequence<UUID>, emails kept: some Sequence<UUID>) {
        if tasks.count > Self.mostTasks {
            let open = tasks.filter { $0.value.isOpen }
            if open.count <= Self.mostTasks * 3 / 4 {
                tasks = open
            } else {
                var rest: [UUID: TaskState] = [:]
                for item in items { rest[item] = tasks[item] }
                tasks = rest
            }
        }
        if emails.count > Self.mostTasks {
            var rest: [UUID: EmailRow] = [:]
            for email in kept { rest[email] = emails[email] }
            emails = rest
        }
    }
}
