import Datamart
import Domain
import Foundation
import Storage
import Testing

@Suite struct DirectoryTests {
    private static func instant(_ text: String) -> Int64 { Instant(rfc3339: text)?.milliseconds ?? 0 }

    @Test func `an Info Mart's agents with groups and their validity`() throws {
        let people = InfoMart.people(
            resources: [
                [
                    "resource_key": 1, "resource_name": "erik.k", "employee_id": "erik", "agent_first_name": "Erik",
                    "agent_last_name": "Karlsson", "gmt_start_time": "2025-01-01T00:00:00",
                ],
                ["resource_key": 2, "resource_name": "mia", "employee_id": .null, "gmt_start_time": 1_735_689_600],
            ],
            members: [
                [
                    "resource_key": 1, "group_name": "Desk", "start_ts": 1_767_225_600, "end_ts": 1_772_323_200,
                    "active_flag": 0,
                ],
                [
                    "resource_key": 1, "group_name": "Back office", "start_ts": 1_772_323_200, "end_ts": 2_145_916_800,
                    "active_flag": 1,
                ],
            ])
        #expect(people.map(\.agent) == ["erik", "mia"])
        #expect(people[0].displayName == "Erik Karlsson")
        #expect(people[1].displayName == "mia")
        #expect(people[0].team(at: Self.instant("2026-02-01T00:00:00Z")) == "Desk")
        #expect(people[0].team(at: Self.instant("2026-04-01T00:00:00Z")) == "Back office")
        #expect(people[0].team(at: Self.instant("2025-12-01T00:00:00Z")) == nil)
        #expect(people[0].stretches.map(\.team) == [nil, "Desk", "Back office"])
        #expect(people[0].stretches.map(\.name) == Array(repeating: "Erik Karlsson", count: 3))
    }

    @Test func `an agent who was renamed in an Info Mart had the old name until then`() {
        func resource(_ key: Int64, _ name: String, _ from: String) -> JSONValue {
            [
                "resource_key": .integer(key), "resource_name": "e", "employee_id": "erik",
                "agent_first_name": "Erik", "agent_last_name": .string(name), "gmt_start_time": .string(from),
            ]
        }
        // In any order, and with rows that say nothing new.
        let people = InfoMart.people(
            resources: [
                resource(3, "Berg", "2026-05-01T00:00:00"), resource(1, "Ek", "2025-01-01T00:00:00"),
                resource(2, "Berg", "2026-03-01T00:00:00"),
            ],
            members: [
                ["resource_key": 1, "group_name": "Desk", "start_ts": 1_772_323_200, "end_ts": 0, "active_flag": 1]
            ])
        #expect(people.map(\.displayName) == ["Erik Berg"])
        // 2026-03-01T00:00:00Z is when both change.
        #expect(
            people[0].stretches == [
                .init(from: Self.instant("2025-01-01T00:00:00Z"), name: "Erik Ek", team: nil),
                .init(from: Self.instant("2026-03-01T00:00:00Z"), name: "Erik Berg", team: "Desk"),
            ])
        #expect(people[0].name(at: Self.instant("2020-01-01T00:00:00Z")) == "Erik Ek", "the first that is known")
    }

    @Test(.enabled(if: MartWorld.url != nil, "no database"))
    func `an agent who has gone keeps name and team, and there is one of each at every instant`() async throws {
        func erik(_ team: String, isActive: Bool = true) -> DirectoryPerson {
            DirectoryPerson(
                agent: "erik", displayName: isActive ? "Erik" : nil,
                groups: isActive ? [(team, DirectoryPerson.Period(from: 0))] : [], skills: [], isActive: isActive)
        }
        try await MartWorld.with { world in
            for (minute, person) in [
                (0, erik("Desk")), (20, erik("Night")), (40, erik("", isActive: false)), (60, erik("Day")),
            ] {
                _ = try await world.target.storeDirectory(
                    [person], knowsPast: false, at: Instant(milliseconds: Life.at(Double(minute))), fence: world.fence)
                let now = try await world.pool.query("SELECT display_name, team FROM dim_agent WHERE agent = 'erik'")
                #expect(try now[0][0].text == "Erik")
                #expect(try now[0][1].text == (minute == 40 ? "Night" : person.groups[0].name))
            }
            func team(_ minute: Double) async throws -> [String] {
                try await world.pool.query(
                    """
                    SELECT p.team FROM dim_agent_period p JOIN dim_agent USING (agent_key)
                    WHERE agent = 'erik' AND $1 >= p.valid_from AND $1 < p.valid_to
                    """, [.timestamp(milliseconds: Life.at(minute))]
                ).map { try $0[0].text }
            }
            #expect(try await team(-1000) == ["Desk"], "the first that is known")
            #expect(try await team(19.9) == ["Desk"])
            #expect(try await team(20) == ["Night"])
            #expect(try await team(50) == ["Night"])
            #expect(try await team(1000) == ["Day"])
            let nobody = try await world.pool.query(
                "SELECT count(*), count(team) FROM dim_agent_period WHERE agent_key = 0")
            #expect(try nobody[0][0].int64 == 1 && (try nobody[0][1].int64) == 0)
        }
    }

    @Test(.enabled(if: MartWorld.url != nil, "no database"))
    func `a name or team that changes holds from then on, and the past stays`() async throws {
        func erik(_ name: String, _ team: String) -> DirectoryPerson {
            DirectoryPerson(
                agent: "erik", displayName: name, groups: [(team, DirectoryPerson.Period(from: 0))], skills: [team])
        }
        try await MartWorld.with { world in
            for (minute, person) in [
                (0, erik("Erik", "Desk")), (10, erik("Erik", "Desk")), (20, erik("Erik", "Night")),
            ] {
                _ = try await world.target.storeDirectory(
                    [person], knowsPast: false, at: Instant(milliseconds: Life.at(Double(minute))), fence: world.fence)
            }
            let rows = try await world.pool.query(
                """
                SELECT a.agent, a.team, h.team, h.valid_from, h.valid_to FROM dim_agent a JOIN dim_agent_history h USING (agent_key)
                ORDER BY h.valid_from
                """)
            #expect(rows.count == 2)
            #expect(try rows.map { try $0[2].text } == ["Desk", "Night"])
            #expect(try rows[0][4].milliseconds == Life.at(20))
            #expect(rows[1][4].isNull)
            #expect(try rows[0][1].text == "Night")
            let skills = try await world.pool.query("SELECT s.name FROM agent_skill JOIN dim_skill s USING (skill_key)")
            #expect(try skills.map { try $0[0].text } == ["Night"])
            let groups = try await world.pool.query(
                "SELECT group_name, valid_to IS NULL FROM dim_agent_group ORDER BY group_name")
            #expect(try groups.map { try $0[1].bool } == [false, true])
        }
    }

    @Test(.enabled(if: MartWorld.url != nil, "no database"))
    func `an Info Mart's word replaces what was known`() async throws {
        let first = DirectoryPerson.Period(from: Life.at(-1000), to: Life.at(-500))
        let person = DirectoryPerson(
            agent: "erik", displayName: "Erik Karlsson",
            groups: [("Desk", first), ("Night", DirectoryPerson.Period(from: Life.at(-500)))])
        try await MartWorld.with { world in
            for _ in 0..<2 {
                _ = try await world.target.storeDirectory(
                    [person], knowsPast: true, at: Instant(milliseconds: Life.at(0)), fence: world.fence)
            }
            let rows = try await world.pool.query("SELECT team, valid_from FROM dim_agent_history ORDER BY valid_from")
            #expect(rows.count == 2)
            #expect(try rows.map { try $0[0].text } == ["Desk", "Night"])
            #expect(try rows[1][1].milliseconds == Life.at(-500))
        }
    }

    /// Two groups of one name, two resources of one employee, one row twice; beginnings are equal or not known.
    @Test(.enabled(if: MartWorld.url != nil, "no database"))
    func `what an Info Mart says twice is stored once`() async throws {
        func member(
            _ resource: Int64, _ group: String, _ start: JSONValue, _ end: JSONValue, active: Int64
        ) -> JSONValue {
            [
                "resource_key": .integer(resource), "group_name": .string(group), "start_ts": start, "end_ts": end,
                "active_flag": .integer(active),
            ]
        }
        func resource(_ key: Int64) -> JSONValue {
            ["resource_key": .integer(key), "employee_id": "erik", "agent_first_name": "Erik", "gmt_start_time": .null]
        }
        let people = InfoMart.people(
            resources: [resource(1), resource(2)],
            members: [
                member(1, "Desk", .null, 1_772_323_200, active: 0), member(2, "Desk", .null, 1_767_225_600, active: 0),
                member(1, "Night", 1_772_323_200, 1_775_000_000, active: 0),
                member(1, "Night", 1_772_323_200, .null, active: 1),
                member(2, "Night", 1_772_323_200, 1_773_000_000, active: 0),
            ])
        #expect(people.count == 1)
        #expect(people[0].groups.map(\.name) == ["Desk", "Night"])
        #expect(
            people[0].groups.map(\.period) == [.init(from: 0, to: 1_772_323_200_000), .init(from: 1_772_323_200_000)])
        try await MartWorld.with { world in
            for _ in 0..<2 {
                _ = try await world.target.storeDirectory(
                    people, knowsPast: true, at: Instant(milliseconds: Life.at(0)), fence: world.fence)
            }
            let rows = try await world.pool.query(
                "SELECT group_name, valid_to IS NULL FROM dim_agent_group ORDER BY group_name")
            #expect(try rows.map { try $0[0].text } == ["Desk", "Night"])
            #expect(try rows.map { try $0[1].bool } == [false, true])
        }
    }

    @Test(.enabled(if: MartWorld.url != nil, "no database"))
    func `between two copies an agent is renamed, leaves a team and joins it again`() async throws {
        typealias Period = DirectoryPerson.Period
        func present(_ name: String, _ teams: [String]) -> DirectoryPerson {
            DirectoryPerson(agent: "erik", displayName: name, groups: teams.map { ($0, Period(from: 0)) })
        }
        // An Info Mart tells the same, each time of all that was.
        let name = DirectoryPerson.Name(text: "Erik Ek", from: Life.at(0))
        let married = DirectoryPerson.Name(text: "Erik Berg", from: Life.at(10))
        let joined: [(name: String, period: Period)] = [("Desk", Period(from: Life.at(0)))]
        let left: [(name: String, period: Period)] = [("Desk", Period(from: Life.at(0), to: Life.at(20)))]
        func past(_ names: [DirectoryPerson.Name], _ groups: [(name: String, period: Period)]) -> DirectoryPerson {
            DirectoryPerson(agent: "erik", displayName: names.last?.text, names: names, groups: groups)
        }
        let copies: [(knowsPast: Bool, people: [DirectoryPerson])] = [
            (
                false,
                [
                    present("Erik Ek", ["Desk"]), present("Erik Berg", ["Desk"]), present("Erik Berg", []),
                    present("Erik Berg", ["Desk"]),
                ]
            ),
            (
                true,
                [
                    past([name], joined), past([name, married], joined), past([name, married], left),
                    past([name, married], left + [("Desk", Period(from: Life.at(30)))]),
                ]
            ),
        ]
        for (knowsPast, people) in copies {
            try await MartWorld.with { world in
                for (index, person) in people.enumerated() {
                    _ = try await world.target.storeDirectory(
                        [person], knowsPast: knowsPast, at: Instant(milliseconds: Life.at(Double(index) * 10)),
                        fence: world.fence)
                }
                func known(at minute: Double) async throws -> [String] {
                    let rows = try await world.pool.query(
                        """
                        SELECT p.display_name, coalesce(p.team, '') FROM dim_agent_period p JOIN dim_agent USING (agent_key)
                        WHERE agent = 'erik' AND $1 >= p.valid_from AND $1 < p.valid_to
                        """, [.timestamp(milliseconds: Life.at(minute))])
                    return try rows.flatMap { [try $0[0].text, try $0[1].text] }
                }
                #expect(try await known(at: 5) == ["Erik Ek", "Desk"], "knows the past: \(knowsPast)")
                #expect(try await known(at: 15) == ["Erik Berg", "Desk"])
                #expect(try await known(at: 25) == ["Erik Berg", ""])
                #expect(try await known(at: 35) == ["Erik Berg", "Desk"])
                let groups = try await world.pool.query(
                    "SELECT valid_from, valid_to FROM dim_agent_group WHERE group_name = 'Desk' ORDER BY valid_from")
                #expect(try groups.map { try $0[0].milliseconds } == [Life.at(0), Life.at(30)])
                #expect(try groups[0][1].milliseconds == Life.at(20))
                #expect(groups[1][1].isNull)
                let now = try await world.pool.query("SELECT display_name, team FROM dim_agent WHERE agent = 'erik'")
                #expect(try now[0][0].text == "Erik Berg" && (try now[0][1].text) == "Desk")
            }
        }
    }

    @Test func `a token is kept, renewed before its end, and used on while the endpoint is away`() async throws {
        let endpoint = Endpoint()
        let tokens = WorkspaceTokens(clock: { endpoint.now }, post: { try await endpoint.post($0, $1, $2) })
        let secret: JSONObject = ["clientId": "mart", "clientSecret": "s:cret"]
        func token() async throws -> String { try await tokens.token(tokenUrl: "https://gws/auth", secret: secret) }
        #expect(await tokens.isDue("https://gws/auth"))
        #expect(try await token() == "token 1")
        #expect(try await token() == "token 1")
        #expect(await !tokens.isDue("https://gws/auth"))
        // Basic mart:s%3Acret
        #expect(endpoint.authorization == "Basic bWFydDpzJTNBY3JldA==")
        endpoint.pass(.seconds(85))
        #expect(await tokens.isDue("https://gws/auth"))
        #expect(try await token() == "token 2")
        endpoint.isAway = true
        endpoint.pass(.seconds(90))
        #expect(try await token() == "token 2", "it is good for ten seconds yet")
        await #expect(throws: (any Error).self, "whoever renews is told all the same") {
            try await tokens.renew(tokenUrl: "https://gws/auth", secret: secret)
        }
        #expect(await tokens.isDue("https://gws/auth"))
        #expect(try await token() == "token 2", "what is kept stays")
        endpoint.pass(.seconds(20))
        await #expect(throws: (any Error).self) { try await token() }
        endpoint.isAway = false
        #expect(try await tokens.renew(tokenUrl: "https://gws/auth", secret: secret) == "token 3")
        #expect(try await token() == "token 3")
    }
}

/// A token endpoint that can be away, with a clock of its own.
private final class Endpoint: @unchecked Sendable {
    // One task uses it at a time.
    private(set) var now = ContinuousClock.now
    private(set) var authorization = ""
    private var given = 0
    var isAway = false

    func pass(_ duration: Duration) { now += duration }

    func post(_ url: String, _ headers: [(name: String, value: String)], _ form: String) async throws -> (Int, [UInt8])
    {
        if isAway { throw CancellationError() }
        authorization = headers.first { $0.name == "authorization" }?.value ?? ""
        given += 1
        return (200, Array(#"{"access_token": "token \#(given)", "expires_in": 100}"#.utf8))
    }
}
