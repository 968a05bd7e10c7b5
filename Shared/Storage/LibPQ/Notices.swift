import CLibPQ
import Logging

/// Writes the server's notices and warnings to the log, without values.
final class Notices {
    private let logger: Logger
    /// The statements under way; names that occur in them may be shown.
    var statements: [SQLStatement] = []

    /// Whether the server has announced that it ends the connection.
    private(set) var isEnding = false

    init(logger: Logger) { self.logger = logger }

    /// The handle keeps a plain pointer; the session owns both and frees the handle first.
    func attach(to handle: OpaquePointer) {
        PQsetNoticeReceiver(handle, receiveNotice, Unmanaged.passUnretained(self).toOpaque())
    }

    fileprivate func receive(_ result: OpaquePointer) {
        let severity = diagnostic(result, Diagnostic.severity) ?? "NOTICE"
        // It comes as a notice when nothing is under way, and before the socket closes.
        if severity == "FATAL" || severity == "PANIC" { isEnding = true }
        let text = diagnostic(result, Diagnostic.message) ?? ""
        let shown = Redaction.withoutValues(text, sql: statements.map(\.sql).joined(separator: "\n"))
        logger.log(
            level: severity == "WARNING" ? .warning : .debug, "PostgreSQL says",
            metadata: [
                "severity": "\(severity)", "text": "\(shown)",
                "sqlState": "\(diagnostic(result, Diagnostic.sqlState) ?? "")",
            ])
    }
}

private func receiveNotice(_ argument: UnsafeMutableRawPointer?, _ result: OpaquePointer?) {
    guard let argument, let result else { return }
    Unmanaged<Notices>.fromOpaque(argument).takeUnretainedValue().receive(result)
}
