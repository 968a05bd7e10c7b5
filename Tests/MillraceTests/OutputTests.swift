import Domain
import Testing
import millrace

@Suite struct OutputTests {
    @Test func columnsAreAsWideAsTheirCells() {
        var table = TextTable([.text("name"), .number("count"), .text("note", width: 6)])
        table.add(["anna", "3", "a longer note"])
        table.add(["b", "1200"])
        table.add(["two\nlines", nil, ""])
        #expect(
            table.lines == [
                "name       count  note", "anna           3  a lon…", "b           1200", "two lines",
            ])
    }

    @Test(
        arguments: [
            (0, "0ms"), (350, "350ms"), (1000, "1s"), (59_999, "59s"), (250_000, "4m 10s"), (3_600_000, "1h"),
            (11_100_000, "3h 5m"), (187_200_000, "2d 4h"), (-5000, "-5s"),
        ] as [(Int64, String)])
    func spansAreShort(milliseconds: Int64, text: String) {
        #expect(TextFormats.span(milliseconds: milliseconds) == text)
    }

    @Test func numbersHaveAPoint() {
        #expect(TextFormats.number(3.14159, decimals: 2) == "3.14")
        #expect(TextFormats.number(0.05, decimals: 2) == "0.05")
        #expect(TextFormats.number(-0.5) == "-0.5")
        #expect(TextFormats.number(12, decimals: 0) == "12")
        #expect(TextFormats.number(.infinity) == "-")
        #expect(TextFormats.percent(1, of: 3) == "33.3 %")
        #expect(TextFormats.percent(0, of: 0) == "-")
    }

    @Test func changesReadAsADifference() {
        #expect(
            ConfigurationChangeText.line(["path": "/endpoints/a/limit", "kind": "changed", "before": 3, "after": 5])
                == "~ /endpoints/a/limit: 3 -> 5")
        #expect(
            ConfigurationChangeText.line(["path": "/skills/java", "kind": "added", "after": "java"])
                == "+ /skills/java: \"java\"")
        #expect(
            ConfigurationChangeText.line(["path": "/skills/sap", "kind": "removed", "before": "sap"])
                == "- /skills/sap: \"sap\"")
    }

    @Test func queuesAreAddedUpByEndpoint() {
        let rows = QueueRow.read([
            "items": [
                [
                    "endpoint": "b", "category": "x", "depth": 2, "oldest": "2026-01-02T03:04:05Z", "overdue": 1,
                    "agentsReady": 4,
                ],
                ["endpoint": "b", "category": "y", "depth": 3, "oldest": "2026-01-02T03:04:01Z", "agentsReady": 4],
                ["endpoint": "a", "category": "z", "depth": 1],
            ]
        ])
        let sums = QueueRow.byEndpoint(rows)
        #expect(sums.map(\.endpoint) == ["a", "b"])
        #expect(sums[1].depth == 5)
        #expect(sums[1].agentsReady == 4)
        #expect(sums[1].oldest == Instant(rfc3339: "2026-01-02T03:04:01Z"))
    }

    @Test func anExplanationNamesRuleCurveAndCompetitors() {
        let text = ExplanationText.lines(of: [
            "workItemId": "id-1",
            "classification": [
                "category": "Incidents/Major",
                "rules": [["category": "Incidents/Major", "because": ["impact is Major"]]],
            ],
            "ranking": [
                "schema": "urgent", "calendar": "office", "age": 90.0, "priority": 2100.5,
                "points": [[0, 2000], [3600, 5000]],
            ],
            "items": [
                [
                    "revision": 3, "offeredAt": "2026-01-02T03:04:05.000Z", "agent": "anna", "configurationVersion": 2,
                    "trigger": "arrival",
                    "chosen": [
                        "workItemId": "id-1", "priority": 2100.5, "age": 90, "laneSize": 7, "endpoint": "major",
                    ],
                    "competing": [
                        ["workItemId": "id-1", "priority": 2100.5, "age": 90],
                        ["workItemId": "id-2", "priority": 300, "age": 5, "endpoint": "desk", "schema": "standard"],
                    ],
                    "competingRest": 4, "eligibleAgents": [["agent": "anna", "idleSince": "2026-01-02T03:00:00.000Z"]],
                ]
            ],
        ]).joined(separator: "\n")
        for part in [
            "Incidents/Major: impact is Major", "schema urgent", "1h → 5000", "anna", "id-2", "4 more lanes",
            "priority 300.00",
        ] {
            #expect(text.contains(part), "\(part) in \(text)")
        }
    }

    @Test func eventsAreFiltered() {
        let event: JSONValue = [
            "type": "millrace.workitem.completed", "subject": "id-1",
            "data": ["captureId": "INC-1", "sourceName": "vinst"],
        ]
        #expect(EventFilter().takes(event))
        #expect(EventFilter(types: ["workitem"]).takes(event))
        #expect(EventFilter(types: ["millrace.workitem.completed"]).takes(event))
        #expect(!EventFilter(types: ["agent", "workitem.comp"]).takes(event))
        #expect(EventFilter(item: "vinst/INC-1").takes(event))
        #expect(EventFilter(item: "id-1").takes(event))
        #expect(!EventFilter(item: "web/INC-1").takes(event))
    }

    @Test(arguments: [0, 1, 5, 1023, 1024, 1025, 100_000, 987_654_321] as [Int64])
    func theEndOfAFeedIsFoundWithFewQuestions(last: Int64) async throws {
        var questions = 0
        let found = try await FeedEnd.search { position in
            questions += 1
            return position >= last
        }
        #expect(found == last)
        #expect(questions < 70)
    }

    @Test func commandsAreWhatTheServiceReads() throws {
        let event = try JSONValue(
            parsing: CommandEvent.submit(
                id: "e-1", tenant: "demo", source: "vinst", body: Array("{\"captureId\":\"INC-1\"}".utf8)))
        let envelope = try CloudEventEnvelope(event: event)
        #expect(envelope.captureId == "INC-1")
        #expect((envelope.tenant, envelope.source, envelope.action) == ("demo", "vinst", .submit))
    }
}
