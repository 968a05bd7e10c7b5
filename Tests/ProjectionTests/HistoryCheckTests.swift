import Domain
import Logging
import Projection
import Testing

/// A tenant that was quiet for long, and a database that has been restored, look alike at first.
struct HistoryCheckTests {
    /// A feed that has some events, the last of which had this position.
    private struct Feed: EventFeedSource {
        var events: [ProjectedEvent] = []
        var last: Int64

        func page(after position: Int64, limit: Int) async throws -> FeedPage {
            FeedPage(Array(events.filter { $0.position > position }.prefix(limit)), last: last)
        }
    }

    private struct Away: EventFeedSource {
        func page(after position: Int64, limit: Int) async throws -> FeedPage {
            throw ProjectionError(.feedUnavailable, "away")
        }
    }

    private static let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    private func event(_ position: Int64, id: String) -> ProjectedEvent {
        ProjectedEvent(
            position: position, id: id, subject: "a", kind: "workitem.submit", revision: 1,
            at: Instant(milliseconds: position), data: [:])
    }

    /// Checks a projection that has come to position 90 with the event `a-1`.
    private func check(_ feed: any EventFeedSource) async throws {
        var check = HistoryCheck()
        check.expect(ProjectionProgress(position: 90, eventId: "a-1"))
        try await check.check(feed, logger: Self.logger)
    }

    @Test func aFeedThatStillHasTheEventIsTheSame() async throws {
        try await check(Feed(events: [event(90, id: "a-1")], last: 90))
        try await check(Feed(events: [event(90, id: "a-1"), event(91, id: "a-2")], last: 91))
    }

    @Test func aFeedWhoseEventsWereAllClearedAwayIsTheSame() async throws {
        try await check(Feed(last: 90))
        try await check(Feed(last: 95))
    }

    @Test func aFeedThatBeginsLaterIsTheSame() async throws {
        try await check(Feed(events: [event(95, id: "a-7")], last: 95))
    }

    @Test func aFeedThatDoesNotAnswerHoldsNothingUp() async throws { try await check(Away()) }

    @Test func aFeedThatEndsEarlierHasAnotherHistory() async {
        for feed in [Feed(last: 0), Feed(last: 89), Feed(events: [event(80, id: "a-0")], last: 80)] {
            let error = await #expect(throws: ProjectionError.self) { try await check(feed) }
            #expect(error?.code == .historyReplaced)
        }
    }

    @Test func anotherEventAtThePositionIsAnotherHistory() async {
        let error = await #expect(throws: ProjectionError.self) {
            try await check(Feed(events: [event(90, id: "b-1"), event(91, id: "b-2")], last: 91))
        }
        #expect(error?.code == .historyReplaced)
    }

    @Test func aPageSaysWhereTheFeedEnds() throws {
        let answer = try JSONValue(parsing: Array(#"{"items": [], "next": 7, "last": 12}"#.utf8))
        #expect(try FeedPage(answer, after: 7).last == 12)
        let silent = try JSONValue(parsing: Array(#"{"items": [], "next": 7}"#.utf8))
        #expect(try FeedPage(silent, after: 7).last == 7)
        #expect(throws: ProjectionError.self) { try FeedPage(.object([:]), after: 7) }
    }
}
