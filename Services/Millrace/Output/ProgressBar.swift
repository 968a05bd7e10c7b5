import Glibc

/// How far something is, drawn over itself on standard error; nothing where that is no screen.
struct ProgressBar {
    private let total: Int64
    private let isScreen = isatty(STDERR_FILENO) == 1
    private let start = ContinuousClock.now
    private var first: (position: Int64, rows: Int)?

    /// - Parameter total: the position at the end.
    init(total: Int64) { self.total = total }

    mutating func show(_ position: Int64, _ progress: ImportProgress) {
        guard isScreen else { return }
        let first = first ?? (position, progress.done)
        self.first = first
        let line = Self.line(
            share: total > 0 ? Double(position) / Double(total) : 1, progress: progress,
            seconds: start.duration(to: .now).inSeconds,
            rows: progress.done - first.rows,
            travelled: total > 0 ? Double(position - first.position) / Double(total) : 1)
        Terminal.write("\r\u{1B}[2K" + line, to: STDERR_FILENO)
    }

    func end() {
        if isScreen, first != nil { Terminal.write("\r\u{1B}[2K", to: STDERR_FILENO) }
    }

    /// `[#####     ]  47 %  31,000 rows  2,400/s  12 refused  15s left`
    static func line(share: Double, progress: ImportProgress, seconds: Double, rows: Int, travelled: Double) -> String {
        let part = min(1, max(0, share))
        let full = Int(part * 30)
        var text = "[" + String(repeating: "#", count: full) + String(repeating: " ", count: 30 - full) + "] "
        text += "\(Int(part * 100)) %  \(progress.done) rows"
        if seconds > 0 { text += "  \(Int(Double(rows) / seconds))/s" }
        if progress.refused > 0 { text += "  \(progress.refused) refused" }
        if travelled > 0.01, part < 1 {
            text += "  \(TextFormats.span(seconds: (seconds * (1 - part) / travelled).rounded())) left"
        }
        return text
    }
}
