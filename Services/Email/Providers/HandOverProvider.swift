import Domain
import EmailAccess
import Foundation
import ServiceKit

/// Fetches a batch of a provider's messages, reads them and hands them over to core in one call.
struct HandOverProvider: Sendable {
    let connection: any MailboxConnection
    let inbound: MailboxInbound
    let core: CoreMailbox
    let requireTrust: @Sendable () throws -> Void
    let read: ReadMessage

    /// Messages of one call.
    static let greatest = 20
    /// How many messages are fetched and read at a time.
    private static let width = 4

    /// - Parameter from: messages that the provider took in before are passed over.
    /// - Returns: the ids that are settled.
    func callAsFunction(_ ids: [String], from: Instant) async throws -> [String] {
        let begin = ContinuousClock.now
        var left = ids
        var settled: [String] = []
        for _ in 0..<3 {
            let documents = try await documents(left, from: from)
            guard !documents.isEmpty else { return settled }
            try requireTrust()
            let outcomes = try await tell(documents)
            for outcome in outcomes where outcome.kind != "retry" {
                EmailMetrics.processed(outcome.kind, read.mailbox.labels)
                settled.append(outcome.id)
            }
            left = outcomes.filter { $0.kind == "retry" }.map(\.id)
            if left.isEmpty {
                EmailMetrics.took((ContinuousClock.now - begin) / ids.count)
                return settled
            }
            EmailMetrics.toRetry(read.mailbox.labels)
        }
        throw CoreError(code: .busy, status: 0, description: "core does not take some messages yet")
    }

    private func documents(_ ids: [String], from: Instant) async throws -> [JSONValue] {
        try await withThrowingTaskGroup(of: (Int, JSONValue?).self) { group in
            var found = [JSONValue?](repeating: nil, count: ids.count)
            var next = 0
            func add() {
                let (index, id) = (next, ids[next])
                next += 1
                group.addTask { (index, try await document(id, from: from)) }
            }
            while next < min(Self.width, ids.count) { add() }
            while let (index, document) = try await group.next() {
                found[index] = document
                if next < ids.count { add() }
            }
            return found.compactMap { $0 }
        }
    }

    private func document(_ id: String, from: Instant) async throws -> JSONValue? {
        let folder = try read.dependencies.workFolder()
        let path = "\(folder.path)/message"
        guard let message = try await connection.download(id, to: path, greatest: inbound.greatestMessage) else {
            return nil
        }
        // providers count in whole seconds
        if let received = message.receivedAt, received.milliseconds < from.milliseconds - 1000 { return nil }
        let failed =
            message.isHeadOnly
            ? "The message has \(message.size) bytes; the mailbox takes \(inbound.greatestMessage) at most. Only its head was kept."
            : nil
        let fetched = FetchedMessage(
            uid: 0, internalDate: message.receivedAt?.milliseconds ?? 0, flags: [],
            body: .file(try SpooledFile(existing: path)))
        let place = ReceivedDocument.Place(folder: inbound.folder, uidValidity: 0, uid: 0)
        let document = try await read(fetched, size: message.size, at: place, failed: failed)
        guard var members = document.objectValue else { return nil }
        members["key"] = ["id": .string(id)]
        return .object(members)
    }

    /// Tells core; when it refuses the whole, halves are tried, so that one bad message stops no other.
    private func tell(_ documents: [JSONValue]) async throws -> [(id: String, kind: String)] {
        do {
            return try await core.received(documents, cursor: nil)
        } catch let error as CoreError {
            guard error.code == .refused, [400, 413, 422].contains(error.status) else { throw error }
            guard documents.count > 1 else {
                return try await core.received(
                    [ReadMessage.bare(documents[0], because: error.description)], cursor: nil)
            }
            let middle = documents.count / 2
            return try await tell(Array(documents[..<middle])) + tell(Array(documents[middle...]))
        }
    }
}
