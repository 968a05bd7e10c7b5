import Domain
import Testing

@Suite("A tenant's configuration, refused")
struct ConfigurationProblemTests {
    @Test("Without the schema that it mentions the example has one problem, at its path")
    func missingSchema() throws {
        let document = try SampleConfiguration.replacing(#""name": "urgent""#, with: #""name": "urgently""#)
        let problems = SampleConfiguration.problems(document)
        #expect(problems.map(\.path) == ["/categories/0/children/0/schema"])
        #expect(
            problems.first?.message
                == #"There is no schema "urgent". Did you mean "urgently"? Known: standard, urgently."#)
    }

    @Test(
        "One fault, one problem, at its path",
        arguments: [
            (#""tenant": "demo","#, "", "/tenant"), (#""demo""#, #""De mo""#, "/tenant"),
            (#""skills": ["java", "sap"]"#, #""skils": ["java", "sap"], "skills": ["java", "sap"]"#, "/skils"),
            ("Europe/Stockholm", "Europe/Stokholm", "/calendars/0/timeZone"),
            (#""mon": ["#, #""mon": ["11:00-12:30", "#, "/calendars/0/weekly/mon/1"),
            ("08:00-12:00", "12:00-08:00", "/calendars/0/weekly/mon/0"),
            ("08:00-12:00", "08:00-24:01", "/calendars/0/weekly/mon/0"),
            (#""tue""#, #""tues""#, "/calendars/0/weekly/tues"), ("2026-12-25", "2026-02-30", "/calendars/0/closed/0"),
            (#"{"mon": ["08:00-12:00", "13:00-17:00"], "tue": ["08:00-17:00"]}"#, "{}", "/calendars/0"),
            (
                #"{"mon": ["08:00-12:00", "13:00-17:00"], "tue": ["08:00-17:00"]}"#, #"{"mon": ["08:00-08:00"]}"#,
                "/calendars/0"
            ),
            (#""name": "office", "#, #""name": "office", "always": 1, "#, "/calendars/0/always"),
            ("hours", "fortnights", "/schemas/0/unit"), (#""sla": 8, "#, "", "/schemas/0/sla"),
            ("[6, 300]", "[9, 300]", "/schemas/0/points/2"), ("[6, 300]", #"[6, "x"]"#, "/schemas/0/points/1"),
            ("[[0, 100], [6, 300], [8, 1000], [24, 1500]]", "[]", "/schemas/0/points"),
            ("[8, 1000]", "[8, 1e305]", "/schemas/0/points/2"),
            (#""endpoints": [{"#, #""endpoints": [{"name": "second-line"}, {"#, "/endpoints/1/name"),
            (#"["java", "sap"]"#, #"["java", "sap", "java"]"#, "/skills/2"),
            ("30s", "30 seconds", "/endpoints/0/acceptWithin"), ("30s", "2d", "/endpoints/0/acceptWithin"),
            (
                #""missedOffersUntilNotReady": 3"#, #""missedOffersUntilNotReady": 0"#,
                "/endpoints/0/missedOffersUntilNotReady"
            ),
            (#""missedOffersUntilNotReady""#, #""missedOffersUntilReady""#, "/endpoints/0/missedOffersUntilReady"),
            (#""calendar": "office""#, #""calendar": "factory""#, "/categories/0/calendar"),
            (#""requiredSkills": ["java"]"#, #""requiredSkills": ["java", "jave"]"#, "/categories/0/requiredSkills/1"),
            (#""endpoint": "second-line", "schema""#, #""endpoint": "first-line", "schema""#, "/categories/0/endpoint"),
            (#""is": "incident""#, #""iz": "incident""#, "/categories/0/when/all/0/iz"),
            (#""in": ["Major", "High"]"#, #""in": "Major""#, "/categories/0/children/0/when/any/0/in"),
            (#"{"all": ["#, #"{"any": [], "all": ["#, "/categories/0/when"),
            (
                #"{"any": [{"attribute": "impact", "in": ["Major", "High"]}]}"#, #"{"any": []}"#,
                "/categories/0/children/0/when/any"
            ),
            (#"{"any": [{"attribute": "impact", "in": ["Major", "High"]}]}"#, "null", "/categories/0/children/0/when"),
            (#""name": "Major""#, #""name": "Incidents""#, "/categories/0/children/0/name"),
            (#""name": "Major""#, #""name": "A/B""#, "/categories/0/children/0/name"),
            (#""skills": ["java"], "endp"#, #""skills": ["cobol"], "endp"#, "/agents/0/skills/0"),
            (#""endpoints": ["second-line"]"#, #""endpoints": ["third-line"]"#, "/agents/0/endpoints/0"),
            (#""capacity": 3"#, #""capacity": 2.5"#, "/agents/0/capacity"),
            (#""capacity": 3"#, #""groups": ["night"]"#, "/agents/0/groups/0"),
            (#""id": "anna""#, #""id": 7"#, "/agents/0/id"),
            (#""agents": ["#, #""agents": [{"id": "anna"}, "#, "/agents/1/id"),
            (#""agents": ["#, #""groups": ["anna"], "agents": ["#, "/groups/0"),
            (#"{"channel": "incident"}"#, #"{"channel": {"a": 1}}"#, "/sources/0/defaults/channel"),
            (#""name": "vinst""#, #""name": "vinst", "topic": "a b""#, "/sources/0/topic"),
            (
                #""name": "vinst""#, #""name": "vinst", "replies": {"events": ["finished"]}"#,
                "/sources/0/replies/events/0"
            ),
            (
                #""name": "vinst""#, #""name": "vinst", "replies": {"webhook": {"url": "ftp://x", "secretRef": "x"}}"#,
                "/sources/0/replies/webhook/url"
            ),
            (
                #""name": "vinst""#, #""name": "vinst", "topic": "t", "replies": {"topic": "t"}"#,
                "/sources/0/replies/topic"
            ),
            (#""name": "vinst""#, #""name": "vinst", "quota": {"perDay": 5}"#, "/sources/0/quota/perSecond"),
            (#""tenant": "demo""#, #""tenant": "demo", "retention": {"finalItems": 6}"#, "/retention/finalItems"),
        ])
    func oneFault(part: String, replacement: String, path: String) throws {
        let problems = SampleConfiguration.problems(try SampleConfiguration.replacing(part, with: replacement))
        #expect(problems.map(\.path) == [path], "\(problems)")
    }

    @Test("A whole that is no object is refused")
    func noObject() {
        #expect(SampleConfiguration.problems([]).map(\.path) == [""])
        #expect(SampleConfiguration.problems("tenant: demo").map(\.path) == [""])
    }

    @Test("All faults are told at once")
    func manyFaults() throws {
        let document = try SampleConfiguration.parsed(
            """
            {"tenant": 5, "calendars": [{"name": "a", "timeZone": "Mars/Olympus", "weekly": {"mon": ["x", "25:00-26:00"]}}],
             "schemas": [{"name": "s", "unit": "hours", "sla": -1, "points": [[5, 1], [4, 2], [3, 3]]}],
             "categories": [{"name": "c", "schema": "t", "when": {"attribute": "a"}}, {"schema": "s"}],
             "agents": ["anna"], "extra": 1}
            """)
        #expect(
            SampleConfiguration.problems(document).map(\.path) == [
                "/extra", "/tenant", "/calendars/0/weekly/mon/0", "/calendars/0/weekly/mon/1", "/calendars/0/timeZone",
                "/schemas/0/sla", "/schemas/0/points/1", "/schemas/0/points/2", "/categories/0/when",
                "/categories/1/name", "/agents/0", "/categories/0/schema", "/categories/0/endpoint",
                "/categories/1/endpoint",
            ])
    }

    @Test("A tree without end is refused at its eleventh level, conditions likewise")
    func depth() {
        var category: JSONObject = ["name": "deepest", "endpoint": "e", "schema": "s"]
        for level in 0..<30 { category = ["name": .string("c\(level)"), "children": [.object(category)]] }
        let paths = SampleConfiguration.problems(["tenant": "x", "categories": [.object(category)]]).map(\.path)
        #expect(paths == ["/categories/0" + String(repeating: "/children/0", count: 10)])

        var condition: JSONValue = ["attribute": "a", "is": 1]
        for _ in 0..<30 { condition = ["not": condition] }
        let document: JSONValue = ["tenant": "x", "categories": [["name": "c", "when": condition]]]
        let expected = "/categories/0/when" + String(repeating: "/not", count: 10)
        #expect(SampleConfiguration.problems(document).contains { $0.path == expected })
    }

    @Test("An agent may take from at most 64 lanes that fall")
    func fallingLanes() throws {
        func document(_ categories: Int) -> JSONValue {
            [
                "tenant": "x", "endpoints": [["name": "e"]],
                "skills": .array((0..<categories).map { .string("s\($0)") }),
                "schemas": [["name": "down", "unit": "hours", "sla": 1, "points": [[0, 9], [8, 1]]]],
                "categories": .array(
                    (0..<categories).map {
                        .object([
                            "name": .string("c\($0)"), "when": ["attribute": "n", "is": .integer(Int64($0))],
                            "endpoint": "e", "schema": "down", "requiredSkills": [.string("s\($0)")],
                        ])
                    }),
                "agents": [
                    ["id": "few", "endpoints": ["e"], "skills": ["s1"]],
                    ["id": "all", "endpoints": ["e"], "skills": .array((0..<categories).map { .string("s\($0)") })],
                ],
            ]
        }
        #expect(SampleConfiguration.problems(document(64)).isEmpty)
        #expect(SampleConfiguration.problems(document(65)).map(\.path) == ["/agents/1"])
    }

    @Test("No value anywhere in the document, however odd, does worse than a problem")
    func oddValues() throws {
        let whole = try SampleConfiguration.parsed(SampleConfiguration.everything)
        let odd: [JSONValue] = [
            .null, true, -1, 1e300, "", "x", .string(String(repeating: "å", count: 5_000)), [], [[[]]], [:],
            ["name": 1], [.null], ["a", "a"], .integer(.min), .integer(.max), .number(-1e300),
        ]
        for _ in 0..<3_000 {
            let spoilt = spoil(whole, with: odd.randomElement() ?? .null)
            switch TenantConfiguration.validate(spoilt, now: SampleConfiguration.now) {
            case .success(let configuration):
                #expect(SampleConfiguration.problems(configuration.document).isEmpty)
            case .failure(let failure): #expect(!failure.problems.isEmpty)
            }
        }
    }

    /// Replaces one value, picked by walking down at random.
    private func spoil(_ value: JSONValue, with odd: JSONValue) -> JSONValue {
        if Int.random(in: 0..<5) == 0 { return odd }
        switch value {
        case .array(var elements) where !elements.isEmpty:
            let index = Int.random(in: elements.indices)
            elements[index] = spoil(elements[index], with: odd)
            return .array(elements)
        case .object(var object) where !object.isEmpty:
            let index = Int.random(in: object.members.indices)
            object.members[index].value = spoil(object.members[index].value, with: odd)
            return .object(object)
        default: return odd
        }
    }
}
