import Domain
import ServiceKit

/// Tells core of messages that were read; when it refuses the whole, halves are tried, so that one bad message stops no
/// other.
struct TellCore: Sendable {
    let core: CoreMailbox

    /// - Parameter progress: how far the mailbox is read with them; nil leaves that as it is.
    func callAsFunction(_ documents: [JSONValue], progress: JSONValue?) async throws -> [CoreMailbox.Outcome] {
        do {
            return try await core.received(documents, progress: progress)
        } catch let error as CoreError {
            guard error.isAboutContent, !documents.isEmpty else { throw error }
            guard documents.count > 1 else {
                let bare = ReadMessage.bare(documents[0], because: error.description)
                return try await core.received([bare], progress: progress)
            }
            let middle = documents.count / 2
            // How far the mailbox is read is told with the second half only.
            let first = try await self(Array(documents[..<middle]), progress: nil)
            return first + (try await self(Array(documents[middle...]), progress: progress))
        }
    }

    /// Makes the documents of a batch, some at a time, in the order of the batch. What gives none is left out.
    static func documents<Item: Sendable>(
        of items: [Item], atATime width: Int, _ read: @escaping @Sendable (Item) async throws -> JSONValue?
    ) async throws -> [JSONValue] {
        try await withThrowingTaskGroup(of: (Int, JSONValue?).self) { group in
            var found = [JSONValue?](repeating: nil, count: items.count)
            var next = 0
            func add() {
                let (index, item) = (next, items[next])
                next += 1
                group.addTask { (index, try await read(item)) }
            }
            while next < min(width, items.count) { add() }
            while let (index, document) = try await group.next() {
                found[index] = document
                if next < items.count { add() }
            }
            return found.compactMap { $0 }
        }
    }
}

extension CoreError {
    /// Whether core refuses what it was sent, and would again.
    var isAboutContent: Bool { code == .refused && [400, 413, 422].contains(status) }
}
