import Datamart
import Domain
import Foundation
import Projection
import Storage
import Testing

/// A mart that is built from a feed whose beginning has been cleared away.
@Suite(.enabled(if: MartWorld.url != nil, "no database"), .timeLimit(.minutes(10)))
struct FeedBeginningTests {
    private struct Feed: EventFeedSource {
        var events: [ProjectedEvent]
        var last: Int64

        func page(after position: Int64, limit: Int) async throws -> FeedPage {
            FeedPage(Array(events.filter { $0.position > position }.prefix(limit)), last: last)
        }
    }

    private let history = RandomHistory(seed: 61, start: 1_774_650_000_000, events: 200, longestPause: 7_200_000)

    private func floor(_ world: MartWorld) async throws -> String {
        try await world.pool.query("SELECT history_floor::text FROM projection_progress")[0][0].text
    }

    @Test func `a mart says from when on its history is whole`() async throws {
        try await MartWorld.with { world in
            try await world.apply(Array(history.events[80...]))
            let expected = try await world.pool.query(
                """
                SELECT max(((to_timestamp($1::bigint / 1000.0)) AT TIME ZONE name)::date + 1)::text FROM dim_time_zone
                """, [.int8(history.events[80].at.milliseconds)])[0][0].text
            #expect(try await floor(world) == expected)
            #expect(try await world.mismatches() == [])
        }
    }

    @Test func `a mart that has read everything has no such mark, nor has one that missed something later`()
        async throws
    {
        try await MartWorld.with { world in
            try await world.apply(Array(history.events[..<50]))
            #expect(try await floor(world) == "-infinity")
            #expect(try await world.target.progress().missed == 0)
            try await world.apply(Array(history.events[60...90]))
            #expect(try await floor(world) == "-infinity")
            try await world.apply(Array(history.events[93...]))
            #expect(try await floor(world) == "-infinity")
            // What is missing is told for as long as the mart goes on.
            #expect(try await world.target.progress().missed == 12)
            let since = try await world.pool.query("SELECT missed_since FROM projection_progress")
            #expect(try since[0][0].milliseconds == history.events[..<50].map(\.at.milliseconds).max())
        }
    }

    @Test func `the backlog is whole on the days before the beginning, whatever retention takes`() async throws {
        try await MartWorld.with { world in
            // From the last day of March on: history is whole from April on, and March is of the same year.
            let late = RandomHistory(seed: 61, start: 1_774_950_000_000, events: 300, longestPause: 20_000_000)
            try await world.apply(Array(late.events[80...]))
            #expect(try await floor(world).hasPrefix("2026-04-0"))
            let now = try #require(late.events.last).at
            _ = try await world.target.clearAway(DatamartRetention(), at: now, fence: world.fence)
            // What was open before a day and what has changed since is what is open now.
            let wrong = try await world.pool.query(
                """
                WITH total AS (SELECT zone_key, sum(change) AS open FROM backlog_day GROUP BY zone_key),
                day AS (SELECT generate_series(timestamp '2026-02-27', '2026-04-05', '1 day')::date AS day)
                SELECT count(*), count(*) FILTER (WHERE t.open IS DISTINCT FROM b.open + c.change), min(t.open)::bigint
                FROM total t, day d,
                    LATERAL (SELECT coalesce(sum(items), 0) AS open FROM backlog_at_day(t.zone_key, d.day)) b,
                    LATERAL (SELECT coalesce(sum(change), 0) AS change FROM backlog_day
                        WHERE zone_key = t.zone_key AND day >= d.day) c
                """)
            #expect(try wrong[0][0].int64 > 90 && (try wrong[0][2].int64) > 10)
            #expect(try wrong[0][1].int64 == 0)
            #expect(try await world.mismatches() == [])
        }
    }

    @Test func `what a rebuild would lose is known beforehand`() async throws {
        try await MartWorld.with { world in
            let rest = Feed(events: Array(history.events[80...]), last: 200)
            // An empty mart has nothing to lose.
            #expect(try await FeedBeginning.losing(world.pool, from: rest) == nil)
            try await world.apply(history.events)
            #expect(try await FeedBeginning.losing(world.pool, from: Feed(events: history.events, last: 200)) == nil)
            let loss = try await FeedBeginning.losing(world.pool, from: rest)
            #expect(loss?.oldest == history.events[80].at)
            let all = try #require(try await FeedBeginning.losing(world.pool, from: Feed(events: [], last: 200)))
            #expect(all.oldest == nil)
            // A database that never had an event is another one; the mart is of no use.
            #expect(try await FeedBeginning.losing(world.pool, from: Feed(events: [], last: 0)) == nil)
        }
        try await MartWorld.with { world in
            // What was lost once is not lost again.
            let rest = Feed(events: Array(history.events[80...]), last: 200)
            try await world.apply(rest.events)
            #expect(try await FeedBeginning.losing(world.pool, from: rest) == nil)
        }
    }
}
