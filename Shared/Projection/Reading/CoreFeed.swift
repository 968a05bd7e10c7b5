import Domain
import ServiceKit

/// The reporting feed of one tenant, from core.
package struct CoreFeed: EventFeedSource {
    let core: CoreClient

    package init(core: CoreClient) { self.core = core }

    package func events(after position: Int64, limit: Int) async throws -> [ProjectedEvent] {
        // Not asked again here: the topic may bring the events meanwhile, and whoever asks does so again.
        let answer = try await core.call(
            .GET, "/events?after=\(position)&limit=\(limit)", timeout: .seconds(10), repeats: false,
            answerLimit: 256 << 20)
        return try ProjectedEvent.page(answer)
    }
}
