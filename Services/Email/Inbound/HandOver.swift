import Domain
import EmailAccess
import Foundation
import ServiceKit

/// Hands a batch of messages over to core: read, contents stored, told of, in one call and one transaction there.
struct HandOver: Sendable {
    let read: ReadMessage
    let core: CoreMailbox
    /// The folder; its UID is that of no message.
    let place: ReceivedDocument.Place
    /// Whose mailbox it is.
    let account: String
    /// From when on mail is taken, where that is not what core says.
    let from: Instant?

    /// A message of a batch.
    struct Item: Sendable {
        let message: FetchedMessage
        /// Bytes of the whole message, whatever of it was fetched.
        let size: Int
        /// Why only its head was fetched.
        let failed: String?
    }

    private var tell: TellCore { TellCore(core: core) }

    /// How many messages of a batch are read at a time.
    private static let width = 6

    /// A batch that was read and whose contents are stored.
    struct Readied: Sendable {
        let items: [Item]
        let documents: [JSONValue]
        /// How far the folder is read with this batch; nil leaves that as it is.
        let upTo: UInt32?
        /// How long that took.
        let time: Duration
    }

    /// Messages that core has taken.
    struct Settled: Sendable {
        var whole = UIDSet([])
        /// Those that were not kept whole.
        var incomplete = UIDSet([])

        var isEmpty: Bool { whole.isEmpty && incomplete.isEmpty }
        var uids: [UInt32] { Array(whole.uids) + Array(incomplete.uids) }
    }

    /// Reads a batch and stores its contents.
    func ready(_ items: [Item], upTo uid: UInt32?) async throws -> Readied {
        let begin = ContinuousClock.now
        let documents = try await documents(items)
        return Readied(items: items, documents: documents, upTo: uid, time: begin.duration(to: .now))
    }

    /// Nothing is left of the folder up to that UID.
    func pass(_ uid: UInt32) async throws { _ = try await tell(try await ready([], upTo: uid)) }

    /// Tells core of a batch.
    /// - Returns: the messages that are settled.
    func tell(_ readied: Readied) async throws -> Settled {
        let begin = ContinuousClock.now - readied.time
        let (items, uid) = (readied.items, readied.upTo)
        var documents = readied.documents
        var settled: [UInt32] = []
        var incomplete: Set<UInt32> = []
        for _ in 0..<3 {
            let outcomes = try await tell(documents, progress: progress(uid))
            note(outcomes, items, since: begin)
            incomplete.formUnion(documents.filter(ReceivedDocument.isIncomplete).compactMap(ReceivedDocument.uid))
            incomplete.formUnion(outcomes.filter(\.isIncomplete).compactMap(\.uid))
            settled += outcomes.filter(\.isFinal).compactMap(\.uid)
            let left = Set(outcomes.filter { !$0.isFinal }.compactMap(\.uid))
            if left.isEmpty {
                return Settled(
                    whole: UIDSet(settled.filter { !incomplete.contains($0) }),
                    incomplete: UIDSet(settled.filter { incomplete.contains($0) }))
            }
            // A content was cleared away before it was told of: it is stored again.
            documents = try await self.documents(items.filter { left.contains($0.message.uid) })
        }
        throw CoreError(code: .busy, status: 0, description: "core does not take some messages yet")
    }

    private func documents(_ items: [Item]) async throws -> [JSONValue] {
        try await TellCore.documents(of: items, atATime: Self.width) { item in
            try await read(item.message, size: item.size, at: place.of(item.message.uid), failed: item.failed)
        }
    }

    private func progress(_ uid: UInt32?) -> JSONValue? {
        guard let uid, var progress = place.of(uid).document.objectValue else { return nil }
        progress["account"] = .string(account)
        progress["from"] = from.map { .string($0.rfc3339) }
        return .object(progress)
    }

    private func note(_ outcomes: [CoreMailbox.Outcome], _ items: [Item], since begin: ContinuousClock.Instant) {
        let labels = read.mailbox.labels
        let now = Instant.now.milliseconds
        let dates = Dictionary(items.map { ($0.message.uid, $0.message.internalDate) }, uniquingKeysWith: { $1 })
        for outcome in outcomes {
            guard outcome.isFinal else {
                EmailMetrics.toRetry(labels)
                continue
            }
            EmailMetrics.processed(outcome.kind, labels)
            if let date = outcome.uid.flatMap({ dates[$0] }), date > 0, outcome.kind != "duplicate" {
                EmailMetrics.waited(now - date)
            }
        }
        if !items.isEmpty { EmailMetrics.took((ContinuousClock.now - begin) / items.count) }
    }
}
