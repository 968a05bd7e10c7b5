/// Small charts out of block characters, for cells and lines of text.
public enum TextChart {
    private static let eighths = Array("▏▎▍▌▋▊▉█")
    private static let heights = Array("▁▂▃▄▅▆▇█")

    /// A bar that is `width` characters long when `value` is `highest`; an eighth of a character is the smallest step.
    /// Nothing for what is not a positive number.
    public static func bar(_ value: Double, of highest: Double, width: Int = 16) -> String {
        guard value > 0, highest > 0, value.isFinite, highest.isFinite else { return "" }
        // What is there is seen, however little it is.
        let steps = max(1, Int((min(1, value / highest) * Double(width * 8)).rounded()))
        let full = String(repeating: "█", count: steps / 8)
        return steps % 8 == 0 ? full : full + String(eighths[steps % 8 - 1])
    }

    /// One character for each value, as high as it is among them; a blank where there is none. The lowest height is 0.
    public static func sparkline(_ values: [Double?]) -> String {
        let highest = values.compactMap { $0 }.filter(\.isFinite).max() ?? 0
        return String(
            values.map { value in
                guard let value, value.isFinite else { return " " }
                guard highest > 0, value > 0 else { return heights[0] }
                return heights[min(7, Int(value / highest * 7.999))]
            })
    }

    /// At most `width` values with the same course: neighbours are averaged.
    public static func condensed(_ values: [Double?], to width: Int) -> [Double?] {
        guard values.count > width, width > 0 else { return values }
        return (0..<width).map { index in
            let part = values[(index * values.count / width)..<((index + 1) * values.count / width)].compactMap { $0 }
            return part.isEmpty ? nil : part.reduce(0, +) / Double(part.count)
        }
    }
}
