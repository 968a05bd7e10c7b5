import Domain
import Projection
import Storage

extension DatamartTarget {
    /// Makes partitions ahead, so that no batch has to: two months of facts, four weeks of quarters, a year of days.
    /// - Returns: how many were new.
    package func makePartitions(at now: Instant, fence: TermFence) async throws -> Int {
        let day: Int64 = 86_400_000
        let kinds: [(String, Int64)] = [("facts", 62), ("intraday", 28), ("history", 365)]
        let statements = kinds.map { kind, days in
            SQLStatement(
                "SELECT ensure_partitions($1, $2, $3)",
                [
                    .text(kind), .timestamp(milliseconds: now.milliseconds),
                    .timestamp(milliseconds: now.milliseconds + days * day),
                ])
        }
        try await enter()
        defer { gate.leave() }
        return try await pool.batch(fence: fence, statements).reduce(0) { $0 + (try $1[0][0].int) }
    }

    /// Takes away what a tenant keeps no longer, page by page. Names come last: looking for those that no item has takes
    /// longest, and nothing waits for it.
    /// - Returns: how many rows, and partitions, went.
    package func clearAway(
        _ retention: DatamartRetention, at now: Instant, fence: TermFence
    ) async throws -> (rows: Int, partitions: Int) {
        let clear = ClearAway(retention, at: now)
        var rows = 0
        for statement in [clear.clearingItems, clear.clearingMessages, clear.clearingAgents] {
            while case let gone = try await alone([statement], fence), gone > 0 {
                rows += gone
                try Task.checkCancellation()
            }
        }
        _ = try await alone([clear.raisingFactsFloor], fence)
        _ = try await alone([clear.raisingFloors] + ClearAway.carryingBacklog, fence)
        let partitions = try await dropPartitions(fence)
        rows += try await alone([ClearAway.clearingRuns(at: now)], fence)
        rows += try await forgetNames(fence)
        return (rows, partitions)
    }

    /// Takes names away that no item has any more, attribute by attribute, and results: events are applied in between.
    package func forgetNames(_ fence: TermFence) async throws -> Int {
        var rows = try await forgetResults(fence)
        for statement in ClearAway.forgettingNames {
            rows += try await alone([statement], fence)
            try Task.checkCancellation()
        }
        return rows
    }

    private func forgetResults(_ fence: TermFence) async throws -> Int {
        let found = try await pool.transaction(readOnly: true, timeLimit: .seconds(120), idempotent: true) {
            try await $0.query(ClearAway.unusedResults)
        }
        guard let first = found.first else { return 0 }
        let keys = try found.map { try $0[0].int32 }
        let forgetting = ClearAway.forgetting(results: keys, unusedAt: try first[1].int64, in: try first[2].int64)
        return try await alone([forgetting], fence)
    }

    private func dropPartitions(_ fence: TermFence) async throws -> Int {
        var dropped = 0
        // One at a time: each waits for readers of the table, for the time of a lock at most.
        while try await dropPartition(fence) {
            dropped += 1
            try Task.checkCancellation()
        }
        return dropped
    }

    /// Drops the first partition that is too old and, of facts, empty.
    private func dropPartition(_ fence: TermFence) async throws -> Bool {
        try await exclusively { [pool] in
            for row in try await pool.query(ClearAway.oldPartitions) {
                let name = MartSchema.quoted(try row[0].text)
                if try row[1].text == "facts" {
                    guard try await pool.query("SELECT 1 FROM \(name) LIMIT 1").isEmpty else { continue }
                }
                _ = try await pool.batch(fence: fence, [SQLStatement("DROP TABLE \(name)")])
                return true
            }
            return false
        }
    }

    /// Runs statements while nothing else is written; what is remembered is read again after them.
    /// - Returns: how many rows they changed.
    private func alone(_ statements: [SQLStatement], _ fence: TermFence) async throws -> Int {
        try await exclusively { [pool] in
            try await pool.batch(fence: fence, timeLimit: .seconds(120), statements)
                .reduce(0) { $0 + $1.rowsAffected }
        }
    }
}
