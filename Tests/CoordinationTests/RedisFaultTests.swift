import Coordination
import Testing

/// Each test on a server of its own, which it kills, stops and restarts.
@Suite(.serialized, .enabled(if: PrivateRedis.isInstalled, "redis-server is not installed"))
struct RedisFaultTests {
    let clock = ContinuousClock()

    @Test func withoutAServerCallsFailAtOnce() async throws {
        let client = try RedisClient(url: "redis://127.0.0.1:\(try freePort())", timeout: .seconds(10), logger: quiet)
        for _ in 0..<3 {
            let start = clock.now
            let error = await #expect(throws: CoordinationError.self) { try await client.command(["PING"]) }
            #expect(error?.code == .unavailable)
            #expect(error?.mayHaveHappened == false)
            #expect(error?.isRetryable == true)
            #expect(clock.now - start < .seconds(5), "well before the time-out of 10 s")
        }
        await client.close()
    }

    @Test func aKilledServerMakesCallsInFlightUncertainAndIsKnownForAnotherAfterwards() async throws {
        let redis = try await PrivateRedis()
        let client = try redis.client(timeout: .seconds(5))
        try await client.command(["PING"])
        let first = try #require(client.serverRunID)
        var events = client.serverEvents().makeAsyncIterator()
        #expect(await events.next() == .connected(runID: first))

        async let inFlight = client.command(["BLPOP", "nobody", "0"])
        try await Task.sleep(for: .milliseconds(500))
        redis.kill()
        do {
            _ = try await inFlight
            Issue.record("the call should have failed")
        } catch let error as CoordinationError {
            #expect(error.code == .connectionLost)
            #expect(error.mayHaveHappened)
        }
        #expect(await events.next() == .lost)

        try await redis.start()
        let second = await events.next()
        let runID = try #require(client.serverRunID)
        #expect(runID != first)
        #expect(second == .replaced(runID: runID, previous: first))
        #expect(try await client.command(["ECHO", "back"]).text == "back")
        await client.close()
    }

    @Test func aStoppedServerHoldsNobodyUpForLongerThanTheTimeout() async throws {
        let redis = try await PrivateRedis()
        let client = try redis.client(timeout: .milliseconds(300))
        try await client.command(["PING"])
        redis.stop()
        let start = clock.now
        await withTaskGroup { group in
            for _ in 0..<20 {
                group.addTask {
                    let error = await #expect(throws: CoordinationError.self) {
                        try await client.command(["INCR", "n"])
                    }
                    #expect(error?.isRetryable == true)
                }
            }
        }
        #expect(clock.now - start < .milliseconds(1500))
        let again = clock.now
        await #expect(throws: CoordinationError.self) { try await client.command(["PING"]) }
        #expect(clock.now - again < .milliseconds(1500))
        redis.resume()
        try await untilReachable(client)
        await client.close()
    }

    @Test func aServerThatComesUpLateIsFound() async throws {
        let redis = try await PrivateRedis()
        redis.kill()
        let client = try redis.client()
        await #expect(throws: CoordinationError.self) { try await client.command(["PING"]) }
        try await redis.start()
        let start = clock.now
        try await untilReachable(client)
        #expect(clock.now - start < .seconds(2))
        await client.close()
    }

    @Test func aWrongPasswordIsSaid() async throws {
        let redis = try await PrivateRedis(options: ["--requirepass", "right"])
        let wrong = try RedisClient(url: "redis://:wrong@127.0.0.1:\(redis.port)", logger: quiet)
        let error = await #expect(throws: CoordinationError.self) { try await wrong.command(["PING"]) }
        #expect(error?.message.contains("WRONGPASS") == true)
        #expect(error?.message.contains("wrong@") == false)
        await wrong.close()

        let right = try RedisClient(url: "redis://:right@127.0.0.1:\(redis.port)/2", logger: quiet)
        try await right.command(["SET", "k", "v"])
        #expect(try await right.pipeline([["SELECT", 2], ["GET", "k"]]).last?.text == "v")
        await right.close()
    }

    @Test func callersGoOnThroughRestarts() async throws {
        let redis = try await PrivateRedis()
        let client = try redis.client(connections: 2, timeout: .seconds(1))
        try await client.command(["PING"])
        let done = await withTaskGroup { group in
            for caller in 0..<20 {
                group.addTask {
                    var done = 0
                    while done < 200 {
                        do {
                            let text = "\(caller):\(done)"
                            #expect(try await client.command(["ECHO", .string(text)]).text == text)
                            done += 1
                        } catch {
                            #expect((error as? CoordinationError)?.isRetryable == true, "\(error)")
                        }
                        try? await Task.sleep(for: .milliseconds(2))
                    }
                    return done
                }
            }
            for _ in 0..<3 {
                try? await Task.sleep(for: .milliseconds(100))
                redis.kill()
                try? await redis.start()
            }
            return await group.reduce(0, +)
        }
        #expect(done == 4000)
        await client.close()
    }

    private func untilReachable(_ client: RedisClient) async throws {
        let deadline = clock.now + .seconds(5)
        while true {
            do {
                try await client.command(["PING"])
                return
            } catch {
                if clock.now > deadline { throw error }
                try await Task.sleep(for: .milliseconds(20))
            }
        }
    }
}
