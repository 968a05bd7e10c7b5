import Domain
import EmailAccess
import Foundation
import ServiceKit

/// Hands a batch of messages over to core: read, contents stored, told of, in one call and one transaction there.
struct HandOver: Sendable {
    let read: ReadMessage
    let core: CoreMailbox
    let folder: String
    let uidValidity: UInt32

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
    func tell(_ readied: Readied) async throws -> UIDSet {
        let begin = ContinuousClock.now - readied.time
        let (items, uid) = (readied.items, readied.upTo)
        var documents = readied.documents
        var settled: [UInt32] = []
        for _ in 0..<3 {
            let outcomes = try await tell(documents, progress: progress(uid))
            note(outcomes, items, since: begin)
            settled += outcomes.filter(\.isFinal).compactMap(\.uid)
            let left = Set(outcomes.filter { !$0.isFinal }.compactMap(\.uid))
            if left.isEmpty { return UIDSet(settled) }
            // A content was cleared away before it was told of: it is stored again.
            documents = try await self.documents(items.filter { left.contains($0.message.uid) })
        }
        throw CoreError(code: .busy, status: 0, description: "core does not take some messages yet")
    }

    private func documents(_ items: [Item]) async throws -> [JSONValue] {
        try await TellCore.documents(of: items, atATime: Self.width) { item in
            try await read(
                item.message, size: item.size,
                at: .init(folder: folder, uidValidity: uidValidity, uid: item.message.uid), failed: item.failed)
        }
    }

    private func progress(_ uid: UInt32?) -> JSONValue? {
        uid.map { ReceivedDocument.Place(folder: folder, uidValidity: uidValidity, uid: $0).document }
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
