import Domain
import ServiceKit

/// The reporting feed of one tenant, from core.
package struct CoreFeed: EventFeedSource {
    let core: CoreClient
    /// Bytes of an answer: core ends a page at 8 MiB, and a single event is smaller than that.
    private static let answerLimit = 32 << 20

    package init(core: CoreClient) { self.core = core }

    package func page(after position: Int64, limit: Int) async throws -> FeedPage {
        // Not asked again here: the topic may bring the events meanwhile, and whoever asks does so again.
        let answer = try await core.call(
            .GET, "/events?after=\(position)&limit=\(limit)", timeout: .seconds(10), repeats: false,
            answerLimit: Self.answerLimit)
        return try FeedPage(answer, after: position)
    }
}
