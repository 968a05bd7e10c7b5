import Domain
import Foundation

/// How far an import is. Rows are answered in any order; what counts as done is everything up to the first row that has no
/// answer yet, so that an import that goes on leaves nothing out.
public struct ImportProgress: Sendable {
    /// What became of a row.
    public enum Outcome: Sendable, Hashable {
        /// A new item.
        case accepted
        /// Known already, with the same content.
        case known
        /// Left out: a row with this captureId came before.
        case skipped
        /// Refused, with the problem; the record as fields.
        case refused(line: Int, problem: String, fields: [String])
    }

    /// All rows up to this one, counted from 1, have an outcome.
    public private(set) var done: Int
    /// New items.
    public private(set) var accepted: Int
    /// Items that were known.
    public private(set) var known: Int
    /// Rows left out.
    public private(set) var skipped: Int
    /// Rows refused.
    public private(set) var refused: Int
    private var early: [Int: Outcome] = [:]

    /// Nothing done, or what an earlier run had done.
    public init(done: Int = 0, accepted: Int = 0, known: Int = 0, skipped: Int = 0, refused: Int = 0) {
        self.done = done
        self.accepted = accepted
        self.known = known
        self.skipped = skipped
        self.refused = refused
    }

    /// Rows that have an outcome beyond `done`.
    public var waiting: Int { early.count }

    /// Notes the outcome of a row (counted from 1).
    /// - Returns: the refusals that became final, in the order of the file.
    public mutating func settle(_ row: Int, _ outcome: Outcome) -> [Outcome] {
        early[row] = outcome
        var refusals: [Outcome] = []
        while let outcome = early.removeValue(forKey: done + 1) {
            done += 1
            switch outcome {
            case .accepted: accepted += 1
            case .known: known += 1
            case .skipped: skipped += 1
            case .refused:
                refused += 1
                refusals.append(outcome)
            }
        }
        return refusals
    }
}

/// The file next to the CSV that lets an import go on where it was interrupted.
struct ImportState {
    var key: String
    var progress: ImportProgress
    /// Bytes of the file of refused rows that belong to this state.
    var rejectedBytes: UInt64
    var isComplete: Bool

    /// The state left by an earlier run with the same content, mapping and target; nil when there is none.
    static func load(_ name: String, key: String) -> ImportState? {
        guard let data = FileManager.default.contents(atPath: name), let value = try? JSONValue(parsing: Array(data)),
            value["key"]?.stringValue == key
        else { return nil }
        func count(_ name: String) -> Int { Int(clamping: value[name]?.integerValue ?? 0) }
        return ImportState(
            key: key,
            progress: ImportProgress(
                done: count("done"), accepted: count("accepted"), known: count("known"), skipped: count("skipped"),
                refused: count("refused")),
            rejectedBytes: UInt64(clamping: value["rejectedBytes"]?.integerValue ?? 0),
            isComplete: value["complete"]?.boolValue ?? false)
    }

    /// Written beside and moved, so that an interruption leaves the old state or the new one.
    func save(_ name: String) throws(CommandFailure) {
        let value: JSONValue = [
            "key": .string(key), "done": .integer(Int64(progress.done)), "accepted": .integer(Int64(progress.accepted)),
            "known": .integer(Int64(progress.known)), "skipped": .integer(Int64(progress.skipped)),
            "refused": .integer(Int64(progress.refused)), "rejectedBytes": .integer(Int64(clamping: rejectedBytes)),
            "complete": .bool(isComplete),
        ]
        do {
            try Data(value.bytes + [0x0A]).write(to: URL(fileURLWithPath: name), options: .atomic)
        } catch {
            throw CommandFailure(
                .cannotWrite, "\(name) cannot be written (\(error)); give a folder for it with --state.")
        }
    }
}
