import Datamart
import Domain
import Projection
import Storage
import Testing

/// Reports by mailbox read the aggregates, reports by category the events themselves: a step is in the same interval of both.
@Suite(.enabled(if: MartWorld.url != nil, "no database"), .timeLimit(.minutes(10)))
struct EmailTimesTests {
    private func step(_ revision: Int32, from: String?, to: String, at time: String) throws -> ProjectedEvent {
        let email = "0190a6d2-0000-7000-8000-000000000002"
        var data: JSONObject = [
            "emailId": .string(email), "revision": .integer(Int64(revision)), "direction": "out", "mailbox": "support",
            "to": .string(to), "actor": ["kind": "system", "id": "test"],
        ]
        data["from"] = from.map { .string($0) }
        return ProjectedEvent(
            position: Int64(revision), id: "\(email)-\(revision)", subject: email, kind: "email.\(to)",
            revision: revision, at: try #require(Instant(rfc3339: time)), data: data)
    }

    @Test func `a clock that is behind at midnight has it the same way by mailbox and by category`() async throws {
        try await MartWorld.with { world in
            try await world.apply([
                step(1, from: nil, to: "draft", at: "2026-03-24T00:00:00.100Z"),
                step(2, from: "draft", to: "queued", at: "2026-03-23T23:59:59.900Z"),
                step(3, from: "queued", to: "sent", at: "2026-03-24T00:00:02Z"),
            ])
            let days = try await world.pool.query(
                """
                SELECT (SELECT string_agg(a.day::text, ',') FROM agg_email_day a JOIN dim_time_zone z USING (zone_key)
                        WHERE z.name = 'UTC' AND a.queued = 1),
                    (SELECT string_agg((at AT TIME ZONE 'UTC')::date::text, ',') FROM email_event_fact WHERE to_state = 'queued'),
                    (SELECT sum(send_ms)::bigint FROM agg_email_15m)
                """)
            #expect(try days[0][0].text == days[0][1].text)
            // How long it took goes by the message's own time, which never goes back.
            #expect(try days[0][2].int64 == 1900)
            #expect(try await world.mismatches() == [])
        }
    }
}
