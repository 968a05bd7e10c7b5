import Domain
import EmailAccess

/// How the messages that are to be taken are cut into batches, so that the bytes in hand stay few.
package struct MessageBatches: Sendable {
    /// Messages of one call to core.
    package static let messages = 100
    /// Bytes of messages that are held in memory.
    package static let bytes = 4 << 20

    /// Some messages that are fetched together.
    package struct Batch: Sendable {
        /// Fetched whole.
        package var whole: [MessageSummary] = []
        /// Too large to be taken: only their heads are fetched.
        package var heads: [MessageSummary] = []

        /// Bytes that it holds in memory, at most.
        package var held = 0

        /// All of them.
        package var all: [MessageSummary] { whole + heads }
        var isEmpty: Bool { whole.isEmpty && heads.isEmpty }
    }

    /// Cuts, in the order given.
    /// - Parameter greatest: bytes of a message at most.
    package static func batches(_ summaries: [MessageSummary], greatest: Int) -> [Batch] {
        var batches: [Batch] = []
        var rest = summaries[...]
        while let batch = next(of: &rest, greatest: greatest) { batches.append(batch) }
        return batches
    }

    /// Cuts the next one off.
    /// - Parameters:
    ///   - greatest: bytes of a message at most.
    ///   - bytes: what the batch may hold in memory, but for its last message.
    package static func next(
        of rest: inout ArraySlice<MessageSummary>, greatest: Int, bytes: Int = bytes
    ) -> Batch? {
        var batch = Batch()
        while batch.all.count < messages, batch.held < bytes, let summary = rest.popFirst() {
            if summary.size > greatest { batch.heads.append(summary) } else { batch.whole.append(summary) }
            batch.held += min(summary.size, inMemory)
        }
        return batch.isEmpty ? nil : batch
    }

    /// Large ones lie in files.
    private static let inMemory = 262_144
}
