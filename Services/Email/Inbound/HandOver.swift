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

    /// How many messages of a batch are read at a time.
    private static let width = 6

    /// - Parameter uid: how far the folder is read with this batch; nil leaves that as it is.
    /// - Returns: the messages that are settled.
    func callAsFunction(_ items: [Item], upTo uid: UInt32?) async throws -> UIDSet {
        let begin = ContinuousClock.now
        var documents = try await documents(items)
        var settled: [UInt32] = []
        for _ in 0..<3 {
            let outcomes = try await tell(documents, upTo: uid)
            note(outcomes, items, since: begin)
            settled += outcomes.filter(\.isFinal).map(\.uid)
            let left = Set(outcomes.filter { !$0.isFinal }.map(\.uid))
            if left.isEmpty { return UIDSet(settled) }
            // A content was cleared away before it was told of: it is stored again.
            documents = try await self.documents(items.filter { left.contains($0.message.uid) })
        }
        throw CoreError(code: .busy, status: 0, description: "core does not take some messages yet")
    }

    private func documents(_ items: [Item]) async throws -> [JSONValue] {
        try await withThrowingTaskGroup(of: (Int, JSONValue).self) { group in
            var found = [JSONValue?](repeating: nil, count: items.count)
            var next = 0
            func add() {
                let (index, item) = (next, items[next])
                next += 1
                let place = ReceivedDocument.Place(folder: folder, uidValidity: uidValidity, uid: item.message.uid)
                group.addTask {
                    (index, try await read(item.message, size: item.size, at: place, failed: item.failed))
                }
            }
            while next < min(Self.width, items.count) { add() }
            while let (index, document) = try await group.next() {
                found[index] = document
                if next < items.count { add() }
            }
            return found.compactMap { $0 }
        }
    }

    /// Tells core; when it refuses the whole, halves are tried, so that one bad message stops no other.
    private func tell(_ documents: [JSONValue], upTo uid: UInt32?) async throws -> [CoreMailbox.Outcome] {
        do {
            return try await core.received(documents, folder: folder, uidValidity: uidValidity, upTo: uid)
        } catch let error as CoreError {
            guard error.code == .refused, [400, 413, 422].contains(error.status), !documents.isEmpty else {
                throw error
            }
            guard documents.count > 1 else {
                let bare = ReadMessage.bare(documents[0], because: error.description)
                return try await core.received([bare], folder: folder, uidValidity: uidValidity, upTo: uid)
            }
            let middle = documents.count / 2
            // How far the folder is read is told with the second half only.
            let first = try await tell(Array(documents[..<middle]), upTo: nil)
            return first + (try await tell(Array(documents[middle...]), upTo: uid))
        }
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
            if let date = dates[outcome.uid], date > 0, outcome.kind != "duplicate" { EmailMetrics.waited(now - date) }
        }
        if !items.isEmpty { EmailMetrics.took((ContinuousClock.now - begin) / items.count) }
    }
}
