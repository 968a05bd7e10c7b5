import Email
import Testing

/// Which attachments leave a message that is too large for one request.
struct ApartAttachmentsTests {
    @Test func theLargestLeaveAndAsFewAsDo() {
        #expect(ApartAttachments.chosen(from: [10, 900, 20], ofMessage: 930, greatest: 1_000) == [])
        #expect(ApartAttachments.chosen(from: [10, 900, 20], ofMessage: 1_300, greatest: 1_000) == [1])
        #expect(ApartAttachments.chosen(from: [300, 700, 400, 200], ofMessage: 2_200, greatest: 1_100) == [1, 2])
        #expect(ApartAttachments.chosen(from: [500, 500, 500], ofMessage: 2_000, greatest: 1_500) == [0])
    }

    @Test func whenNothingHelpsAllLeave() {
        #expect(ApartAttachments.chosen(from: [5, 7], ofMessage: 5_000, greatest: 1_000) == [0, 1])
        #expect(ApartAttachments.chosen(from: [], ofMessage: 5_000, greatest: 1_000) == [])
    }

    @Test func whatIsLeftFits() {
        var generator = SystemRandomNumberGenerator()
        for _ in 0..<200 {
            let contents = (0..<Int.random(in: 1...12, using: &generator)).map { _ in
                Int.random(in: 0...5_000_000, using: &generator)
            }
            let text = Int.random(in: 0...2_000_000, using: &generator)
            let size = text + contents.reduce(0, +)
            let chosen = ApartAttachments.chosen(from: contents, ofMessage: size, greatest: 3_000_000)
            let left = size - chosen.reduce(0) { $0 + contents[$1] }
            #expect(left <= 3_000_000, "\(contents) with \(text)")
            #expect(chosen == chosen.sorted() && Set(chosen).count == chosen.count)
        }
    }
}
