import Domain
import Testing
import millrace

@Suite struct DoctorTests {
    @Test func datesOfHeadersAreRead() {
        #expect(HTTPDate.seconds("Tue, 15 Nov 1994 08:12:31 GMT") == 784_887_151)
        #expect(HTTPDate.seconds("Tue, 15 November 1994 08:12:31 GMT") == nil)
        #expect(HTTPDate.seconds("yesterday") == nil)
    }

    @Test func aSkewIsOnlyWhatNothingElseExplains() {
        func skew(server: Int64, asked: Int64, answered: Int64) -> Double {
            ClockSkew.seconds(
                serverDate: server, asked: Instant(milliseconds: asked), answered: Instant(milliseconds: answered))
        }
        #expect(skew(server: 100, asked: 100_900, answered: 101_100) == 0)
        #expect(skew(server: 105, asked: 100_000, answered: 100_100) == 4.9)
        #expect(skew(server: 90, asked: 100_000, answered: 100_100) == -9)
    }

    @Test func workThatNobodyCanDoIsNoticed() {
        let now = Instant(milliseconds: 1_000_000)
        func row(depth: Int, waited: Int64, ready: Int, free: Int) -> QueueRow {
            var row = QueueRow.read(["items": [["endpoint": "desk", "category": "Incidents"]]])[0]
            (row.depth, row.oldest, row.agentsReady, row.agentsFree) = (depth, now - waited, ready, free)
            return row
        }
        #expect(QueueChecks.waiting([], now: now).state == .well)
        #expect(QueueChecks.waiting([row(depth: 5, waited: 60_000, ready: 3, free: 0)], now: now).state == .well)
        #expect(QueueChecks.waiting([row(depth: 5, waited: 60_000, ready: 3, free: 1)], now: now).state == .warning)
        #expect(QueueChecks.waiting([row(depth: 5, waited: 1_000, ready: 3, free: 1)], now: now).state == .well)
        #expect(QueueChecks.waiting([row(depth: 5, waited: 1_000, ready: 0, free: 0)], now: now).state == .warning)
    }

    @Test func lanesThatHoldLessOrMoreThanWaitsAreNoticed() {
        #expect(LaneCheck.finding(entries: 0, queued: 100).state == .well)
        #expect(LaneCheck.finding(entries: 0, queued: 200).state == .warning)
        #expect(LaneCheck.finding(entries: 200, queued: 0).state == .warning)
        #expect(LaneCheck.finding(entries: 96_000, queued: 100_000).state == .well)
    }

    @Test func diskSpaceIsJudged() {
        #expect(DiskSpace.finding("disk", free: 100 << 30, size: 200 << 30).state == .well)
        #expect(DiskSpace.finding("disk", free: 4 << 30, size: 10 << 30).state == .well)
        #expect(DiskSpace.finding("disk", free: 4 << 30, size: 100 << 30).state == .warning)
        #expect(DiskSpace.finding("disk", free: 1 << 29, size: 100 << 30).state == .failed)
    }
}
