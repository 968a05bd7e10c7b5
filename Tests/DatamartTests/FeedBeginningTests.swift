import Datamart
import Domain
import Foundation
import Projection
import Storage
import Testing

/// A mart that is built from a feed whose beginning has been cleared away.
@Suite(.enabled(if: MartWorld.url != nil, "no database"), .timeLimit(.minutes(5)))
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
            try await world.apply(Array(history.events[60...]))
            #expect(try await floor(world) == "-infinity")
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
