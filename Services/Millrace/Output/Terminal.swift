import Foundation
import Glibc

/// Standard output and standard error, and what kind of screen they are.
enum Terminal {
    /// Whether standard output is a screen that can be redrawn.
    static let isScreen = isatty(STDOUT_FILENO) == 1 && ProcessInfo.processInfo.environment["TERM"] != "dumb"

    /// Columns of the screen; 120 when it is none.
    static var columns: Int {
        var size = winsize()
        guard isScreen, ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return 120 }
        return Int(size.ws_col)
    }

    /// Writes text as it is, at once. Nothing is said when the reader has gone.
    static func write(_ text: String, to descriptor: Int32 = STDOUT_FILENO) {
        var bytes = Array(text.utf8)[...]
        while !bytes.isEmpty {
            let written = bytes.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if written < 0, errno == EINTR { continue }
            guard written > 0 else { return }
            bytes = bytes.dropFirst(written)
        }
    }

    /// A line on standard output.
    static func line(_ text: String = "") { write(text + "\n") }

    /// A line on standard error.
    static func complain(_ text: String) { write("millrace: \(text)\n", to: STDERR_FILENO) }
}

/// A block of lines that is drawn over itself on a screen; elsewhere each drawing is one line.
struct RedrawnBlock {
    private var height = 0

    /// Draws the lines in place of those drawn before, cut at the width of the screen.
    mutating func draw(_ lines: [String]) {
        let width = Terminal.columns
        var text = height > 0 ? "\u{1B}[\(height)A" : ""
        for line in lines { text += "\u{1B}[2K" + String(line.prefix(width)) + "\n" }
        // What was longer before is wiped.
        if height > lines.count {
            let rest = height - lines.count
            text += String(repeating: "\u{1B}[2K\n", count: rest) + "\u{1B}[\(rest)A"
        }
        Terminal.write(text)
        height = lines.count
    }
}
