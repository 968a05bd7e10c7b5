import Testing
import millrace

@Suite struct ImportProgressTests {
    @Test func whatCountsAsDoneLeavesNoRowOut() {
        var progress = ImportProgress()
        #expect(progress.settle(2, .accepted).isEmpty)
        #expect(progress.settle(3, .refused(line: 4, problem: "p", fields: [])).isEmpty)
        #expect(progress.done == 0)
        #expect(progress.waiting == 2)
        #expect(progress.settle(1, .known) == [.refused(line: 4, problem: "p", fields: [])])
        #expect(progress.done == 3)
        #expect((progress.accepted, progress.known, progress.refused) == (1, 1, 1))
        #expect(progress.waiting == 0)
    }

    @Test func anyOrderOfAnswersGivesTheSameInTheOrderOfTheFile() {
        var generator = SeededGenerator(seed: 7)
        for _ in 0..<50 {
            var progress = ImportProgress(done: 10)
            var refused: [Int] = []
            for row in (11...60).shuffled(using: &generator) {
                let outcome: ImportProgress.Outcome =
                    row % 3 == 0 ? .refused(line: row, problem: "", fields: []) : row % 3 == 1 ? .accepted : .skipped
                for case .refused(let line, _, _) in progress.settle(row, outcome) { refused.append(line) }
            }
            #expect(progress.done == 60)
            #expect(refused == (11...60).filter { $0 % 3 == 0 })
        }
    }

    @Test func fingerprintsTellContentsApart() {
        func text(_ content: String) -> String {
            var fingerprint = Fingerprint()
            fingerprint.add(content.utf8)
            return fingerprint.text
        }
        // Published values of FNV-1a with 64 bits.
        #expect(text("") == "cbf29ce484222325")
        #expect(text("foobar") == "85944171f73967e8")
    }
}
