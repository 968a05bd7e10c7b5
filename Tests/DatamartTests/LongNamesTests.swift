import Datamart
import Domain
import Foundation
import Projection
import Storage
import Testing

/// Names that are long, or look like others: each keeps its row of a dimension, whatever is remembered.
@Suite(.enabled(if: MartWorld.url != nil, "no database"), .timeLimit(.minutes(10)))
struct LongNamesTests {
    /// An item that comes in.
    private func item(
        _ number: Int64, to: String = "queued", category: String = "Incidents", _ attributes: JSONObject
    ) -> ProjectedEvent {
        let id = UUIDv7.next().uuidString.lowercased()
        return ProjectedEvent(
            position: number, id: "\(id)-1", subject: id, kind: "workitem.submit", revision: 1,
            at: Instant(milliseconds: Life.at(Double(number))),
            data: [
                "workItemId": .string(id), "captureId": .string("C-\(number)"), "sourceName": "vinst", "revision": 1,
                "action": "submit", "to": .string(to), "actor": ["kind": "source", "id": "vinst"], "weight": 1,
                "category": .string(category), "endpoint": "desk", "activation": "2026-03-23T08:00:00.000Z",
                "configurationVersion": 1, "attributes": .object(attributes),
            ])
    }

    @Test func `a long value is found again when nothing is remembered`() async throws {
        let long = String(repeating: "Ångström ", count: 40)
        try await MartWorld.with { world in
            var world = world
            for number in 1...3 {
                try await world.apply([item(Int64(number), ["country": .string(long), "impact": .string(long)])])
                try await world.elect()
            }
            let rows = try await world.pool.query(
                "SELECT slot, attribute, value FROM dim_custom WHERE slot > 0 ORDER BY slot")
            #expect(try rows.map { try $0[1].text } == ["country", "impact"])
            // Cut by itself: the attribute's name takes nothing of it.
            #expect(try rows.map { try $0[2].text } == Array(repeating: String(long.prefix(200)), count: 2))
            #expect(try await world.mismatches() == [])
        }
    }

    @Test func `other dimensions take long names, too`() async throws {
        let long = String(repeating: "long name ", count: 30)
        let attributes: JSONObject = [
            "customer": .string(long), "segment": .string(long), "product": .string(long), "mediaType": .string(long),
        ]
        try await MartWorld.with { world in
            var world = world
            for number in 1...3 {
                try await world.apply([item(Int64(number), attributes)])
                try await world.elect()
            }
            for table in ["dim_customer", "dim_segment", "dim_product"] {
                let rows = try await world.pool.query("SELECT name FROM \(table) WHERE name LIKE 'long%'")
                #expect(try rows.map { try $0[0].text } == [String(long.prefix(200))], "\(table)")
            }
            #expect(try await world.mismatches() == [])
        }
    }

    @Test func `values that look alike do not stop the mart`() async throws {
        let (one, two) = ("Caf\u{E9}", "Cafe\u{301}")
        try await MartWorld.with { world in
            var world = world
            try await world.apply([item(1, ["country": .string(one), "customer": .string(one)])])
            try await world.elect()
            // The first is no step that there is, but its names are looked up.
            try await world.apply([
                item(2, to: "unheard of", ["country": .string(two), "customer": .string(two)]),
                item(3, ["country": .string(one), "customer": .string(one)]),
            ])
            let keys = try await world.pool.query("SELECT DISTINCT custom_1, customer_key FROM task_fact")
            #expect(keys.count == 1)
            #expect(try await world.mismatches() == [])
        }
    }

    @Test func `deep categories that differ at the end are not one`() async throws {
        let names = (0..<10).map { String(repeating: String($0), count: 100) }
        let other = String(repeating: "x", count: 100)
        let paths = [names, Array(names.dropLast()) + [other]].map { $0.joined(separator: "/") }
        #expect(paths.allSatisfy { $0.utf8.count == 1009 })
        try await MartWorld.with { world in
            var world = world
            for number in 1...4 {
                try await world.apply([item(Int64(number), category: paths[number % 2], [:])])
                try await world.elect()
            }
            let rows = try await world.pool.query(
                """
                SELECT d.path, d.level_10, d.name, count(*) FROM task_fact JOIN dim_category d USING (category_key)
                GROUP BY d.category_key ORDER BY d.path
                """)
            #expect(try rows.map { try $0[0].text } == paths)
            #expect(try rows.map { try $0[1].text } == [names[9], other])
            #expect(try rows.map { try $0[2].text } == [names[9], other])
            #expect(try rows.map { try $0[3].int64 } == [2, 2])
            #expect(try await world.mismatches() == [])
        }
    }
}
