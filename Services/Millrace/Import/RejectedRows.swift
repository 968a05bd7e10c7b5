import Domain
import Foundation

/// `FILE.rejected.csv`: the refused rows with line and reason before their columns, so that it can be corrected and imported
/// with the same mapping. It is made when the first row is refused.
final class RejectedRows {
    private let name: String
    private let header: [String]
    private var handle: FileHandle?
    private var bytes: UInt64
    private var pending = ""

    /// - Parameter keeping: bytes that an earlier run wrote and that still count; what stands behind them is cut off.
    init(_ name: String, header: [String], keeping: UInt64) throws(CommandFailure) {
        self.name = name
        self.header = header
        bytes = keeping
        if keeping > 0 {
            try open()
        } else {
            try? FileManager.default.removeItem(atPath: name)
        }
    }

    func add(_ refusal: ImportProgress.Outcome) throws(CommandFailure) {
        guard case .refused(let line, let problem, let fields) = refusal else { return }
        pending += CSVWriter.line([String(line), problem.replacing("\n", with: " ")] + fields)
    }

    /// Writes what was added.
    /// - Returns: the size of the file.
    func flush() throws(CommandFailure) -> UInt64 {
        guard !pending.isEmpty else { return bytes }
        if handle == nil { try open() }
        let text = bytes == 0 ? CSVWriter.line(["rejectedLine", "problem"] + header) + pending : pending
        pending = ""
        do { try handle?.write(contentsOf: Data(text.utf8)) } catch {
            throw CommandFailure(.cannotWrite, "\(name) cannot be written: \(error)")
        }
        bytes += UInt64(text.utf8.count)
        return bytes
    }

    func close() { try? handle?.close() }

    private func open() throws(CommandFailure) {
        if !FileManager.default.fileExists(atPath: name) {
            _ = FileManager.default.createFile(atPath: name, contents: nil)
            // The earlier run's file has gone; the rows that it listed are not listed again.
            bytes = 0
        }
        do {
            let handle = try FileHandle(forUpdating: URL(fileURLWithPath: name))
            try handle.truncate(atOffset: min(bytes, try handle.seekToEnd()))
            try handle.seekToEnd()
            self.handle = handle
        } catch { throw CommandFailure(.cannotWrite, "\(name) cannot be written: \(error)") }
    }
}
