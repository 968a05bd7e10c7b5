import Coordination
import Testing

struct RedisScriptTests {
    @Test(arguments: [
        ("", "da39a3ee5e6b4b0d3255bfef95601890afd80709"),
        ("abc", "a9993e364706816aba3e25717850c26c9cd0d89d"),
        ("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", "84983e441c3bd26ebaae4aa1f95129e5e54670f1"),
        (String(repeating: "a", count: 64), "0098ba824b5c16427bd7a1122a5a442a25ec644d"),
    ])
    func namesAreTheSHA1OfTheSource(source: String, digest: String) {
        #expect(RedisScript(name: "x", source: source).sha1 == digest)
    }

    @Test(.enabled(if: PrivateRedis.isInstalled)) func serverAndClientNameScriptsAlike() async throws {
        let redis = try await PrivateRedis()
        let client = try redis.client()
        for length in 40...140 {
            let script = RedisScript(name: "x", source: "return 1 -- " + String(repeating: "é", count: length))
            #expect(try await client.command(["SCRIPT", "LOAD", .string(script.source)]).text == script.sha1)
        }
        await client.close()
    }

    @Test(.enabled(if: PrivateRedis.isInstalled)) func scriptsRunAgainAfterTheServerForgotThem() async throws {
        let redis = try await PrivateRedis()
        let client = try redis.client()
        let append = RedisScript(name: "append", source: "return redis.call('RPUSH', KEYS[1], ARGV[1])")
        let length = RedisScript(name: "length", source: "return redis.call('LLEN', KEYS[1])")
        #expect(try await client.evaluate(append, keys: ["list"], arguments: ["0"]).integerValue == 1)
        try await client.command(["SCRIPT", "FLUSH"])
        let calls =
            (1...100).map { RedisScriptCall(append, keys: ["list"], arguments: ["\($0)"]) }
            + [RedisScriptCall(length, keys: ["list"], arguments: [])]
        let replies = try await client.evaluatePipelined(calls)
        #expect(replies.prefix(100).map(\.integerValue) == (2...101).map { Int64($0) })
        // Repeated calls come after those that the server still knew.
        #expect(replies.last?.integerValue != nil)
        let list = try await client.command(["LRANGE", "list", 0, -1])
        #expect(list.elements?.map(\.integerValue) == (0...100).map { Int64($0) })
        await client.close()
    }

    @Test(.enabled(if: PrivateRedis.isInstalled)) func aScriptThatDoesNotCompileIsRefused() async throws {
        let redis = try await PrivateRedis()
        let client = try redis.client()
        let broken = RedisScript(name: "broken", source: "return (")
        let error = await #expect(throws: CoordinationError.self) {
            try await client.evaluate(broken, keys: [], arguments: [])
        }
        #expect(error?.code == .refused)
        await client.close()
    }
}
