import Email
import EmailAccess
import Synchronization
import Testing

/// When a message that is not given out is given up.
@Suite struct FetchTroublesTests {
    /// A clock that goes when it is told to.
    private final class Clock: Sendable {
        private let begin = ContinuousClock.now
        private let passed = Mutex(Duration.zero)
        var now: ContinuousClock.Instant { begin + passed.withLock { $0 } }
        func pass(_ time: Duration) { passed.withLock { $0 += time } }
    }

    private let clock = Clock()
    private let troubles: FetchTroubles<Int>

    init() {
        let clock = clock
        troubles = FetchTroubles { clock.now }
    }

    private func error(_ code: EmailAccessError.Code) -> EmailAccessError { EmailAccessError(code, "test") }

    @Test(arguments: [EmailAccessError.Code.connectionLost, .closed, .timedOut, .protocolViolation])
    func whatTheConnectionDoesNotLiveThroughIsGivenUpAfterFourRounds(_ code: EmailAccessError.Code) async {
        for round in 1...4 {
            #expect(!troubles.isGivenUp(1), "round \(round)")
            await #expect(throws: EmailAccessError.self) { try await troubles.watching([1]) { throw error(code) } }
            #expect(troubles.isSuspect(1))
        }
        #expect(troubles.isGivenUp(1) && troubles.givenUp == 1)
        #expect(!troubles.isGivenUp(2))
    }

    @Test func whatIsRefusedIsGivenUpWhenTheServerGivesOutOthers() {
        for _ in 1...8 { troubles.note(error(.refused), of: [1]) }
        #expect(!troubles.isGivenUp(1))
        clock.pass(.seconds(1))
        troubles.given([2])
        #expect(troubles.isGivenUp(1))
    }

    @Test func whatIsRefusedForLongIsGivenUpAtLast() {
        for _ in 1...11 { troubles.note(error(.refused), of: [1]) }
        #expect(!troubles.isGivenUp(1))
        clock.pass(.seconds(600))
        #expect(troubles.isGivenUp(1))
    }

    @Test(arguments: [EmailAccessError.Code.temporarilyRefused, .mailboxFull])
    func aRefusalOfTheMomentTakesManyRoundsOverTime(_ code: EmailAccessError.Code) {
        for _ in 1...100 { troubles.note(error(code), of: [1]) }
        clock.pass(.seconds(599))
        troubles.given([2])
        #expect(!troubles.isGivenUp(1))
        clock.pass(.seconds(1))
        #expect(troubles.isGivenUp(1))
    }

    @Test func aServerThatGivesOutNothingIsToBlameItself() {
        for _ in 1...100 { troubles.note(error(.temporarilyRefused), of: [1]) }
        clock.pass(.seconds(100_000))
        #expect(!troubles.isGivenUp(1))
    }

    @Test func whatIsGivenOutIsNoSuspectAnyMore() {
        for _ in 1...3 { troubles.note(error(.connectionLost), of: [1, 2]) }
        troubles.given([1])
        troubles.note(error(.connectionLost), of: [1, 2])
        #expect(!troubles.isGivenUp(1) && troubles.isGivenUp(2))
    }

    @Test func anotherFolderBeginsWithoutTroubles() {
        troubles.concern("7 0")
        for _ in 1...4 { troubles.note(error(.connectionLost), of: [1]) }
        troubles.concern("7 0")
        #expect(troubles.isGivenUp(1))
        troubles.concern("7 1")
        #expect(!troubles.isGivenUp(1) && troubles.givenUp == 1)
    }

    @Test func aRoundGoesPastThreeAndRemembersWhatItTookAhead() throws {
        troubles.took([9])
        #expect(troubles.isAhead(9))
        try troubles.endRound()
        #expect(!troubles.isAhead(9))
        for _ in 1...3 { try troubles.postpone(because: error(.refused)) }
        #expect(throws: EmailAccessError.self) { try troubles.postpone(because: error(.refused)) }
        troubles.took([9])
        #expect(throws: EmailAccessError.self) { try troubles.endRound() }
        troubles.beginRound()
        #expect(troubles.isAhead(9) && !troubles.hasPostponed)
        try troubles.endRound()
        #expect(!troubles.isAhead(9))
    }
}
