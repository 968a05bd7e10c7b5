import Coordination
import Testing

@Suite(.enabled(if: sharedRedisURL != nil, "MILLRACE_TEST_REDIS_URL is not set"))
struct RedisClientTests {
    @Test func valuesComeBackAsTheyWereSent() async throws {
        try await withSharedClient { client in
            let key = uniqueKey("values")
            let large = [UInt8]((0..<3_000_000).map { UInt8(truncatingIfNeeded: $0 &* 31) })
            for value: [UInt8] in [[], [0, 13, 10, 255, 0], Array("åäö".utf8), large] {
                try await client.command(["SET", .string(key), .bytes(value)])
                #expect(try await client.command(["GET", .string(key)]).bytes == value)
            }
            for number in [Int64.min, -1, 0, 9, 10, Int64.max] {
                #expect(try await client.command(["ECHO", .integer(number)]).integerValue == number)
            }
            try await client.command(["DEL", .string(key)])
            #expect(try await client.command(["GET", .string(key)]).isNull)
        }
    }

    @Test func scoresSurvive() async throws {
        try await withSharedClient { client in
            let key = uniqueKey("scores")
            let scores = [0.1, -1e300, 5e-324, 123_456_789_012_345, .infinity, -.infinity]
            for (index, score) in scores.enumerated() {
                try await client.command(["ZADD", .string(key), RedisArgument(score), .integer(Int64(index))])
                let reply = try await client.command(["ZSCORE", .string(key), .integer(Int64(index))])
                #expect(Double(try #require(reply.text)) == score)
            }
            try await client.command(["DEL", .string(key)])
        }
    }

    @Test func nestedRepliesKeepTheirShape() async throws {
        try await withSharedClient { client in
            let script = RedisScript(name: "nested", source: "return {1, {'a', {}, false}, redis.status_reply('FINE')}")
            let reply = try await client.evaluate(script, keys: [], arguments: [])
            let nested = RedisReply.array([.string(Array("a".utf8)), .array([]), .null])
            #expect(reply == .array([.integer(1), nested, .status("FINE")]))
        }
    }

    @Test func anErrorReplyIsThrownByACommandAndStandsInItsPlaceInAPipeline() async throws {
        try await withSharedClient { client in
            let key = RedisArgument.string(uniqueKey("errors"))
            let replies = try await client.pipeline([["SET", key, "x"], ["INCR", key], ["GET", key], ["DEL", key]])
            #expect(replies.count == 4)
            #expect(replies[0] == .status("OK"))
            #expect(replies[1].errorMessage?.hasPrefix("ERR") == true)
            #expect(replies[2].text == "x")
            let error = await #expect(throws: CoordinationError.self) { try await client.command(["NONSENSE"]) }
            #expect(error?.code == .refused)
            #expect(error?.mayHaveHappened == false)
        }
    }

    @Test func concurrentCallersEachGetTheirOwnReplies() async throws {
        try await withSharedClient { client in
            try await withThrowingTaskGroup { group in
                for caller in 0..<200 {
                    group.addTask {
                        for call in 0..<50 {
                            let text = "\(caller)-\(call)"
                            #expect(try await client.command(["ECHO", .string(text)]).text == text)
                            let replies = try await client.pipeline([["ECHO", "a\(text)"], ["ECHO", "b\(text)"]])
                            #expect(replies.map(\.text) == ["a\(text)", "b\(text)"])
                        }
                    }
                }
                try await group.waitForAll()
            }
        }
    }

    @Test func aLargePipelineComesBackWhole() async throws {
        try await withSharedClient { client in
            let commands = (0..<50_000).map { [RedisArgument("ECHO"), "value number \($0) of a large pipeline"] }
            let replies = try await client.pipeline(commands, timeout: .seconds(20))
            #expect(replies.count == commands.count)
            #expect(replies.last?.text == "value number 49999 of a large pipeline")
        }
    }

    @Test func closingLetsCallsInHandEndAndRefusesNewOnes() async throws {
        let client = try RedisClient(url: try #require(sharedRedisURL), logger: quiet)
        try await client.command(["PING"])
        async let slow = client.command(["BLPOP", .string(uniqueKey("nobody")), "0.2"])
        try await Task.sleep(for: .milliseconds(50))
        await client.close()
        #expect(try await slow.isNull)
        let error = await #expect(throws: CoordinationError.self) { try await client.command(["PING"]) }
        #expect(error?.code == .closed)
    }

    @Test func aCallThatGivesUpLeavesTheOthersTheirReplies() async throws {
        try await withSharedClient(connections: 1) { client in
            try await client.command(["PING"])
            async let slow = client.command(
                ["BLPOP", .string(uniqueKey("nobody")), "0.4"], timeout: .milliseconds(100))
            try await Task.sleep(for: .milliseconds(20))
            async let next = client.command(["ECHO", "mine"])
            do {
                _ = try await slow
                Issue.record("the slow call should have given up")
            } catch let error as CoordinationError {
                #expect(error.code == .timedOut)
                #expect(error.mayHaveHappened)
            }
            #expect(try await next.text == "mine")
        }
    }
}

struct RedisAddressTests {
    @Test(arguments: [
        "", "localhost:6379", "http://localhost", "rediss://localhost", "redis://", "redis://h/x", "redis://h/-1",
    ])
    func addressesThatMakeNoSenseAreRefused(url: String) {
        let error = #expect(throws: CoordinationError.self) { try RedisAddress(url) }
        #expect(error?.code == .invalidConfiguration)
    }

    @Test func addressesAreReadAndShownWithoutSecrets() throws {
        let address = try RedisAddress("redis://anna:s%40cret@redis.example:7000/3")
        #expect(address.host == "redis.example")
        #expect(address.port == 7000)
        #expect(address.database == 3)
        #expect(address.description == "redis://redis.example:7000/3")
        #expect(try RedisAddress("redis://[::1]").host == "::1")
    }
}
