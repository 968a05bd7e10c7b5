import Email
import Testing

/// When folders are compared with what was taken.
@Suite struct LookTimesTests {
    @Test func looksAreRareAndOfLargeFoldersRarer() {
        let looks = LookTimes(every: .seconds(600))
        let begin = ContinuousClock.now
        #expect(looks.isDue(at: begin))
        looks.looked(from: begin, until: begin + .seconds(1), at: begin + .seconds(1))
        #expect(!looks.isDue(at: begin + .seconds(600)))
        #expect(looks.isDue(at: begin + .seconds(601)))
        looks.looked(from: begin, until: begin + .seconds(60), at: begin + .seconds(60))
        #expect(!looks.isDue(at: begin + .seconds(3059)))
        #expect(looks.isDue(at: begin + .seconds(3060)))
        // What is made up for does not count.
        looks.looked(from: begin, until: begin + .seconds(1), at: begin + .seconds(600))
        #expect(looks.isDue(at: begin + .seconds(1200)))
        // What a connection that ended may have left undone is looked for earlier, and not more often than it may cost.
        looks.looked(from: begin, until: begin + .seconds(1), at: begin + .seconds(1))
        looks.hurry()
        #expect(!looks.isDue(at: begin + .seconds(50)))
        #expect(looks.isDue(at: begin + .seconds(51)))
    }
}
