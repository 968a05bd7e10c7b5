import EmailAccess
import Testing

/// Sets of UIDs do what sets do.
@Suite struct UIDSetTests {
    @Test(arguments: 0..<200) func operationsAreThoseOfSets(_ seed: UInt64) {
        var state = seed &* 0x9E37_79B9_7F4A_7C15 &+ 1
        func some() -> Set<UInt32> {
            var found: Set<UInt32> = []
            for _ in 0..<30 {
                state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                let first = UInt32(truncatingIfNeeded: state >> 33) % 60
                found.formUnion(first...(first + UInt32(truncatingIfNeeded: state >> 60) % 4))
                if state >> 62 == 0 { break }
            }
            return found
        }
        let (one, other) = (some(), some())
        #expect(Set(UIDSet(one).intersection(UIDSet(other)).uids) == one.intersection(other))
        #expect(Set(UIDSet(one).subtracting(other).uids) == one.subtracting(other))
        #expect(Set(UIDSet(one).upTo(20).uids) == one.filter { $0 <= 20 })
        for uid in 0...64 as ClosedRange<UInt32> { #expect(UIDSet(one).contains(uid) == one.contains(uid)) }
    }
}
