import Domain
import Logging

/// Compares the last event applied with the one that the feed has at its position: in a database that has been restored
/// from a backup, other events have taken the positions, or none yet, and what was applied is of no use.
package struct HistoryCheck {
    private var progress: ProjectionProgress?

    /// A check that expects nothing.
    package init() {}

    /// This is where applying goes on.
    package mutating func expect(_ progress: ProjectionProgress) {
        self.progress = progress.position > 0 && progress.eventId != nil ? progress : nil
    }

    /// Asks the feed, once. A feed that does not answer holds nothing up: the topic may have what comes next, and core is
    /// asked again at the next step that it takes part in.
    /// - Returns: where the feed ends; nil when it was not asked, or did not answer.
    /// - Throws: `historyReplaced`.
    @discardableResult
    package mutating func check(_ feed: any EventFeedSource, logger: Logger) async throws -> Int64? {
        guard let progress else { return nil }
        let page: FeedPage
        do {
            page = try await feed.page(after: progress.position - 1, limit: 1)
        } catch {
            logger.debug("the feed cannot be asked about the last event", metadata: ["error": "\(error)"])
            self.progress = nil
            return nil
        }
        // What was applied has never happened.
        guard page.last >= progress.position else { throw Self.replaced }
        // An event that has been cleared away can no longer be compared, be it that there is no newer one.
        if let found = page.events.first, found.position == progress.position, found.id != progress.eventId {
            throw Self.replaced
        }
        self.progress = nil
        return page.last
    }

    private static let replaced = ProjectionError(
        .historyReplaced, "the events that were applied are no longer those of the feed; rebuild the projection")
}
