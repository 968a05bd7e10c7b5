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

        /// All of them.
        package var all: [MessageSummary] { whole + heads }
        var isEmpty: Bool { whole.isEmpty && heads.isEmpty }
    }

    /// Cuts, in the order given.
    /// - Parameter greatest: bytes of a message at most.
    package static func batches(_ summaries: [MessageSummary], greatest: Int) -> [Batch] {
        var batches: [Batch] = []
        var batch = Batch()
        var size = 0
        for summary in summaries {
            if summary.size > greatest { batch.heads.append(summary) } else { batch.whole.append(summary) }
            // Large ones lie in files.
            size += min(summary.size, 262_144)
            if batch.all.count == messages || size >= bytes {
                batches.append(batch)
                (batch, size) = (Batch(), 0)
            }
        }
        if !batch.isEmpty { batches.append(batch) }
        return batches
    }
}
