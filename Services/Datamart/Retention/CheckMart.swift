import Domain
import ServiceKit
import Storage

/// Holds the mart's open items against those of the core service, queue by queue.
///
/// Both go on while they are counted, so a difference counts only when it is there each time, and is the same.
package struct CheckMart: Sendable {
    /// A queue and a category, and what its items are.
    package struct Place: Hashable, Sendable {
        package var endpoint: String
        package var category: String
        package var status: String

        package init(endpoint: String, category: String, status: String) {
            self.endpoint = endpoint
            self.category = category
            self.status = status
        }
    }

    /// A number that differs.
    package struct Difference: Hashable, Sendable {
        package var place: Place
        package var live: Int64
        package var mart: Int64

        var document: JSONValue {
            [
                "queue": .string(place.endpoint), "category": .string(place.category), "status": .string(place.status),
                "live": .integer(live), "mart": .integer(mart),
            ]
        }
    }

    private static let statuses: [(member: String, statuses: [String])] = [
        ("depth", ["queued"]), ("offered", ["offered"]), ("assigned", ["assigned"]), ("held", ["held", "errorheld"]),
        ("parked", ["parked"]),
    ]

    let pool: PostgresPool
    let client: CoreClient
    /// How often it is looked again before a difference is one.
    var looks = 5
    var pause = Duration.seconds(2)

    /// - Returns: what differs, and how many numbers were compared.
    func differences() async throws -> (differences: [Difference], compared: Int) {
        var lasting: Set<Difference>?
        var compared = 0
        for look in 0..<looks {
            if look > 0 { try await Task.sleep(for: pause) }
            let live = try await liveCounts()
            let mart = try await martCounts()
            compared = Set(live.keys).union(mart.keys).count
            let found = Self.differences(live: live, mart: mart)
            lasting = lasting.map { $0.intersection(found) } ?? found
            if lasting?.isEmpty != false { break }
        }
        return (
            (lasting ?? []).sorted { ($0.place.endpoint, $0.place.category) < ($1.place.endpoint, $1.place.category) },
            compared
        )
    }

    package static func differences(live: [Place: Int64], mart: [Place: Int64]) -> Set<Difference> {
        Set(
            Set(live.keys).union(mart.keys).compactMap { place in
                let (there, here) = (live[place] ?? 0, mart[place] ?? 0)
                return there == here ? nil : Difference(place: place, live: there, mart: here)
            })
    }

    private func liveCounts() async throws -> [Place: Int64] {
        var counts: [Place: Int64] = [:]
        var cursor: String?
        repeat {
            let after = cursor.map { "&cursor=\($0)" } ?? ""
            let page = try await client.call(.GET, "/queues?limit=200\(after)")
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

    private func martCounts() async throws -> [Place: Int64] {
        let rows = try await pool.query(
            """
            SELECT CASE WHEN t.queue_key = 0 THEN '' ELSE q.name END, c.path, s.name, count(*)
            FROM task_fact t JOIN dim_queue q USING (queue_key) JOIN dim_category c USING (category_key)
                JOIN dim_status s USING (status_key)
            WHERE NOT t.is_final GROUP BY 1, 2, 3
            """)
        var counts: [Place: Int64] = [:]
        for row in rows {
            let status = try row[2].text
            guard let member = Self.statuses.first(where: { $0.statuses.contains(status) })?.member else { continue }
            let place = Place(endpoint: try row[0].text, category: try row[1].text, status: member)
            counts[place, default: 0] += try row[3].int64
        }
        return counts
    }
}
