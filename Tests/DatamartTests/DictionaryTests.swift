import Datamart
import Foundation
import Storage
import Testing

/// deploy/datamart/dictionary.md says what the schema is: every table, column and measure, and nothing else.
@Suite(.enabled(if: MartWorld.url != nil, "no database"), .timeLimit(.minutes(1)))
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
        let measures = try Self.file("deploy/datamart/measures.md")
        let tests = try Self.file("Tests/DatamartTests/MeasuresTests.swift")
        let columns =
            Measure.allCases.map(\.column) + AgentMeasure.allCases.map(\.column)
            + ["agg_email_*", "sends", "send_ms", "backlog_*"]
        for column in columns where column != "away_ms" {
            #expect(measures.contains("`\(column)`") || measures.contains(column), "\(column) has no formula")
        }
        for name in [
            "entered", "offered and accepted", "missed", "completed, canceled, rejected", "held", "backlog", "overdue",
            "pending overdue", "finished overdue", "age bands", "within SLA", "average wait before accept",
            "handle time",
            "finish time, elapsed and in business time", "hold time", "transferred", "reopened",
        ] { #expect(tests.contains(name), "\(name) has no test") }
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

    private static func file(_ path: String) throws -> String {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        return try String(contentsOf: root.appending(path: path), encoding: .utf8)
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
