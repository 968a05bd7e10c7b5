import Domain
import Email
import EmailAccess
import Testing

/// Where reading a folder begins.
@Suite struct FolderStartTests {
    private static let now = Instant(milliseconds: 1_800_000_000_000)
    private static let from = Instant(milliseconds: 1_700_000_000_000)

    private func start(
        _ place: FolderProgress.Place?, validity: UInt32 = 7, next: UInt32 = 10, tells: Bool = true,
        since: Instant? = nil
    ) -> FolderStart {
        var state = ImapFolderState()
        (state.uidValidity, state.uidNext, state.tellsUidNext) = (validity, next, tells)
        return FolderStart(
            FolderProgress(place: place, from: Self.from), state, account: "kim at host", since: since, now: Self.now)
    }

    @Test func aKnownFolderGoesOn() {
        for account in [nil, "kim at host"] {
            let start = start(.init(uidValidity: 7, uid: 9, account: account))
            #expect(start.beginning == .goesOn(9))
            #expect((start.epoch, start.from, start.isAnotherAccount) == (0, Self.from, false))
        }
    }

    @Test func whatIsNewOrRebuiltIsLookedAt() {
        #expect(start(nil).beginning == .looksAnew)
        let rebuilt = start(.init(uidValidity: 6, uid: 9, epoch: 2))
        #expect(rebuilt.beginning == .looksAnew)
        #expect(rebuilt.epoch == 2)
    }

    @Test func aMailboxThatIsMadeAgainBeginsAnotherEpoch() {
        let start = FolderStart(
            FolderProgress(place: nil, from: Self.from, epoch: 3), ImapFolderState(), account: "kim at host",
            since: nil,
            now: Self.now)
        #expect((start.beginning, start.epoch, start.from) == (.looksAnew, 3, Self.from))
    }

    @Test func uidsThatAreGivenASecondTimeBeginAnotherEpoch() {
        let reused = start(.init(uidValidity: 7, uid: 10), next: 10)
        #expect(reused.beginning == .looksAnew)
        #expect((reused.epoch, reused.from) == (1, Self.from))
        // A server that does not tell has only lost its last messages.
        #expect(start(.init(uidValidity: 7, uid: 10), next: 4, tells: false).beginning == .goesOn(10))
    }

    @Test func anotherAccountBeginsAsAFirstConnectionDoes() {
        let other = FolderProgress.Place(uidValidity: 7, uid: 500, epoch: 1, account: "bo at elsewhere")
        let begun = start(other)
        #expect(begun.beginning == .fromNow(9))
        #expect((begun.epoch, begun.from, begun.isAnotherAccount) == (2, Self.now, true))
        let since = Instant(milliseconds: 1_600_000_000_000)
        let dated = start(other, since: since)
        #expect(dated.beginning == .looksAnew)
        #expect((dated.epoch, dated.from, dated.isAnotherAccount) == (2, since, true))
    }
}
