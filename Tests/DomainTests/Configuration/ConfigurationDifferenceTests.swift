import Domain
import Testing

@Suite("The difference between two configurations")
struct ConfigurationDifferenceTests {
    @Test("Nothing changes when only the writing does")
    func nothing() throws {
        let other = try SampleConfiguration.replacing(#""30s""#, with: "\"PT0.5M\"")
        #expect(SampleConfiguration.problems(other) == [])
        #expect(try changes(other).isEmpty)
    }

    @Test(
        "Changes are told by name, not by position",
        arguments: [
            (#""acceptWithin": "30s""#, #""limit": 5"#, ["added /endpoints/second-line/limit: 5"]),
            (#""capacity": 3"#, #""capacity": 4"#, ["changed /agents/anna/capacity: 3 → 4"]),
            (
                #""13:00-17:00""#, #""13:00-18:00""#,
                [
                    #"removed /calendars/office/weekly/mon/13:00-17:00: "13:00-17:00""#,
                    #"added /calendars/office/weekly/mon/13:00-18:00: "13:00-18:00""#,
                ]
            ),
            (
                "[2, 2000]", "[2, 2500]",
                ["changed /schemas/urgent/points: [[0,500],[2,2000]] → [[0,500],[2,2500]]"]
            ),
            (
                #""schema": "urgent""#, #""schema": "standard", "holdPausesSLA": true"#,
                [
                    #"changed /categories/Incidents/children/Major/schema: "urgent" → "standard""#,
                    "added /categories/Incidents/children/Major/holdPausesSLA: true",
                ]
            ),
            (#""skills": ["java", "sap"]"#, #""skills": ["sql", "java", "sap"]"#, [#"added /skills/sql: "sql""#]),
        ])
    func changes(part: String, replacement: String, expected: [String]) throws {
        let changes = try changes(SampleConfiguration.replacing(part, with: replacement))
        #expect(changes.map(\.description) == expected)
    }

    @Test("A new order is told, because categories are tried in order")
    func order() {
        let before: JSONValue = ["categories": [["name": "a"], ["name": "b"], ["name": "c"]]]
        let after: JSONValue = ["categories": [["name": "b"], ["name": "d"], ["name": "a"]]]
        #expect(
            ConfigurationDifference.changes(from: before, to: after).map(\.description) == [
                #"removed /categories/c: {"name":"c"}"#, #"added /categories/d: {"name":"d"}"#,
                #"reordered /categories: ["a","b"] → ["b","a"]"#,
            ])
        #expect(ConfigurationDifference.changes(from: ["skills": ["a", "b"]], to: ["skills": ["b", "a"]]).isEmpty)
    }

    @Test("The first configuration of a tenant is all additions")
    func first() throws {
        let configuration = try TenantConfiguration.validate(
            SampleConfiguration.parsed(SampleConfiguration.text), now: SampleConfiguration.now
        ).get()
        let changes = ConfigurationDifference.changes(from: nil, to: configuration)
        #expect(changes.allSatisfy { $0.kind == .added && $0.before == nil })
        #expect(changes.map(\.path).contains("/endpoints/second-line"))
        #expect(changes.first?.document["path"] == "/tenant")
    }

    private func changes(_ other: JSONValue) throws -> [ConfigurationChange] {
        let before = try TenantConfiguration.validate(
            SampleConfiguration.parsed(SampleConfiguration.text), now: SampleConfiguration.now
        ).get()
        let after = try TenantConfiguration.validate(other, now: SampleConfiguration.now).get()
        return ConfigurationDifference.changes(from: before, to: after)
    }
}
