import Coordination
import Testing

@Suite(.enabled(if: PrivateRedis.isInstalled, "redis-server is not installed"))
struct RedisSubscriberTests {
    @Test func everyListenerOfAChannelGetsItsMessagesInOrder() async throws {
        let redis = try await PrivateRedis()
        let client = try redis.client()
        let subscriber = try RedisSubscriber(url: redis.url, logger: quiet)
        var first = subscriber.subscribe("a").makeAsyncIterator()
        #expect(await first.next() == .subscribed)
        var second = subscriber.subscribe("a").makeAsyncIterator()
        #expect(await second.next() == .subscribed)
        var other = subscriber.subscribe("b").makeAsyncIterator()
        #expect(await other.next() == .subscribed)
        try await client.pipeline([
            ["PUBLISH", "a", "1"], ["PUBLISH", "b", .bytes([0, 255])], ["PUBLISH", "a", "2"],
        ])
        for expected in ["1", "2"] {
            #expect(await first.next() == .message(Array(expected.utf8)))
            #expect(await second.next() == .message(Array(expected.utf8)))
        }
        #expect(await other.next() == .message([0, 255]))
        await subscriber.close()
        #expect(await first.next() == nil)
        await client.close()
    }

    @Test func afterARestartItListensAgainAndSaysSo() async throws {
        let redis = try await PrivateRedis()
        let subscriber = try RedisSubscriber(url: redis.url, timeout: .milliseconds(300), logger: quiet)
        var notices = subscriber.subscribe("a").makeAsyncIterator()
        #expect(await notices.next() == .subscribed)
        redis.kill()
        try await redis.start()
        #expect(await notices.next() == .subscribed)
        let client = try redis.client()
        #expect(try await client.command(["PUBLISH", "a", "x"]).integerValue == 1)
        #expect(await notices.next() == .message([UInt8(ascii: "x")]))

        // A server that stands still is given up, and found again when it goes on.
        redis.stop()
        try await Task.sleep(for: .seconds(1))
        redis.resume()
        #expect(await notices.next() == .subscribed)
        await client.close()
        await subscriber.close()
    }

    @Test func aDroppedStreamIsUnsubscribed() async throws {
        let redis = try await PrivateRedis()
        let client = try redis.client()
        let subscriber = try RedisSubscriber(url: redis.url, logger: quiet)
        do {
            var notices = subscriber.subscribe("a").makeAsyncIterator()
            #expect(await notices.next() == .subscribed)
        }
        var listeners: Int64? = nil
        for _ in 0..<200 where listeners != 0 {
            listeners = try await client.command(["PUBSUB", "NUMSUB", "a"]).elements?.last?.integerValue
            try await Task.sleep(for: .milliseconds(10))
        }
        #expect(listeners == 0)
        await subscriber.close()
        await client.close()
    }
}
