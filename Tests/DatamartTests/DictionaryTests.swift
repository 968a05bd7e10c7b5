import Datamart
import Foundation
import Storage
import Testing

/// deploy/datamart/dictionary.md says what the schema is: every table, column and measure, and nothing else.
@Suite(.enabled(if: MartWorld.url != nil, "no database"), .timeLimit(.minutes(10)))
struct DictionaryTests {
    @Test func `the dictionary lists every table and column with its type, and each is explained`() async throws {
        let dictionary = try Dictionary(text: Self.file("deploy/datamart/dictionary.md"))
        try await MartWorld.with { world in
            // Tables as tools see them: partitions are their parents'.
            let rows = try await world.pool.query(
                """
                SELECT c.table_name::text, c.column_name::text, c.data_type::text FROM information_schema.columns c
                JOIN pg_class k ON k.relname = c.table_name AND k.relnamespace = quote_ident(c.table_schema)::regnamespace
                WHERE c.table_schema IN ($1, $1 || '_control') AND NOT k.relispartition AND c.table_name <> 'schema_migration'
                """, [.text(world.schema)])
            var schema: Set<String> = []
            for row in rows {
                let type = dictionary.shortened(try row[2].text)
                let column = try row[1].text
                let isMeasure = dictionary.isMeasure(column, of: try row[0].text)
                schema.insert("\(try row[0].text).\(column)\(isMeasure ? "" : " \(type)")")
            }
            #expect(schema.subtracting(dictionary.columns) == [], "in the schema and not in the dictionary")
            #expect(dictionary.columns.subtracting(schema) == [], "in the dictionary and not in the schema")
        }
        #expect(dictionary.unexplained == [])
    }

    @Test func `every measure has its formula and its test`() throws {
        let page = MeasuresPage(text: try Self.file("deploy/datamart/measures.md"))
        for column in Measure.allCases.map(\.column) + AgentMeasure.allCases.map(\.column)
            + EmailMeasure.allCases.map(\.column)
        {
            #expect(page.columns.contains(column), "\(column) has no formula")
        }
        let tests = try ["MeasuresTests", "IntervalsTests", "EmailMeasuresTests"].flatMap {
            try Self.testNames(in: "Tests/DatamartTests/\($0).swift")
        }
        for row in page.rows {
            let name = row.name.lowercased().replacing(" %", with: "")
            #expect(tests.contains { $0 == name || $0.hasPrefix(name + " ") }, "\(row.name) has no test")
            #expect(row.formula.count > 10, "\(row.name) is not explained")
        }
        #expect(page.rows.count >= 40)
    }

    @Test func `reports work out what the page of measures says`() throws {
        let page = MeasuresPage(text: try Self.file("deploy/datamart/measures.md"))
        func term(_ sum: String) -> String {
            guard let parts = ReportFlow.expressions[sum]?.split(separator: " + ") else { return "`\(sum)`" }
            return "(" + parts.map { "`\($0)`" }.joined(separator: " + ") + ")"
        }
        for report in ReportCatalogue.all {
            for measure in report.measures {
                switch measure.formula {
                case .sum(let sum), .seconds(let sum):
                    #expect(page.columns.contains(sum), "\(measure.name) of \(report.title)")
                case .mean(let sum, let whole), .share(let sum, let whole), .ratio(let sum, let whole):
                    let quotient = "\(term(sum)) / \(term(whole))"
                    #expect(page.rows.contains { $0.column == quotient }, "\(quotient), which is \(measure.name)")
                case .opening(let level), .closing(let level):
                    let condition = report.levels.first { $0.name == level }?.condition
                    let column = condition.map { "`sum(backlog_*.change)` before an instant, where `\($0)`" }
                    #expect(
                        page.rows.contains { $0.column == column }, "\(condition ?? level), which is \(measure.name)")
                }
            }
        }
    }

    @Test func `the columns of the aggregates are the measures, in order`() async throws {
        try await MartWorld.with { world in
            for aggregate in Aggregate.allCases {
                for (suffix, interval) in [("15m", ["starts_at"]), ("day", ["day", "zone_key"])] {
                    let columns = try await world.pool.query(
                        """
                        SELECT column_name::text FROM information_schema.columns WHERE table_schema = $1 AND table_name = $2
                        ORDER BY ordinal_position
                        """, [.text(world.schema), .text("\(aggregate.table)_\(suffix)")])
                    #expect(
                        try columns.map { try $0[0].text } == interval + aggregate.keyColumns + aggregate.measureColumns
                    )
                }
            }
        }
    }

    /// What tests are called before their colon, one by one: of `held, and hold time: …` "held" and "hold time".
    private static func testNames(in path: String) throws -> [String] {
        try file(path).split(separator: "\n").flatMap { line -> [String] in
            let words = line.drop { $0 == " " }
            guard let place = words.range(of: "func "), words.hasPrefix("@Test") || words.hasPrefix("func ") else {
                return []
            }
            let rest = words[place.upperBound...]
            let isQuoted = rest.hasPrefix("`")
            let title = rest.drop { $0 == "`" }.prefix { isQuoted ? $0 != "`" && $0 != ":" : $0 != "(" }
            let names = title.lowercased().replacing(", and ", with: ", ").replacing(" and ", with: ", ")
            return names.split(separator: ", ").map(String.init)
        }
    }

    private static func file(_ path: String) throws -> String {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        return try String(contentsOf: root.appending(path: path), encoding: .utf8)
    }
}

/// The table of measures.md, read.
private struct MeasuresPage {
    private(set) var rows: [(name: String, column: String, formula: String)] = []
    /// Names between backquotes in the second column.
    private(set) var columns: Set<String> = []

    init(text: String) {
        for line in text.split(separator: "\n") where line.hasPrefix("| ") {
            let cells = line.split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces) }
            guard cells.count == 3, cells[0] != "measure" else { continue }
            rows.append((cells[0], cells[1], cells[2]))
            for (index, part) in cells[1].split(separator: "`", omittingEmptySubsequences: false).enumerated()
            where !index.isMultiple(of: 2) { columns.insert(String(part)) }
        }
    }
}

/// The page, read.
private struct Dictionary {
    /// `table.column type`; measures without type.
    private(set) var columns: Set<String> = []
    private(set) var unexplained: [String] = []
    private var measures: [String: [String]] = [:]
    private var families: [String: String] = [:]

    init(text: String) throws {
        var tables: [String] = []
        var group: String?
        for line in text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init) {
            if line.hasPrefix("### Measures of ") {
                group = String(line.dropFirst(16))
                tables = []
            } else if line.hasPrefix("### ") {
                group = nil
                tables = line.dropFirst(4).split(separator: ",").map { $0.filter { $0 != "`" && $0 != " " } }
            } else if line.hasPrefix("## ") {
                (group, tables) = (nil, [])
            } else if line.hasPrefix("| `") {
                add(line, tables, group)
            } else if line.hasPrefix("| *measures of ") {
                let name = String(line.dropFirst(15).prefix { $0 != "*" })
                for table in tables { families[table] = name }
            }
        }
        for (table, name) in families { for column in measures[name] ?? [] { columns.insert("\(table).\(column)") } }
    }

    private mutating func add(_ line: String, _ tables: [String], _ group: String?) {
        let cells = line.split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces) }
        let column = cells[0].filter { $0 != "`" }
        if cells.last.map({ $0.count < 3 }) != false { unexplained.append(line) }
        if let group { measures[group, default: []].append(column) }
        for table in tables where cells.count == 3 { columns.insert("\(table).\(column) \(cells[1])") }
    }

    func isMeasure(_ column: String, of table: String) -> Bool {
        families[table].flatMap { measures[$0] }?.contains(column) ?? false
    }

    func shortened(_ type: String) -> String {
        switch type {
        case "timestamp with time zone": "timestamptz"
        case "double precision": "float8"
        default: type
        }
    }
}
