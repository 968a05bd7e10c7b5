import Datamart
import Domain
import Testing

/// The service levels as the mart keeps them.
@Suite(.enabled(if: MartWorld.url != nil, "no database"), .timeLimit(.minutes(10)))
struct ServiceLevelTargetTests {
    private func targets(_ world: MartWorld) async throws -> [String] {
        try await world.pool.query(
            "SELECT concat_ws(' ', category, percent, valid_from, coalesce(valid_to::text, '-')) FROM sla_target ORDER BY 1"
        ).map { try $0[0].text }
    }

    @Test func `those of a category that is gone hold for what happened under it`() async throws {
        var settings = MartSettings.forTests()
        let from = try #require(CivilDate("2026-01-01"))
        let next = try #require(CivilDate("2026-02-01"))
        settings.mart.slaTargets = [
            SLATarget(category: "Incidents/Major", percent: 95, from: from),
            SLATarget(category: "Incidents/Major", percent: 99, from: next),
            SLATarget(category: "Requests", percent: 80, from: from),
        ]
        try await MartWorld.with(settings: settings) { world in
            let first = ["Incidents/Major 95 2026-01-01 2026-02-01", "Incidents/Major 99 2026-02-01 -"]
            #expect(try await targets(world) == first + ["Requests 80 2026-01-01 -"])
            // It is called otherwise from 2 April on, in Stockholm.
            var renamed = try #require(settings.versions[2])
            renamed.appliedAt = try #require(Instant(rfc3339: "2026-04-01T22:30:00Z"))
            renamed.calendars["Incidents/Critical"] = renamed.calendars.removeValue(forKey: "Incidents/Major")
            settings.versions[3] = renamed
            settings.mart.slaTargets = [SLATarget(category: "Incidents/Critical", percent: 98, from: from)]
            for _ in 0..<2 {
                try await world.target.storeSettings(settings, fence: world.fence)
                #expect(
                    try await targets(world) == [
                        "Incidents/Critical 98 2026-01-01 -", "Incidents/Major 95 2026-01-01 2026-02-01",
                        "Incidents/Major 99 2026-02-01 2026-04-02",
                    ])
                // A version later it is what it was.
                renamed.appliedAt = try #require(Instant(rfc3339: "2026-05-01T22:30:00Z"))
                settings.versions[4] = renamed
            }
        }
    }
}
