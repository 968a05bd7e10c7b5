import Coordination
import Testing

@Suite(.enabled(if: sharedRedisURL != nil, "MILLRACE_TEST_REDIS_URL is not set"))
struct PresenceTests {
    @Test func membersArePresentUntilTheyFallSilent() async throws {
        try await withSharedClient { client in
            let key = uniqueKey("presence")
            let presence = Presence(key: key, timeToLive: .seconds(60), client: client)
            try await presence.touch(["anna", "bo"])
            #expect(try await Set(presence.members()) == ["anna", "bo"])
            #expect(try await presence.takeSilent() == [])
            // Bo was last seen a minute and a second earlier, in the set's milliseconds.
            try await client.command(["ZINCRBY", .string(key), -61_000, "bo"])
            #expect(try await presence.members() == ["anna"])
            #expect(try await presence.isPresent("anna"))
            #expect(try await !presence.isPresent("bo"))
            #expect(try await presence.takeSilent() == ["bo"])
            #expect(try await presence.takeSilent() == [])
            try await presence.remove(["anna"])
            #expect(try await presence.members() == [])
            try await client.command(["DEL", .string(key)])
        }
    }

    @Test func eachSilentMemberIsGivenToOneTaker() async throws {
        try await withSharedClient { client in
            let key = uniqueKey("presence")
            let presence = Presence(key: key, timeToLive: .milliseconds(1), client: client)
            try await presence.touch((0..<500).map { "agent-\($0)" })
            try await Task.sleep(for: .milliseconds(20))
            let taken = try await withThrowingTaskGroup { group in
                for _ in 0..<20 { group.addTask { try await presence.takeSilent(limit: 30) } }
                return try await group.reduce(into: [String]()) { $0 += $1 }
            }
            #expect(taken.count == 500)
            #expect(Set(taken).count == 500)
        }
    }
}
