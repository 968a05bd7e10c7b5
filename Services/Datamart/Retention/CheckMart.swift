import Domain
import ServiceKit
import Storage

/// Holds the mart's open items against those of the core service, queue by queue, and the items that have ended in the
/// last days, day by day.
///
/// Both go on while they are counted. So the mart is counted before core and, when it has come as far as core had, after
/// it: core's number lies in between, unless something is wrong. ``LastingDifferences`` says what is, after several looks.
package struct CheckMart: Sendable {
    /// What is counted: open items of a queue, a category and a status, or items that ended on a day in a status.
    package struct Place: Hashable, Sendable {
        package var endpoint: String
        package var category: String
        package var status: String
        /// Days since 1970 in UTC; nil for open items.
        package var day: Int64?

        package init(endpoint: String = "", category: String = "", status: String, day: Int64? = nil) {
            self.endpoint = endpoint
            self.category = category
            self.status = status
            self.day = day
        }
    }

    /// A number that differs.
    package struct Difference: Hashable, Sendable {
        package var place: Place
        package var live: Int64
        package var mart: Int64

        package init(place: Place, live: Int64, mart: Int64) {
            self.place = place
            self.live = live
            self.mart = mart
        }

        var document: JSONValue {
            var document: JSONObject = [
                "status": .string(place.status), "live": .integer(live), "mart": .integer(mart),
            ]
            if let day = place.day {
                document["finishedOn"] = .string(CivilDate(daysSince1970: Int(day)).description)
            } else {
                document["queue"] = .string(place.endpoint)
                document["category"] = .string(place.category)
            }
            return .object(document)
        }
    }

    /// Asks core for a path.
    package typealias Ask = @Sendable (_ path: String) async throws -> JSONValue

    private static let statuses: [(member: String, statuses: [String])] = [
        ("depth", ["queued"]), ("offered", ["offered"]), ("assigned", ["assigned"]), ("held", ["held", "errorheld"]),
        ("parked", ["parked"]),
    ]
    /// Days of items that have ended; more would be counted in vain every few minutes.
    private static let days = 7

    private let pool: PostgresPool
    private let ask: Ask
    private let looks: Int
    private let pause: Duration
    private let settling: Duration

    /// - Parameters:
    ///   - looks: how often a number must differ.
    ///   - pause: between two looks.
    ///   - settling: how long what core has counted may be on its way to the feed.
    package init(
        pool: PostgresPool, ask: @escaping Ask, looks: Int = 5, pause: Duration = .seconds(2),
        settling: Duration = .milliseconds(500)
    ) {
        self.pool = pool
        self.ask = ask
        self.looks = looks
        self.pause = pause
        self.settling = settling
    }

    /// - Returns: what differs, and how many numbers were compared; none while the mart is far behind, which the lag tells.
    package func differences() async throws -> (differences: [Difference], compared: Int) {
        var lasting = LastingDifferences()
        var compared = 0
        var taken = 0
        for look in 0..<looks {
            if look > 0 { try await Task.sleep(for: pause) }
            let finished = try await finishedCounts()
            let before = try await martCounts(from: finished.from)
            let live = try await liveCounts().merging(try await finishedCounts().counts, uniquingKeysWith: +)
            guard try await reachesCore() else { continue }
            let after = try await martCounts(from: finished.from)
            // Of days that the mart does not keep core may tell.
            let known = live.filter { place, _ in place.day.map { $0 >= after.from } ?? true }
            compared = Set(known.keys).union(after.counts.keys).count
            lasting.take(before: before.counts, live: known, after: after.counts)
            taken += 1
            if lasting.isEmpty { break }
        }
        // One look alone says nothing of what lasts.
        return (taken > 1 ? lasting.differences : [], compared)
    }

    // MARK: Core

    private func liveCounts() async throws -> [Place: Int64] {
        var counts: [Place: Int64] = [:]
        var cursor: String?
        repeat {
            let after = cursor.map { "&cursor=\($0)" } ?? ""
            let page = try await ask("/queues?limit=200\(after)")
            for row in page["items"]?.arrayValue ?? [] {
                for (member, _) in Self.statuses {
                    guard let count = row[member]?.integerValue, count != 0 else { continue }
                    let place = Place(
                        endpoint: row["endpoint"]?.stringValue ?? "", category: row["category"]?.stringValue ?? "",
                        status: member)
                    counts[place, default: 0] += count
                }
            }
            cursor = page["next"]?.stringValue
        } while cursor != nil
        return counts
    }

    private func finishedCounts() async throws -> (from: Int64, counts: [Place: Int64]) {
        let answer = try await ask("/datamart/finished?days=\(Self.days)")
        guard let from = answer["from"]?.stringValue.flatMap(CivilDate.init) else { return (.max, [:]) }
        var counts: [Place: Int64] = [:]
        for row in answer["items"]?.arrayValue ?? [] {
            guard let day = row["day"]?.stringValue.flatMap(CivilDate.init), let count = row["count"]?.integerValue,
                let status = row["status"]?.stringValue
            else { continue }
            counts[Place(status: status, day: Int64(day.daysSince1970)), default: 0] += count
        }
        return (Int64(from.daysSince1970), counts)
    }

    /// Waits until the mart has applied what core has told by now.
    private func reachesCore() async throws -> Bool {
        try await Task.sleep(for: settling)
        let last = try await ask("/events?after=0&limit=1")["last"]?.integerValue ?? 0
        for _ in 0..<100 {
            if try await pool.query("SELECT position FROM projection_progress")[0][0].int64 >= last { return true }
            try await Task.sleep(for: .milliseconds(100))
        }
        return false
    }

    // MARK: The mart

    /// - Parameter day: the first day of items that have ended; a later one where the mart keeps less.
    private func martCounts(from day: Int64) async throws -> (from: Int64, counts: [Place: Int64]) {
        let floor = SQLStatement(
            """
            SELECT CASE WHEN isfinite(facts_floor) THEN (facts_floor AT TIME ZONE 'UTC')::date - date '1970-01-01' + 1 END
            FROM projection_progress
            """)
        let open = SQLStatement(
            """
            SELECT CASE WHEN t.queue_key = 0 THEN '' ELSE q.name END, c.path, s.name, count(*)
            FROM task_fact t JOIN dim_queue q USING (queue_key) JOIN dim_category c USING (category_key)
                JOIN dim_status s USING (status_key)
            WHERE NOT t.is_final GROUP BY 1, 2, 3
            """)
        let finished = SQLStatement(
            """
            SELECT (t.finished_at AT TIME ZONE 'UTC')::date - date '1970-01-01', s.name, count(*)
            FROM task_fact t JOIN dim_status s USING (status_key)
            WHERE t.is_final AND t.finished_at >= $1 GROUP BY 1, 2
            """, [.timestamp(milliseconds: min(day, 100_000) * 86_400_000)])
        let found = try await pool.batch([floor, open, finished])
        let first = max(day, try found[0].first?[0].nullable?.int64 ?? .min)
        var counts: [Place: Int64] = [:]
        for row in found[1] {
            let status = try row[2].text
            guard let member = Self.statuses.first(where: { $0.statuses.contains(status) })?.member else { continue }
            let place = Place(endpoint: try row[0].text, category: try row[1].text, status: member)
            counts[place, default: 0] += try row[3].int64
        }
        for row in found[2] where try row[0].int64 >= first {
            counts[Place(status: try row[1].text, day: try row[0].int64)] = try row[2].int64
        }
        return (first, counts)
    }
}
