import Datamart
import Domain
import Storage
import Synchronization
import Testing

/// The mart against core's own counts, with what is wrong planted.
@Suite struct CheckMartTests {
    private typealias Place = CheckMart.Place
    private let desk = Place(endpoint: "desk", category: "Incidents", status: "depth")
    private let night = Place(endpoint: "night", category: "Incidents", status: "held")

    @Test func `what differs at every look in one direction is told, with the last numbers`() {
        var lasting = LastingDifferences()
        for (live, mart) in [(Int64(8), Int64(5)), (13, 6), (9, 7)] {
            lasting.take(
                before: [desk: mart - 1, night: 1], live: [desk: live, night: 1], after: [desk: mart, night: 1])
        }
        #expect(lasting.differences == [CheckMart.Difference(place: desk, live: 9, mart: 7)])
    }

    @Test func `what is on its way, or turns round, is no difference`() {
        var moving = LastingDifferences()
        moving.take(before: [desk: 3], live: [desk: 8], after: [desk: 12])
        #expect(moving.isEmpty)
        var turning = LastingDifferences()
        turning.take(before: [desk: 3], live: [desk: 4], after: [desk: 3])
        #expect(!turning.isEmpty)
        turning.take(before: [desk: 5], live: [desk: 4], after: [desk: 5])
        #expect(turning.isEmpty)
        var late = LastingDifferences()
        late.take(before: [:], live: [:], after: [:])
        late.take(before: [desk: 3], live: [desk: 4], after: [desk: 3])
        #expect(late.isEmpty, "it was none at the first look")
    }

    @Test func `a step at midnight counts on either day, more are a difference`() {
        func day(_ day: Int64, _ status: String = "completed") -> Place { Place(status: status, day: day) }
        func differing(_ live: [Place: Int64], _ mart: [Place: Int64]) -> [Place] {
            var lasting = LastingDifferences()
            lasting.take(before: mart, live: live, after: mart)
            return lasting.differences.map(\.place)
        }
        #expect(differing([day(5): 10, day(6): 10], [day(5): 9, day(6): 11]) == [])
        #expect(differing([day(5): 10, day(6): 10], [day(5): 9, day(6): 10]) == [day(5)])
        #expect(differing([day(5): 10, day(7): 10], [day(5): 9, day(7): 11]) == [day(5), day(7)])
        #expect(differing([day(5): 50, day(6): 50], [day(5): 40, day(6): 60]) == [day(5), day(6)])
        #expect(differing([day(5): 1], [day(6, "canceled"): 1]) == [day(5), day(6, "canceled")])
    }

    @Test(.enabled(if: MartWorld.url != nil, "no database"), .timeLimit(.minutes(10)))
    func `open and finished items of which the mart has lost one are told`() async throws {
        let history = RandomHistory(seed: 71, start: 1_774_650_000_000, events: 400, longestPause: 600_000)
        try await MartWorld.with { world in
            try await world.apply(history.events)
            let core = try await LikeTheMart(of: world)
            #expect(core.finished.count >= 3 && core.open.count >= 3)
            func check() async throws -> [CheckMart.Difference] {
                let check = CheckMart(
                    pool: world.pool, ask: { try core.answer($0) }, pause: .zero, settling: .zero)
                let (differences, compared) = try await check.differences()
                #expect(compared >= core.open.count + core.finished.count - 1)
                return differences
            }
            #expect(try await check() == [])
            let open = try await world.pool.query(
                """
                DELETE FROM task_fact t USING dim_queue q, dim_category c WHERE q.queue_key = t.queue_key
                    AND c.category_key = t.category_key AND t.item = (SELECT item FROM task_fact WHERE status_key = 3 LIMIT 1)
                RETURNING q.name, c.path
                """)
            let lost = Place(endpoint: try open[0][0].text, category: try open[0][1].text, status: "depth")
            let found = try await check()
            #expect(found.map(\.place) == [lost])
            #expect(found.map { $0.live - $0.mart } == [1])
            // Core goes on meanwhile: the number is another one each time.
            core.growing = lost
            let grown = try await check()
            #expect(grown.map(\.place) == [lost])
            #expect(grown.map { $0.live - $0.mart } == [5], "of the fifth look")
            core.growing = nil
            let final = try await world.pool.query(
                """
                DELETE FROM task_fact WHERE item = (SELECT item FROM task_fact WHERE status_key = 9 LIMIT 1)
                RETURNING (finished_at AT TIME ZONE 'UTC')::date - date '1970-01-01'
                """)
            let day = Place(status: "completed", day: try final[0][0].int64)
            #expect(Set(try await check().map(\.place)) == [lost, day])
            // Of days that the mart does not keep nothing can be said.
            _ = try await world.pool.query("UPDATE projection_progress SET facts_floor = '2100-01-01'")
            let rest = try await CheckMart(
                pool: world.pool, ask: { try core.answer($0) }, pause: .zero, settling: .zero
            ).differences().differences
            #expect(rest.map(\.place) == [lost])
        }
    }
}

/// Core's answers as the mart has them when it is made.
private final class LikeTheMart: Sendable {
    let open: [(endpoint: String, category: String, member: String, count: Int64)]
    let finished: [(day: Int64, status: String, count: Int64)]
    private let position: Int64
    private let looks = Mutex<(growing: CheckMart.Place?, count: Int64)>((nil, 0))

    /// A place that has one more at every look.
    var growing: CheckMart.Place? {
        get { looks.withLock { $0.growing } }
        set { looks.withLock { $0 = (newValue, 0) } }
    }

    init(of world: MartWorld) async throws {
        let found = try await world.pool.batch([
            SQLStatement(
                """
                SELECT CASE WHEN t.queue_key = 0 THEN '' ELSE q.name END, c.path,
                    CASE s.name WHEN 'queued' THEN 'depth' WHEN 'errorheld' THEN 'held' ELSE s.name END, count(*)
                FROM task_fact t JOIN dim_queue q USING (queue_key) JOIN dim_category c USING (category_key)
                    JOIN dim_status s USING (status_key)
                WHERE s.name IN ('queued', 'offered', 'assigned', 'held', 'errorheld', 'parked') GROUP BY 1, 2, 3
                """),
            SQLStatement(
                """
                SELECT (finished_at AT TIME ZONE 'UTC')::date - date '1970-01-01', s.name, count(*)
                FROM task_fact JOIN dim_status s USING (status_key) WHERE s.is_final GROUP BY 1, 2
                """),
            SQLStatement("SELECT position FROM projection_progress"),
        ])
        open = try found[0].map { (try $0[0].text, try $0[1].text, try $0[2].text, try $0[3].int64) }
        finished = try found[1].map { (try $0[0].int64, try $0[1].text, try $0[2].int64) }
        position = try found[2][0][0].int64
    }

    func answer(_ path: String) throws -> JSONValue {
        if path.hasPrefix("/events") { return ["last": .integer(position), "items": []] }
        if path.hasPrefix("/datamart/finished") {
            return [
                "from": "2026-01-01",
                "items": .array(
                    finished.map {
                        [
                            "day": .string(CivilDate(daysSince1970: Int($0.day)).description),
                            "status": .string($0.status), "count": .integer($0.count),
                        ]
                    }),
            ]
        }
        #expect(path.hasPrefix("/queues"))
        let (growing, more) = looks.withLock { state in
            let more = state.count
            state.count += 1
            return (state.growing, more)
        }
        return [
            "items": .array(
                open.map { row in
                    let place = CheckMart.Place(endpoint: row.endpoint, category: row.category, status: row.member)
                    return [
                        "endpoint": .string(row.endpoint), "category": .string(row.category),
                        row.member: .integer(row.count + (place == growing ? more : 0)),
                    ]
                }), "next": .null,
        ]
    }
}
