import Domain
import Testing
import millrace

@Suite struct FieldMappingTests {
    private let header = ["time", "incident", "impact", "size", "urgent", "tags"]

    private func record(_ fields: String...) -> CSVReader.Record {
        var reader = CSVReader(bytes: Array(CSVWriter.line(fields).utf8))
        guard case .record(let record) = try? reader.nextRow() else { fatalError("not a record") }
        return record
    }

    @Test func mapsColumnsToMembersAndAttributes() throws {
        let mapping = try RowMapping(
            [
                FieldMapping("captureId=incident"), FieldMapping("attributes.impact=impact"),
                FieldMapping("attributes.size:number=size"), FieldMapping("attributes.urgent:boolean=urgent"),
                FieldMapping("attributes.tags:list=tags"), FieldMapping("due=time"),
            ], constants: ["attributes.channel=incident", "priority=30"], header: header)
        let (captureId, body) = try mapping.body(
            of: record("2026-01-02T03:04:05Z", "INC-1", "High", "3", "yes", "a; b"))
        #expect(captureId == "INC-1")
        #expect(
            JSONValue.object(body) == [
                "captureId": "INC-1", "due": "2026-01-02T03:04:05Z", "priority": 30,
                "attributes": [
                    "impact": "High", "size": 3, "urgent": true, "tags": ["a", "b"], "channel": "incident",
                ],
            ])
        #expect((try? SubmitCommand(body: .object(body))) != nil)
    }

    @Test func emptyCellsAreLeftOut() throws {
        let mapping = try RowMapping(
            [FieldMapping("captureId=incident"), FieldMapping("attributes.size:number=size")], header: header)
        #expect(try mapping.body(of: record("", "INC-1", "", "", "", "")).body == ["captureId": "INC-1"])
        #expect(throws: MappingProblem.self) { try mapping.body(of: record("", "", "", "1", "", "")) }
    }

    @Test func wrongCellsNameTheirColumn() throws {
        let mapping = try RowMapping(
            [FieldMapping("captureId=incident"), FieldMapping("attributes.size:number=size")], header: header)
        #expect(throws: MappingProblem("column size: expected a number")) {
            try mapping.body(of: record("", "INC-1", "", "large", "", ""))
        }
    }

    @Test(arguments: ["captureId", "=incident", "captureId=", "attributes=x", "colour=x", "attributes.x:date=x"])
    func refusesWhatIsNoMapping(text: String) {
        #expect(throws: MappingProblem.self) { try FieldMapping(text) }
    }

    @Test func refusesMappingsThatDoNotFit() {
        #expect(throws: MappingProblem.self) { try RowMapping([FieldMapping("captureId=number")], header: header) }
        #expect(throws: MappingProblem.self) { try RowMapping([FieldMapping("attributes.x=impact")], header: header) }
        #expect(throws: MappingProblem.self) {
            try RowMapping([FieldMapping("captureId=incident"), FieldMapping("captureId=time")], header: header)
        }
    }

    @Test func attributesOnTheCommandLine() throws {
        #expect(AttributeArgument.read("impact=High")?.value == "High")
        #expect(AttributeArgument.read("size=3")?.value == 3)
        #expect(AttributeArgument.read("size=3.5")?.value == 3.5)
        #expect(AttributeArgument.read("urgent=true")?.value == true)
        // What would not come back as it was typed stays text.
        #expect(AttributeArgument.read("zip=01234")?.value == "01234")
        #expect(AttributeArgument.read("version=1.10")?.value == "1.10")
        #expect(AttributeArgument.read("size=\"3\"")?.value == "3")
        #expect(AttributeArgument.read("tags:=[\"a\",\"b\"]")?.value == ["a", "b"])
        #expect(AttributeArgument.read("formula=a=b")?.value == "a=b")
        #expect(AttributeArgument.read("formula=a=b")?.name == "formula")
        #expect(AttributeArgument.read("nothing") == nil)
        #expect(AttributeArgument.read("tags:=[") == nil)
        #expect(AttributeArgument.read("=x") == nil)
    }
}
