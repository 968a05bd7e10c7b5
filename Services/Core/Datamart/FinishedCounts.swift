import Domain
import ServiceKit
import Storage

/// How many items ended on each day, for the data mart to hold its own numbers against.
struct FinishedCounts: Sendable {
    let runtime: TenantRuntime

    private static let day: Int64 = 86_400_000

    /// The last days and today, in UTC, as far as final items are kept for the whole of a day.
    func answer(days: Int, at now: Instant) async throws -> JSONObject {
        let kept = now - Int64(runtime.snapshot.configuration.retention.finalItems) * Self.day
        let first = max(Self.number(of: now) - Int64(days) + 1, Self.number(of: kept) + 1)
        // The index of what has ended, by time.
        let rows = try await runtime.dependencies.pool.query(
            """
            SELECT completed_at / \(Self.day), status, count(*) FROM work_item
            WHERE tenant = $1 AND completed_at >= $2 AND status IN ('completed', 'canceled', 'rejected')
            GROUP BY 1, 2 ORDER BY 1, 2
            """, [.int4(runtime.tenant), .int8(first * Self.day)], tenant: runtime.tenant)
        let items: [JSONValue] = try rows.map { row in
            [
                "day": .string(Self.text(try row[0].int64)), "status": .string(try row[1].text),
                "count": .integer(try row[2].int64),
            ]
        }
        return ["from": .string(Self.text(first)), "items": .array(items)]
    }

    private static func number(of instant: Instant) -> Int64 { instant.milliseconds / day }
    private static func text(_ day: Int64) -> String { CivilDate(daysSince1970: Int(day)).description }
}
