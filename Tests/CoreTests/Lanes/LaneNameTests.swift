import Core
import Foundation
import Testing

@Suite struct LaneNameTests {
    @Test func aLaneIsNamedByAllThatDecidesWhoMayTakeIt() throws {
        let key = LaneKey(
            endpoint: 7, requiredSkills: [9, 3, 9], weight: 2, preferredAgent: 41, schemaVersion: 5, calendarVersion: 6)
        #expect(key.name == "e7.s3-9.w2.p41.c5.k6")
        #expect(key.requiredSkills == [3, 9])
        #expect(LaneKey(name: key.name) == key)
        #expect(lane().name == "e1.s.w1.p0.c1.k1")
        #expect(LaneKey(name: "e1.s.w1.p0.c1.k1") == lane())
    }

    @Test(arguments: ["", "e1", "e1.s.w0.p0.c1.k1", "e1.s.w1.p0.c1.kx", "e1.s.w1.p0.c1.k1.z", "x1.s.w1.p0.c1.k1"])
    func whatIsNoLaneIsRefused(name: String) { #expect(LaneKey(name: name) == nil) }

    @Test func membersSortAsTextByArrival() throws {
        let early = LaneMember(arrival: 9, item: UUID(), revision: 30)
        let late = LaneMember(arrival: 10, item: UUID(), revision: 2)
        #expect(early.text < late.text)
        #expect(early.text.hasPrefix("0000000000000009:"))
        #expect(LaneMember(text: early.text) == early)
        #expect(early.text.utf8.count == 52)
    }

    @Test(arguments: ["", "1:2:3", "0000000000000009:zz000000000000000000000000000000:1"])
    func whatIsNoMemberIsRefused(text: String) { #expect(LaneMember(text: text) == nil) }
}
