import Search
import Testing

@Suite("Search service: when the index is checked")
struct CheckScheduleTests {
    private let start = ContinuousClock.now
    private let hourly = CheckTimes(every: .seconds(3600), grace: .seconds(10))

    private func at(_ seconds: Int) -> ContinuousClock.Instant { start + .seconds(seconds) }

    @Test("A term begins with a check that looks at all that was there; the next one comes in its turn")
    func newTerm() {
        var schedule = CheckSchedule(hourly, now: start)
        #expect(!schedule.isDue(at: at(11)))
        #expect(schedule.isDue(at: at(12)))
        schedule.checked(since: at(12), now: at(15))
        #expect(!schedule.isDue(at: at(3614)))
        #expect(schedule.isDue(at: at(3615)))
    }

    @Test("A doubt shortly before a check leads to another one, which comes late enough")
    func doubtBeforeCheck() {
        var schedule = CheckSchedule(hourly, now: start)
        schedule.doubt(at: at(9))
        #expect(schedule.isDue(at: at(12)))
        schedule.checked(since: at(12), now: at(13))
        #expect(!schedule.isDue(at: at(20)))
        #expect(schedule.isDue(at: at(21)))
        schedule.checked(since: at(21), now: at(22))
        #expect(!schedule.isDue(at: at(3000)))
    }

    @Test("A doubt during a check leads to another one, at once where the check took long")
    func doubtDuringCheck() {
        var schedule = CheckSchedule(hourly, now: start)
        schedule.doubt(at: at(14))
        schedule.checked(since: at(13), now: at(60))
        #expect(schedule.isDue(at: at(60)))
        schedule.checked(since: at(60), now: at(61))
        #expect(!schedule.isDue(at: at(3000)))
    }

    @Test("Doubt upon doubt puts no check off")
    func manyDoubts() {
        var schedule = CheckSchedule(hourly, now: start)
        for second in 1...12 { schedule.doubt(at: at(second)) }
        #expect(schedule.isDue(at: at(12)))
        schedule.checked(since: at(12), now: at(12))
        for second in 13...24 { schedule.doubt(at: at(second)) }
        #expect(schedule.isDue(at: at(24)))
    }

    @Test("Checks that come more often come no later for a doubt")
    func often() {
        var schedule = CheckSchedule(CheckTimes(every: .seconds(1), grace: .seconds(10)), now: start)
        #expect(schedule.isDue(at: at(1)))
        schedule.doubt(at: at(1))
        schedule.checked(since: at(1), now: at(1))
        #expect(!schedule.isDue(at: at(1)))
        #expect(schedule.isDue(at: at(2)))
    }
}
