import Domain

/// A report's answer as a table with small charts.
public struct ReportText: Sendable {
    /// One column of a report, as the answer describes it.
    public struct Column: Sendable, Hashable {
        /// What a column holds.
        public enum Kind: String, Sendable {
            case dimension, time, text, count, seconds, percent, ratio
        }
        /// Member of a row.
        public let name: String
        /// What stands above it.
        public let title: String
        /// What it holds; what this program does not know is shown as text.
        public let kind: Kind
        /// Whether it is worth a bar.
        public let isMain: Bool

        init?(_ value: JSONValue) {
            guard let name = value["name"]?.stringValue else { return nil }
            self.name = name
            title = value["title"]?.stringValue ?? name
            kind = value["kind"]?.stringValue.flatMap(Kind.init(rawValue:)) ?? .text
            isMain = value["main"]?.boolValue ?? false
        }

        var isNumber: Bool {
            switch kind {
            case .count, .seconds, .percent, .ratio: true
            case .dimension, .time, .text: false
            }
        }
    }

    private let answer: JSONValue
    private let columns: [Column]
    private let rows: [JSONValue]

    /// - Parameters:
    ///   - answer: the first page.
    ///   - rows: the rows of all pages.
    public init(answer: JSONValue, rows: [JSONValue]) {
        self.answer = answer
        self.rows = rows
        columns = (answer["columns"]?.arrayValue ?? []).compactMap(Column.init)
    }

    /// The lines: what it is about, the table with its totals, and the course of the main measures over time.
    public var lines: [String] {
        [heading, ""] + table + course + notes
    }

    private var heading: String {
        let name = TextFormats.cell(answer["title"])
        let zone = TextFormats.cell(answer["timeZone"])
        let from = Self.cell(answer["from"], .time)
        let to = Self.cell(answer["to"], .time)
        return "\(name), \(from) to \(to) (\(zone))"
    }

    private var table: [String] {
        // Measures that are nothing in every row only make the table wide.
        let shown = columns.filter { column in
            !column.isNumber || column.isMain || rows.contains { ($0[column.name]?.numberValue ?? 0) != 0 }
        }
        let charted = shown.first { $0.isMain }
        let highest = charted.map { main in rows.compactMap { $0[main.name]?.numberValue }.max() ?? 0 } ?? 0
        var table = TextTable(
            shown.map { $0.isNumber ? .number($0.title) : .text($0.title, width: 48) }
                + (charted.map { [.text("▏" + $0.title, width: 24)] } ?? []))
        for row in rows {
            let bar = charted.map { TextChart.bar(row[$0.name]?.numberValue ?? 0, of: highest) }
            table.add(shown.map { Self.cell(row[$0.name], $0.kind) } + (bar.map { [$0] } ?? []))
        }
        if let totals = answer["totals"], totals.objectValue?.isEmpty == false, rows.count > 1 {
            var isFirst = true
            table.add(
                shown.map { column in
                    defer { isFirst = false }
                    return isFirst && !column.isNumber ? "total" : Self.cell(totals[column.name], column.kind)
                })
        }
        return rows.isEmpty ? ["Nothing in this period."] : table.lines
    }

    /// Over time, a line for each main measure.
    private var course: [String] {
        guard columns.first?.kind == .time, columns.filter({ $0.kind == .dimension || $0.kind == .time }).count == 1,
            rows.count > 1
        else { return [] }
        let main = columns.filter { $0.isMain && $0.isNumber }
        let width = main.map(\.title.count).max() ?? 0
        return [""]
            + main.map { column in
                let values = rows.map { $0[column.name]?.numberValue }
                let highest = values.compactMap { $0 }.max() ?? 0
                let title = column.title + String(repeating: " ", count: width - column.title.count)
                let line = TextChart.sparkline(TextChart.condensed(values, to: 72))
                return "\(title)  \(line)  at most \(Self.cell(.number(highest), column.kind))"
            }
    }

    private var notes: [String] {
        var notes: [String] = []
        if let asOf = answer["asOf"], let time = asOf["time"]?.stringValue {
            notes.append("Complete up to event \(TextFormats.cell(asOf["position"])) of \(time).")
        }
        if let day = answer["asOf"]?["historyFrom"]?.stringValue {
            notes.append("What happened before \(day) was purged.")
        }
        return notes.isEmpty ? [] : [""] + notes
    }

    /// A value as its column's kind is shown.
    public static func cell(_ value: JSONValue?, _ kind: Column.Kind) -> String {
        switch (kind, value?.numberValue) {
        case (.seconds, let number?): TextFormats.span(seconds: number < 60 ? number : number.rounded())
        case (.percent, let number?): TextFormats.number(number) + " %"
        case (.count, let number?): TextFormats.number(number, decimals: number == number.rounded() ? 0 : 1)
        case (.ratio, let number?): TextFormats.number(number, decimals: 2)
        case (.time, _): value?.stringValue.map { String($0.prefix(16)).replacing("T", with: " ") } ?? ""
        default: TextFormats.cell(value)
        }
    }
}
