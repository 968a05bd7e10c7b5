import Core
import Testing

@Suite("Tenants whose configuration cannot be read")
struct UnreadTenantsTests {
    private let start = ContinuousClock.now

    @Test("A version that failed is tried again after a pause, another version at once")
    func triedAgain() {
        var unread = UnreadTenants()
        #expect(unread.isDue(1, version: 3, at: start))
        let isNews = unread.note(1, name: "acme", version: 3, reason: "broken", at: start)
        #expect(isNews)
        #expect(!unread.isDue(1, version: 3, at: start + UnreadTenants.pause - .milliseconds(1)))
        #expect(unread.isDue(1, version: 3, at: start + UnreadTenants.pause))
        #expect(unread.isDue(1, version: 4, at: start))
        #expect(unread.isDue(2, version: 3, at: start))
    }

    @Test("The same failure is news once")
    func news() {
        var unread = UnreadTenants()
        let outcomes = [("broken", 3), ("broken", 3), ("worse", 3), ("worse", 4), ("worse", 4)].map { reason, version in
            unread.note(1, name: "acme", version: Int32(version), reason: reason, at: start)
        }
        #expect(outcomes == [true, false, true, true, false])
    }

    @Test("Who has been read, or is there no more, is no trouble any longer; reasons are for the log")
    func forgotten() {
        var unread = UnreadTenants()
        for (id, name) in [(1, "acme"), (2, "bolt"), (3, "cube")] {
            _ = unread.note(Int32(id), name: name, version: 7, reason: "what stands in it", at: start)
        }
        unread.forget(2)
        unread.keep(only: [2, 3, 4])
        #expect(unread.names == ["cube"])
        #expect(unread.version(ofTenant: 3) == 7)
        #expect(unread.version(ofTenant: 1) == nil)
        #expect(unread.descriptions.count == 1)
        #expect(unread.descriptions[0].contains("configuration 7 of tenant cube"))
        #expect(!unread.descriptions[0].contains("what stands in it"))
    }
}
