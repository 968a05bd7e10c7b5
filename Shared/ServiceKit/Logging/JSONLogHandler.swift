import Domain
import Foundation
import Logging
import Synchronization

/// One JSON object a line: `time`, `level`, `logger`, `message`, `source` and the metadata under their own names.
public struct JSONLogHandler: LogHandler {
    /// What every record of this logger carries.
    public var metadata: Logger.Metadata = [:]
    /// Metadata of the task at hand.
    public var metadataProvider: Logger.MetadataProvider?
    /// Least level that is written.
    public var logLevel: Logger.Level

    private let label: String
    private let output: LogOutput
    private let secrets: KnownSecrets

    /// - Parameters:
    ///   - label: the logger's name.
    ///   - level: least level that is written.
    ///   - output: where to.
    ///   - secrets: what is replaced in every text.
    public init(
        label: String, level: Logger.Level = .info, output: LogOutput = .standardError, secrets: KnownSecrets = .shared,
        metadataProvider: Logger.MetadataProvider? = nil
    ) {
        self.label = label
        logLevel = level
        self.output = output
        self.secrets = secrets
        self.metadataProvider = metadataProvider
    }

    /// Makes every logger of the process write JSON lines. Call once, first thing.
    public static func bootstrap(level: Logger.Level, output: LogOutput = .standardError) {
        LoggingSystem.bootstrap { label in JSONLogHandler(label: label, level: level, output: output) }
    }

    /// One piece of what every record carries.
    public subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    /// Writes one record.
    public func log(event: LogEvent) {
        var writer = JSONWriter(capacity: 256)
        writer.object { writer in
            writer.member("time", Instant(milliseconds: currentMilliseconds()))
            writer.member("level", event.level.rawValue)
            writer.member("logger", label)
            writer.member("message", clean(event.message.description))
            writer.member("source", event.source)
            var all = metadata
            if let provided = metadataProvider?.get() { all.merge(provided) { own, _ in own } }
            if let own = event.metadata { all.merge(own) { _, own in own } }
            if let error = event.error { all["error"] = .string(String(reflecting: error)) }
            for (key, value) in all.sorted(by: { $0.key < $1.key }) {
                writer.member(Self.reserved.contains(key) ? "metadata." + key : key, json(value))
            }
        }
        output.write(writer.bytes)
    }

    private static let reserved: Set<String> = ["time", "level", "logger", "message", "source"]

    private func json(_ value: Logger.MetadataValue) -> JSONValue {
        switch value {
        case .string(let text): .string(clean(text))
        case .stringConvertible(let number as any FixedWidthInteger):
            Int64(exactly: number).map(JSONValue.integer) ?? .string("\(number)")
        case .stringConvertible(let convertible): .string(clean(convertible.description))
        case .array(let values): .array(values.map(json))
        case .dictionary(let values):
            .object(JSONObject(values.sorted { $0.key < $1.key }.map { ($0.key, json($0.value)) }))
        }
    }

    private func clean(_ text: String) -> String { secrets.redacted(text) }
}

/// Where log lines go; whole lines, one after the other.
public final class LogOutput: Sendable {
    /// The process's standard error.
    public static let standardError = LogOutput(writeToStandardError)

    private let sink: @Sendable ([UInt8]) -> Void
    private let lock = Mutex(())

    /// - Parameter sink: takes one whole line with its line end; never called twice at once.
    public init(_ sink: @escaping @Sendable ([UInt8]) -> Void) { self.sink = sink }

    func write(_ line: [UInt8]) {
        let whole = line + [UInt8(ascii: "\n")]
        lock.withLock { _ in sink(whole) }
    }
}

/// `write` until all is written; a closed standard error loses the line and nothing else.
@Sendable private func writeToStandardError(_ bytes: [UInt8]) {
    var rest = bytes[...]
    while !rest.isEmpty {
        let written = rest.withUnsafeBytes { write(STDERR_FILENO, $0.baseAddress, $0.count) }
        guard written > 0 || errno == EINTR || errno == EAGAIN else { return }
        if written > 0 { rest = rest.dropFirst(written) }
    }
}
