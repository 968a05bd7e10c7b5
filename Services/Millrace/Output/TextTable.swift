/// A table in plain text: columns as wide as their widest cell, numbers to the right.
public struct TextTable: Sendable {
    /// One column.
    public struct Column: Sendable {
        /// What stands above it.
        public var title: String
        /// Whether its cells stand at the right edge, as numbers do.
        public var alignsRight: Bool
        /// Characters after which a cell is cut.
        public var width: Int

        /// A column of text.
        public static func text(_ title: String, width: Int = 60) -> Column {
            Column(title: title, alignsRight: false, width: width)
        }

        /// A column of numbers.
        public static func number(_ title: String) -> Column {
            Column(title: title, alignsRight: true, width: 40)
        }
    }

    private let columns: [Column]
    private var rows: [[String]] = []

    /// An empty table with these columns.
    public init(_ columns: [Column]) { self.columns = columns }

    /// Adds a row; cells that are missing stay empty, and control characters in cells become blanks.
    public mutating func add(_ cells: [String?]) {
        rows.append(
            columns.indices.map { index in
                let cell = index < cells.count ? cells[index] ?? "" : ""
                let printable = String(cell.map { $0.isNewline || ($0.asciiValue ?? 32) < 32 ? " " : $0 })
                let width = columns[index].width
                return printable.count > width ? printable.prefix(width - 1) + "…" : printable
            })
    }

    /// The lines: the titles, then the rows, without blanks at their ends.
    public var lines: [String] {
        let widths = columns.indices.map { index in
            rows.reduce(columns[index].title.count) { max($0, $1[index].count) }
        }
        return ([columns.map(\.title)] + rows).map { cells in
            var line = ""
            for (index, cell) in cells.enumerated() {
                if index > 0 { line += "  " }
                let space = String(repeating: " ", count: widths[index] - cell.count)
                line += columns[index].alignsRight ? space + cell : cell + space
            }
            while line.last == " " { line.removeLast() }
            return line
        }
    }

    /// The lines as one text, each ended by a line break.
    public var text: String { lines.joined(separator: "\n") + "\n" }
}
