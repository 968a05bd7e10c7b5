import Domain
import Testing
import millrace

@Suite struct IncidentTests {
    private let log = """
        time,incident,status,substatus,support_team,support_line,owner,country,organisation,impact,product
        2012-05-01T08:00:00Z,A,Accepted,In Progress,G96,A2_4,Anna,POLAND,Org line C,Low,PROD1
        2012-05-01T08:00:30Z,B,Accepted,In Progress,S42,A2_4,Emil,Sweden,Org line C,Medium,PROD2
        2012-05-01T08:10:00Z,A,Queued,Awaiting Assignment,G97,A2_5,Anna,POLAND,Org line C,Low,PROD1
        2012-05-01T09:00:00Z,A,Accepted,In Progress,G97,A2_5,Olga,POLAND,Org line C,Low,PROD1
        2012-05-01T09:05:00Z,A,Completed,Resolved,G97,A2_5,Olga,POLAND,Org line C,Low,PROD1
        2012-05-03T08:00:30Z,B,Completed,Resolved,S42,A2_4,Emil,Sweden,Org line C,Medium,PROD2
        2012-05-04T08:00:00Z,C,Accepted,In Progress,S42,A2_4,Emil,Sweden,Org line C,Medium,PROD2
        """

    private func journeys() throws -> [IncidentJourney] {
        var reader = CSVReader(bytes: Array(log.utf8))
        guard case .record(let header) = try reader.nextRow() else { return [] }
        var replay = try ReplayIncidents(header: header.fields)
        while case .record(let record) = try reader.nextRow() { try replay.add(record, prefix: "r/") }
        return replay.journeys(seconds: 90)
    }

    @Test func aReplayFollowsTeamsAndWork() throws {
        let journeys = try journeys()
        #expect(journeys.map(\.captureId) == ["r/A", "r/B", "r/C"])
        #expect(journeys[0].stays == [.init(team: "G96", work: 600), .init(team: "G97", work: 300)])
        // Two days in progress count as one long session.
        #expect(journeys[1].stays == [.init(team: "S42", work: 8 * 3600)])
        #expect(journeys[2].stays == [.init(team: "S42", work: 0)])
        #expect(journeys[0].attributes["impact"] == "Low")
    }

    @Test func longGapsAreShortened() throws {
        // 30 s to the second; days to the third count as a minute.
        #expect(try journeys().map(\.arrival) == [0, 30, 90])
    }

    @Test func aLogWithoutAColumnIsRefused() {
        #expect(throws: MappingProblem.self) { try ReplayIncidents(header: ["time", "incident"]) }
    }

    @Test func generatedIncidentsFollowTheLog() {
        let journeys = GenerateIncidents().journeys(count: 20_000, seconds: 100, prefix: "x", seed: 5)
        #expect(journeys == GenerateIncidents().journeys(count: 20_000, seconds: 100, prefix: "x", seed: 5))
        #expect(Set(journeys.map(\.captureId)).count == 20_000)
        #expect(zip(journeys, journeys.dropFirst()).allSatisfy { $0.arrival <= $1.arrival })
        #expect(journeys.allSatisfy { (0..<100).contains($0.arrival) && !$0.stays.isEmpty })
        func share(_ test: (IncidentJourney) -> Bool) -> Double { Double(journeys.count(where: test)) / 20_000 }
        // 4,045 of 7,554 are Medium, 3,734 stay with one team, 1,863 of 6,663 come to G96, and at 8:00 to 14:00 UTC, which is
        // 3/24 to 9/24 of a day that begins at 5:00, come 3,711 of 7,344.
        #expect(abs(share { $0.attributes["impact"] == "Medium" } - 0.535) < 0.02)
        #expect(abs(share { $0.attributes["team"] == "G96" } - 0.28) < 0.02)
        #expect(abs(share { $0.stays.count == 1 } - 0.494) < 0.06)
        #expect(abs(share { $0.arrival >= 12.5 && $0.arrival < 37.5 } - 0.505) < 0.02)
    }
}

@Suite struct DemoRouteTests {
    private func desks() throws -> DemoDesks {
        let document: JSONValue = [
            "tenant": "demo",
            "schemas": [["name": "standard", "unit": "hours", "sla": 8, "points": [[0, 100], [8, 1000]]]],
            "skills": ["java"],
            "endpoints": [["name": "first"], ["name": "second"], ["name": "third"]],
            "categories": [
                [
                    "name": "Java",
                    "when": ["all": [["attribute": "product", "is": "J"], ["attribute": "team", "is": "A"]]],
                    "endpoint": "first", "schema": "standard", "requiredSkills": ["java"],
                ],
                [
                    "name": "Second", "when": ["attribute": "team", "is": "B"], "endpoint": "second",
                    "schema": "standard",
                ],
                [
                    "name": "Third", "when": ["attribute": "team", "is": "C"], "endpoint": "third",
                    "schema": "standard",
                ],
                ["name": "Rest", "endpoint": "first", "schema": "standard"],
            ],
            "agents": [
                ["id": "anna", "name": "Anna", "skills": ["java"], "endpoints": ["first", "second"], "capacity": 2],
                ["id": "emil", "name": "Emil", "endpoints": ["second", "third"], "capacity": 2],
            ],
            "sources": [["name": "vinst", "defaults": ["channel": "incident"]]],
        ]
        return DemoDesks(
            try TenantConfiguration.validate(document, now: Instant(milliseconds: 1_780_000_000_000)).get(),
            source: "vinst")
    }

    private func journey(_ teams: String..., product: String, work: Double = 100) -> IncidentJourney {
        IncidentJourney(
            captureId: "x", attributes: ["team": .string(teams[0]), "product": .string(product)], arrival: 0,
            stays: teams.map { .init(team: $0, work: work) })
    }

    @Test func routesLeadToWhereTheNextTeamWorks() throws {
        let route = try #require(
            try desks().routes(for: [journey("A", "B", "C", product: "X")], seconds: 100, occupancy: 0.5).first)
        #expect(route.steps.map(\.endpoint) == ["first", "second", "third"])
    }

    @Test func aHandOverThatNobodyCouldTakeIsLeftOut() throws {
        // Java is known at the first and second endpoint only.
        let route = try #require(
            try desks().routes(for: [journey("A", "C", "B", product: "J")], seconds: 100, occupancy: 0.5).first)
        #expect(route.steps.map(\.endpoint) == ["first", "second"])
        #expect(route.steps[0].work == 2 * route.steps[1].work)
    }

    @Test func workIsScaledToTheBusiestDesk() throws {
        let routes = try desks().routes(
            for: Array(repeating: journey("C", product: "X"), count: 40) + [journey("B", product: "X")], seconds: 100,
            occupancy: 0.5)
        // Emil gives half of a capacity of 2 to the third endpoint: 100 s, half of which are taken, 40 times 50 ms by offers.
        let work = routes.filter { $0.steps[0].endpoint == "third" }.reduce(0) { $0 + $1.steps[0].work }
        #expect(abs(work - 48) < 0.001)
    }
}
