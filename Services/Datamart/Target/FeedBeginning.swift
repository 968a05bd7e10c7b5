import Domain
import Projection
import Storage

/// Where a mart's history begins when the feed no longer had the first events as it was built.
package struct FeedBeginning: Sendable, Hashable {
    /// When the oldest event that the feed still has happened; nil when it has none any more.
    package let oldest: Instant?

    /// The first whole day of a history that begins at $1, in the mart's zone in which it is the latest.
    private static let firstWholeDay = "(SELECT max(($1::timestamptz AT TIME ZONE name)::date) + 1 FROM dim_time_zone)"

    /// Says from when on the mart's history is whole. What came before is not there, and reports must say so.
    static func raisingFloors(at moment: Instant) -> SQLStatement {
        SQLStatement(
            """
            UPDATE projection_progress SET facts_floor = greatest(facts_floor, $1::timestamptz),
                history_floor = greatest(history_floor, \(firstWholeDay))
            """, [.timestamp(milliseconds: moment.milliseconds)])
    }

    /// What a mart that is built anew now would begin with, if it would hold less than the one that serves.
    /// - Parameter pool: connections to the mart that serves.
    /// - Returns: nil when nothing would be lost.
    package static func losing(_ pool: PostgresPool, from feed: any EventFeedSource) async throws -> FeedBeginning? {
        let page = try await feed.page(after: 0, limit: 1)
        guard let first = page.events.first else {
            let isEmpty = try await pool.query("SELECT position = 0 FROM projection_progress")[0][0].bool
            return page.last == 0 || isEmpty ? nil : FeedBeginning(oldest: nil)
        }
        guard first.position > 1 else { return nil }
        let loses = try await pool.query(
            "SELECT position > 0 AND history_floor < \(firstWholeDay) FROM projection_progress",
            [.timestamp(milliseconds: first.at.milliseconds)])[0][0].bool
        return loses ? FeedBeginning(oldest: first.at) : nil
    }

    /// What would be lost, in words for an operator.
    package var loss: String {
        guard let oldest else {
            return "the feed holds no events any more, and what the mart knows would be lost"
        }
        return "the feed holds nothing from before \(oldest.rfc3339), and what the mart knows of that would be lost"
    }
}
