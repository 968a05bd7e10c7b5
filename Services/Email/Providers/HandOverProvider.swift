import Domain
import EmailAccess
import Foundation
import ServiceKit
import Synchronization

/// Fetches a batch of a provider's messages, reads them and hands them over to core in one call.
struct HandOverProvider: Sendable {
    let connection: any MailboxConnection
    let held: HeldInbound

    private var inbound: MailboxInbound { held.inbound }
    private var tell: TellCore { TellCore(core: held.core) }

    /// Messages that core has taken.
    struct Settled: Sendable {
        var whole: [String] = []
        /// Those that were not kept whole.
        var incomplete: [String] = []
        /// Those that came before mail is taken. What is gone is none of all these: it may come back.
        var early: [String] = []
        var ids: [String] { whole + incomplete }
    }

    /// Messages of one call.
    static let greatest = 20
    /// How many messages are fetched and read at a time.
    private static let width = 4
    /// Bytes that a message holds in memory, about: it lies in a file, and what is told of it is bounded.
    private static let held = 2 * EmailLimits.textBytes

    /// - Parameter from: messages that the provider took in before are passed over.
    /// - Parameter turn: under which they are taken.
    func callAsFunction(_ ids: [String], from: Instant, _ turn: Turn) async throws -> Settled {
        let begin = ContinuousClock.now
        var left = ids
        var settled = Settled()
        let early = Early()
        for _ in 0..<3 {
            let documents = try await turn.lending(Self.held * left.count) {
                try await self.documents(left, from: from, early)
            }
            settled.early = early.ids.withLock { $0 }
            guard !documents.isEmpty else { return settled }
            try held.requireTrust()
            let outcomes = try await tell(documents, progress: nil)
            for outcome in outcomes where outcome.isFinal {
                EmailMetrics.processed(outcome.kind, held.mailbox.labels)
                guard let id = outcome.id else { continue }
                let document = documents.first { $0["key"]?["id"]?.stringValue == id }
                let arrived = document?["receivedAt"]?.stringValue.flatMap { Instant(rfc3339: $0) }
                if let arrived, arrived.milliseconds > 0, outcome.kind != "duplicate" {
                    EmailMetrics.waited(.now - arrived)
                }
                if outcome.isIncomplete || (document.map(ReceivedDocument.isIncomplete) ?? true) {
                    settled.incomplete.append(id)
                } else {
                    settled.whole.append(id)
                }
            }
            // What others were given out meanwhile tells whether the provider is to blame.
            held.providerTroubles.given(settled.whole)
            left = outcomes.filter { !$0.isFinal }.compactMap(\.id)
            if left.isEmpty {
                EmailMetrics.took((ContinuousClock.now - begin) / ids.count)
                return settled
            }
            EmailMetrics.toRetry(held.mailbox.labels)
        }
        throw CoreError(code: .busy, status: 0, description: "core does not take some messages yet")
    }

    /// Messages that came before mail is taken, as they are found.
    private final class Early: Sendable {
        let ids = Mutex<[String]>([])
    }

    private func documents(_ ids: [String], from: Instant, _ early: Early) async throws -> [JSONValue] {
        try await TellCore.documents(of: ids, atATime: Self.width) { try await document($0, from: from, early) }
    }

    private func document(_ id: String, from: Instant, _ early: Early) async throws -> JSONValue? {
        let folder = try held.dependencies.workFolder()
        let path = "\(folder.path)/message"
        guard let message = try await download(id, to: path) else {
            return held.providerTroubles.isGivenUp(id) ? try await bare(id) : nil
        }
        if Self.isEarly(message.receivedAt, from: from) {
            early.ids.withLock { $0.append(id) }
            return nil
        }
        let failed =
            message.isHeadOnly
            ? "The message has \(message.size) bytes; the mailbox takes \(inbound.greatestMessage) at most. Only its head was kept."
            : nil
        let fetched = FetchedMessage(
            uid: 0, internalDate: message.receivedAt?.milliseconds ?? 0, flags: [],
            body: .file(try SpooledFile(existing: path)))
        let place = ReceivedDocument.Place(folder: inbound.folder, uidValidity: 0, uid: 0)
        let document = try await held.read(fetched, size: message.size, at: place, failed: failed)
        guard var members = document.objectValue else { return nil }
        members["key"] = ["id": .string(id)]
        return .object(members)
    }

    /// Whether a message came before mail is taken. Providers count in whole seconds.
    static func isEarly(_ receivedAt: Instant?, from: Instant) -> Bool {
        receivedAt.map { $0.milliseconds < from.milliseconds - 1000 } ?? false
    }

    /// - Returns: nil for a message that is gone, or not given out.
    private func download(_ id: String, to path: String) async throws -> DownloadedMessage? {
        let troubles = held.providerTroubles
        if troubles.isGivenUp(id) { return nil }
        do {
            return try await connection.download(id, to: path, greatest: inbound.greatestMessage)
        } catch let error as EmailAccessError {
            guard [.refused, .temporarilyRefused, .protocolViolation, .timedOut].contains(error.code) else {
                throw error
            }
            troubles.note(error, of: [id])
            if !troubles.isGivenUp(id) { try troubles.postpone(because: error) }
            return nil
        }
    }

    /// A message that is not given out is told of all the same, without anything in it, so that it stops no other.
    private func bare(_ id: String) async throws -> JSONValue? {
        let place = ReceivedDocument.Place(folder: inbound.folder, uidValidity: 0, uid: 0)
        let document = try await held.read(
            FetchedMessage(uid: 0, internalDate: 0, flags: [], body: .bytes([])), size: 0, at: place,
            failed: "The mail provider does not give the message out. It was asked for it again and again.")
        guard var members = document.objectValue else { return nil }
        members["key"] = ["id": .string(id)]
        return .object(members)
    }
}
