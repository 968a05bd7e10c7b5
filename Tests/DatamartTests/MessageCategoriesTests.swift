import Datamart
import Domain
import Projection
import Storage
import Testing

/// The category by which messages are counted is that of their item, whatever comes first.
@Suite(.enabled(if: MartWorld.url != nil, "no database"), .timeLimit(.minutes(10)))
struct MessageCategoriesTests {
    private let life = OneItem(customer: "Ann", country: "SE")

    private func category(_ world: MartWorld) async throws -> String {
        let rows = try await world.pool.query("SELECT c.path FROM email_fact JOIN dim_category c USING (category_key)")
        #expect(rows.count == 1)
        return try rows[0][0].text
    }

    /// Told as the mart's next event.
    private func apply(_ event: KeyPath<OneItem, ProjectedEvent>, _ position: Int64, _ world: MartWorld) async throws {
        var event = life[keyPath: event]
        event.position = position
        try await world.apply([event])
    }

    @Test func `a message that comes first gets its item's category when that comes`() async throws {
        try await MartWorld.with { world in
            try await apply(\.bounced, 1, world)
            let none = try await category(world)
            try await apply(\.submitted, 2, world)
            #expect(try await category(world) == "Incidents" && none != "Incidents")
            #expect(try await world.mismatches() == [])
        }
    }

    @Test func `an item that gets another category takes its messages along`() async throws {
        try await MartWorld.with { world in
            try await apply(\.submitted, 1, world)
            try await apply(\.bounced, 2, world)
            #expect(try await category(world) == "Incidents")
            var held = life.held
            held.position = 3
            held.data["category"] = "Requests"
            try await world.apply([held])
            #expect(try await category(world) == "Requests")
            #expect(try await world.mismatches() == [])
        }
    }

    @Test func `a message keeps the category of an item that was purged`() async throws {
        try await MartWorld.with { world in
            let day: Int64 = 86_400_000
            var message = life.bounced
            message.at = message.at + 50 * day
            try await world.apply([life.submitted, life.held, life.resumed, life.ended, message])
            var retention = DatamartRetention()
            retention.events = 30
            _ = try await world.target.clearAway(retention, at: message.at + 10 * day, fence: world.fence)
            let left = try await world.pool.query("SELECT (SELECT count(*) FROM task_fact)")
            #expect(try left[0][0].int64 == 0)
            #expect(try await category(world) == "Incidents")
        }
    }
}
