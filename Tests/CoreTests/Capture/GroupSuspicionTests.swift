import Core
import Messaging
import Testing

@Suite struct GroupSuspicionTests {
    private let anna = GroupMember(id: "anna-1", clientIdentifier: "anna")
    private let bert = GroupMember(id: "bert-1", clientIdentifier: "bert")

    @Test func `an instance that two looks in a row saw silent has to leave`() {
        var suspicion = GroupSuspicion()
        _ = suspicion.look(silent: ["bert"], own: ["anna-1"])
        let early = suspicion.leavers([anna, bert], instance: "anna", consumers: 1)
        #expect(early.isEmpty)
        let isAsked = suspicion.look(silent: ["bert"], own: ["anna-1"])
        #expect(isAsked)
        let late = suspicion.leavers([anna, bert], instance: "anna", consumers: 1)
        #expect(late == [bert])
    }

    @Test func `after Redis was away nobody leaves who gives a sign again`() {
        var suspicion = GroupSuspicion()
        _ = suspicion.look(silent: ["bert"], own: ["anna-1"])
        suspicion.lookFailed()
        _ = suspicion.look(silent: ["bert"], own: ["anna-1"])
        #expect(suspicion.gone.isEmpty)
        _ = suspicion.look(silent: [], own: ["anna-1"])
        _ = suspicion.look(silent: ["bert"], own: ["anna-1"])
        #expect(suspicion.gone.isEmpty)
    }

    @Test func `a former id of one's own leaves, also that of the process before`() {
        var suspicion = GroupSuspicion()
        let former = GroupMember(id: "anna-0", clientIdentifier: "anna")
        let isAsked = suspicion.look(silent: [], own: ["anna-1"])
        #expect(isAsked)
        let early = suspicion.leavers([former, anna, bert], instance: "anna", consumers: 1)
        #expect(early.isEmpty)
        _ = suspicion.look(silent: [], own: ["anna-1"])
        let late = suspicion.leavers([former, anna, bert], instance: "anna", consumers: 1)
        #expect(late == [former])
    }

    @Test func `a member whose id is not known yet is let be`() {
        var suspicion = GroupSuspicion()
        let joining = GroupMember(id: "anna-2", clientIdentifier: "anna")
        for _ in 0..<3 {
            _ = suspicion.look(silent: [], own: ["anna-1"])
            let early = suspicion.leavers([anna, joining], instance: "anna", consumers: 2)
            #expect(early.isEmpty)
        }
        _ = suspicion.look(silent: [], own: ["anna-1", "anna-2"])
        let late = suspicion.leavers([anna, joining], instance: "anna", consumers: 2)
        #expect(late.isEmpty)
    }

    @Test func `without suspicion the broker is asked for a while only`() {
        var suspicion = GroupSuspicion()
        let asked = (0..<40).filter { _ in suspicion.look(silent: [], own: ["anna-1"]) }.count
        #expect((1..<40).contains(asked))
        let isAskedStill = suspicion.look(silent: [], own: ["anna-1"])
        #expect(!isAskedStill)
    }
}
