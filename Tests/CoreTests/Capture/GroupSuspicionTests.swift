import Core
import Messaging
import Testing

@Suite struct GroupSuspicionTests {
    private let anna = GroupMember(id: "anna-1", clientIdentifier: "anna")
    private let bert = GroupMember(id: "bert-1", clientIdentifier: "bert")
    private let start = ContinuousClock.now

    @Test func `an instance that two looks in a row saw silent has to leave`() {
        var suspicion = GroupSuspicion()
        _ = suspicion.look(silent: ["bert"], own: ["anna-1"], at: start)
        let early = suspicion.leavers([anna, bert], instance: "anna", consumers: 1)
        #expect(early.isEmpty)
        let isAsked = suspicion.look(silent: ["bert"], own: ["anna-1"], at: start)
        #expect(isAsked)
        let late = suspicion.leavers([anna, bert], instance: "anna", consumers: 1)
        #expect(late == [bert])
    }

    @Test func `after Redis was away nobody leaves who gives a sign again`() {
        var suspicion = GroupSuspicion()
        _ = suspicion.look(silent: ["bert"], own: ["anna-1"], at: start)
        suspicion.lookFailed()
        _ = suspicion.look(silent: ["bert"], own: ["anna-1"], at: start)
        #expect(suspicion.gone.isEmpty)
        _ = suspicion.look(silent: [], own: ["anna-1"], at: start)
        _ = suspicion.look(silent: ["bert"], own: ["anna-1"], at: start)
        #expect(suspicion.gone.isEmpty)
    }

    @Test func `a former id of one's own leaves, also that of the process before`() {
        var suspicion = GroupSuspicion()
        let former = GroupMember(id: "anna-0", clientIdentifier: "anna")
        let isAsked = suspicion.look(silent: [], own: ["anna-1"], at: start)
        #expect(isAsked)
        let early = suspicion.leavers([former, anna, bert], instance: "anna", consumers: 1)
        #expect(early.isEmpty)
        _ = suspicion.look(silent: [], own: ["anna-1"], at: start)
        let late = suspicion.leavers([former, anna, bert], instance: "anna", consumers: 1)
        #expect(late == [former])
    }

    @Test func `a member whose id is not known yet is let be`() {
        var suspicion = GroupSuspicion()
        let joining = GroupMember(id: "anna-2", clientIdentifier: "anna")
        for _ in 0..<3 {
            _ = suspicion.look(silent: [], own: ["anna-1"], at: start)
            let early = suspicion.leavers([anna, joining], instance: "anna", consumers: 2)
            #expect(early.isEmpty)
        }
        _ = suspicion.look(silent: [], own: ["anna-1", "anna-2"], at: start)
        let late = suspicion.leavers([anna, joining], instance: "anna", consumers: 2)
        #expect(late.isEmpty)
    }

    @Test func `without suspicion the broker is asked for a while only, however often one looks`() {
        for pause in [Duration.milliseconds(200), .seconds(1)] {
            var suspicion = GroupSuspicion()
            func look(after time: Duration) -> Bool {
                suspicion.look(silent: [], own: ["anna-1"], at: start + time)
            }
            var time = Duration.zero
            while time < GroupSuspicion.timeForFormerSelf {
                let isAsked = look(after: time)
                #expect(isAsked)
                time += pause
            }
            let isAskedStill = look(after: time)
            #expect(!isAskedStill)
        }
    }
}
