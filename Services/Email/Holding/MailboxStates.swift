import Domain
import Logging

/// What core is told of a mailbox's connections; kept, so that only changes are told, and told again when that failed.
///
/// One report is on its way at a time: a later one must not be overtaken by an earlier one.
package actor MailboxStates {
    /// One of the two connections.
    package enum Direction: String, Sendable { case inbound, outbound }
    /// What a remark is about.
    package enum Remark: Sendable, CaseIterable { case marks, difference }
    /// How it is.
    package enum State: String, Sendable { case connected, connecting, disconnected, failing, disabled }

    private struct Side {
        var state: State
        var error: String?
        var since: Instant
    }

    private let report: @Sendable (JSONObject) async throws -> Void
    private let labels: [(String, String)]
    private let logger: Logger
    private var sides: [Direction: Side] = [:]
    private var numbers: [String: Int] = [:]
    private var renewals: [Direction: String] = [:]
    private var remarks: [Direction: [Remark: String]] = [:]
    /// Messages that the last look at the folder left out.
    private var difference = 0
    private var isTold = true
    private var isTelling = false

    /// - Parameter report: tells core.
    package init(
        labels: [(String, String)], logger: Logger, report: @escaping @Sendable (JSONObject) async throws -> Void
    ) {
        self.report = report
        self.labels = labels
        self.logger = logger
    }

    /// Notes a connection's state and tells of it.
    /// - Returns: whether that is news.
    @discardableResult
    package func note(_ direction: Direction, _ state: State, _ error: String? = nil) async -> Bool {
        // While it is tried again and again the error stays to be seen.
        if state == .connecting, let before = sides[direction]?.state, before == .failing || before == .disconnected {
            return false
        }
        var (state, error) = (state, error ?? (state == .connected ? remark(direction) : nil))
        if state == .connected, let renewal = renewals[direction] { (state, error) = (.failing, renewal) }
        let before = sides[direction]
        if let before, before.state == state, before.error == error { return false }
        sides[direction] = Side(
            state: state, error: error, since: before?.state == state ? before?.since ?? .now : .now)
        EmailMetrics.connected(state == .connected, direction.rawValue, labels)
        isTold = false
        await tell()
        return true
    }

    /// Something is wrong that does not keep the connection from working; nil: no longer.
    package func remark(_ direction: Direction, _ text: String?, about remark: Remark = .marks) async {
        remarks[direction, default: [:]][remark] = text
        if sides[direction]?.state == .connected { await note(direction, .connected) }
    }

    /// The access token cannot be renewed; nil: it can. Until its end the connection works with the old one, and is failing
    /// all the same: somebody has to act before.
    package func renewal(_ direction: Direction, _ problem: String?) async {
        let before = renewals[direction]
        renewals[direction] = problem
        if let problem {
            await note(direction, .failing, problem)
        } else if before != nil, sides[direction]?.error == before {
            // What else is wrong shows at the next try.
            await note(direction, .connected)
        }
    }

    private func remark(_ direction: Direction) -> String? {
        let all = Remark.allCases.compactMap { remarks[direction]?[$0] }
        return all.isEmpty ? nil : all.joined(separator: " ")
    }

    func unread(_ count: Int) async {
        EmailMetrics.unread(count, labels)
        await note("unread", count)
    }

    /// What a look at the folder has found.
    /// - Parameters:
    ///   - folder: messages that lie there and came since mail is taken.
    ///   - taken: how many of them core has taken.
    package func counts(folder: Int, taken: Int) async {
        EmailMetrics.difference(max(0, folder - taken), labels)
        if numbers["folderCount"] != folder { isTold = false }
        numbers["folderCount"] = folder
        await note("takenCount", taken)
    }

    /// What is left after what had not been taken was asked for. A difference that stays over two looks is for a person.
    package func compared(folder: Int, taken: Int) async {
        await counts(folder: folder, taken: taken)
        let before = difference
        difference = max(0, folder - taken)
        guard difference > 0 else { return await remark(.inbound, nil, about: .difference) }
        guard before > 0 else { return }
        logger.warning(
            "messages of the folder are not taken, however often they are asked for",
            metadata: ["count": "\(difference)"])
        await remark(
            .inbound, "\(difference) of the folder's \(folder) messages could not be taken.", about: .difference)
    }

    private func note(_ name: String, _ count: Int) async {
        if numbers[name] != count { isTold = false }
        numbers[name] = count
        await tell()
    }

    /// Connections that do not work, each with since when.
    package var troubles: [String] {
        sides.filter { $0.value.state == .failing || $0.value.state == .disconnected }
            .map { "\($0.key.rawValue) \($0.value.state.rawValue) since \($0.value.since.rfc3339)" }.sorted()
    }

    /// Tells core unless it knows, or somebody is telling: who does goes on until core knows everything. Called now and
    /// then, too.
    package func tell() async {
        guard !isTelling else { return }
        isTelling = true
        defer { isTelling = false }
        while !isTold {
            isTold = true
            do {
                try await report(present)
            } catch {
                isTold = false
                if !(error is CancellationError) {
                    logger.debug("the mailbox's state could not be told", metadata: ["error": "\(error)"])
                }
                return
            }
        }
    }

    private var present: JSONObject {
        var report = JSONObject()
        for (direction, side) in sides {
            var entry: JSONObject = ["state": .string(side.state.rawValue)]
            entry["error"] = side.error.map(JSONValue.string)
            report[direction.rawValue] = .object(entry)
        }
        for (name, count) in numbers { report[name] = .integer(Int64(count)) }
        return report
    }
}
