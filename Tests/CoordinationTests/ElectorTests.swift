import Coordination
import Foundation
import Testing

/// Two instances, one lease, a Redis of the test's own.
@Suite(.serialized, .enabled(if: PrivateRedis.isInstalled, "redis-server is not installed"))
struct ElectorTests {
    let clock = ContinuousClock()
    let timeToLive = Duration.milliseconds(900)

    @Test func aGracefulStopHandsOverAtOnce() async throws {
        let redis = try await PrivateRedis()
        let client = try redis.client()
        let subscriber = try RedisSubscriber(url: redis.url, logger: quiet)
        let register = TermRegister()
        let first = try Instance(
            "a", lease: "l", client: client, subscriber: subscriber, register: register, timeToLive: .seconds(30))
        let one = try await first.elected()
        let second = try Instance(
            "b", lease: "l", client: client, subscriber: subscriber, register: register, timeToLive: .seconds(30))
        try await Task.sleep(for: .milliseconds(200))
        let start = clock.now
        try await first.stop()
        let two = try await second.elected()
        #expect(clock.now - start < .seconds(1))
        #expect(two.number > one.number)
        #expect(!one.isTrusted)
        #expect(two.isTrusted)
        try await second.stop()
        #expect(try await client.command(["EXISTS", "test:lease:l"]).integerValue == 0)
        await subscriber.close()
        await client.close()
    }

    @Test func oneHoldsForAsLongAsItRenews() async throws {
        let redis = try await PrivateRedis()
        let client = try redis.client()
        let register = TermRegister()
        let first = try Instance("a", lease: "l", client: client, register: register)
        let term = try await first.elected()
        let second = try Instance("b", lease: "l", client: client, register: register)
        for _ in 0..<20 {
            try await Task.sleep(for: timeToLive / 6)
            #expect(term.isTrusted)
        }
        #expect(try register.next() == term.number + 1)
        try await second.stop()
        try await first.stop()
        await client.close()
    }

    @Test func aStoppedProcessTrustsItselfNoMoreBeforeTheNextIsElected() async throws {
        let redis = try await PrivateRedis()
        let client = try redis.client()
        let register = TermRegister()
        let stallable = StallableClock()
        let first = try Instance("a", lease: "l", client: client, register: register, clock: stallable)
        let one = try await first.elected()
        let second = try Instance("b", lease: "l", client: client, register: register)
        stallable.stall()
        let two = try await second.elected()
        #expect(!one.isTrusted)
        #expect(throws: CoordinationError.self) { try one.requireTrust() }
        #expect(two.number > one.number)

        stallable.goOn()
        await first.steppedDown()
        #expect(two.isTrusted)
        try await second.stop()
        let three = try await first.elected()
        #expect(three.number > two.number)
        try await first.stop()
        await client.close()
    }

    @Test func whenRedisDiesTheHolderStepsDownAndIsElectedAgainAfterwards() async throws {
        let redis = try await PrivateRedis()
        let client = try redis.client()
        let instance = try Instance("a", lease: "l", client: client, register: TermRegister())
        let one = try await instance.elected()
        let start = clock.now
        redis.kill()
        await instance.steppedDown()
        #expect(clock.now - start < timeToLive + .seconds(3))
        #expect(!one.isTrusted)
        try await redis.start()
        let restarted = clock.now
        let two = try await instance.elected()
        #expect(clock.now - restarted < .seconds(2))
        #expect(two.number > one.number)
        try await instance.stop()
        await client.close()
    }

    @Test func whenRedisStandsStillTheHolderStepsDownInTime() async throws {
        let redis = try await PrivateRedis()
        let client = try redis.client(timeout: .seconds(5))
        let instance = try Instance("a", lease: "l", client: client, register: TermRegister())
        let one = try await instance.elected()
        redis.stop()
        #expect(one.remaining < timeToLive)
        while one.isTrusted { try await Task.sleep(for: .milliseconds(5)) }
        redis.resume()
        let two = try await instance.elected()
        #expect(two.number > one.number)
        try await instance.stop()
        await client.close()
    }

    @Test func afterAFlushThereIsOneHolderWithANewTerm() async throws {
        let redis = try await PrivateRedis()
        let client = try redis.client()
        let register = TermRegister()
        let first = try Instance("a", lease: "l", client: client, register: register)
        let one = try await first.elected()
        try await client.command(["FLUSHALL"])
        await first.steppedDown()
        let two = try await first.elected()
        #expect(!one.isTrusted)
        #expect(two.number > one.number)
        try await first.stop()
        await client.close()
    }

    @Test func aHolderFromAnOldSnapshotIsWaitedForNoLongerThanItsTime() async throws {
        let redis = try await PrivateRedis(options: ["--dbfilename", "old.rdb"])
        let client = try redis.client()
        // A ghost: its key has no end, as a snapshot or an operator's restore may leave it.
        try await client.pipeline([["SET", "test:lease:l", "ghost|1|900"], ["SAVE"], ["DEL", "test:lease:l"]])
        let instance = try Instance("a", lease: "l", client: client, register: TermRegister())
        let one = try await instance.elected()
        redis.kill()
        try await redis.start()
        await instance.steppedDown()
        #expect(!one.isTrusted)
        let start = clock.now
        let two = try await instance.elected()
        #expect(clock.now - start < .seconds(2))
        #expect(two.number > one.number)
        try await instance.stop()
        await client.close()
    }

    @Test func withoutATermNobodyHolds() async throws {
        let redis = try await PrivateRedis()
        let client = try redis.client()
        let instance = try Instance("a", lease: "l", client: client, register: TermRegister(failures: 2))
        #expect(try await instance.elected().number == 1)
        try await instance.stop()
        await client.close()
    }

    @Test func whoCannotDrawATermIsNotWokenByItsOwnRelease() async throws {
        let redis = try await PrivateRedis()
        let client = try redis.client()
        let subscriber = try RedisSubscriber(url: redis.url, logger: quiet)
        let register = TermRegister(failures: 3)
        let start = clock.now
        let instance = try Instance("a", lease: "l", client: client, subscriber: subscriber, register: register)
        #expect(try await instance.elected().number == 1)
        #expect(register.attempts == 4)
        #expect(clock.now - start >= timeToLive * 0.9)
        try await instance.stop()
        await subscriber.close()
        await client.close()
    }

    @Test func theBodysErrorEndsTheRunAndFreesTheLease() async throws {
        struct Broken: Error {}
        let redis = try await PrivateRedis()
        let client = try redis.client()
        let elector = try Elector(
            ElectorConfiguration(name: "l", holder: "a", keyPrefix: "test:"), client: client, logger: quiet,
            nextTerm: { 1 })
        await #expect(throws: Broken.self) { try await elector.run { _ in throw Broken() } }
        #expect(try await client.command(["EXISTS", "test:lease:l"]).integerValue == 0)
        try await elector.run { term in #expect(term.isTrusted) }
        #expect(try await client.command(["EXISTS", "test:lease:l"]).integerValue == 0)
        await client.close()
    }

    @Test func aStandbyAndAnInstanceWithoutRedisStopAtOnce() async throws {
        let redis = try await PrivateRedis()
        let client = try redis.client()
        try await client.command(["SET", "test:lease:l", "other|1|600000", "PX", 600_000])
        let standby = try Instance("a", lease: "l", client: client, register: TermRegister())
        try await Task.sleep(for: .milliseconds(100))
        let start = clock.now
        try await standby.stop()
        redis.kill()
        let alone = try Instance("b", lease: "l", client: client, register: TermRegister())
        try await Task.sleep(for: .milliseconds(100))
        try await alone.stop()
        #expect(clock.now - start < .seconds(1))
        await client.close()
    }

    @Test func theLeaseIsKeptWhileACancelledBodyFinishes() async throws {
        let redis = try await PrivateRedis()
        let client = try redis.client()
        let elector = try Elector(
            ElectorConfiguration(name: "l", holder: "a", keyPrefix: "test:", timeToLive: timeToLive), client: client,
            logger: quiet, nextTerm: { 1 })
        let (began, signal) = AsyncStream.makeStream(of: Void.self)
        let running = Task {
            try await elector.run { term in
                signal.yield()
                while !Task.isCancelled { try? await Task.sleep(for: .seconds(3600)) }
                // Finishing takes longer than the time to live.
                try await Task { try await Task.sleep(for: .milliseconds(1500)) }.value
                #expect(term.isTrusted)
            }
        }
        for await _ in began { break }
        running.cancel()
        try await running.value
        #expect(try await client.command(["EXISTS", "test:lease:l"]).integerValue == 0)
        await client.close()
    }

    @Test func contradictoryConfigurationIsRefused() async throws {
        let client = try RedisClient(url: "redis://127.0.0.1:\(try freePort())", logger: quiet)
        for configuration in [
            ElectorConfiguration(name: "l", holder: "a", timeToLive: .milliseconds(10)),
            ElectorConfiguration(name: "l", holder: "a", timeToLive: .seconds(3), renewalInterval: .seconds(3)),
            ElectorConfiguration(name: "l", holder: "a", timeToLive: .seconds(3), margin: .seconds(2.5)),
        ] {
            let error = #expect(throws: CoordinationError.self) {
                try Elector(configuration, client: client, logger: quiet, nextTerm: { 1 })
            }
            #expect(error?.code == .invalidConfiguration)
        }
        await client.close()
    }
}
