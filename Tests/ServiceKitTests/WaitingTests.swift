import AsyncHTTPClient
import Domain
import Foundation
import NIOCore
import ServiceKit
import Synchronization
import Testing

/// Long polls, event streams and what a stop does to them.
@Suite struct WaitingTests {
    private func waiting(_ signal: AsyncStream<String>.Continuation) -> Routes {
        var routes = Routes()
        routes.get("/poll") { request in
            let limit = try request.query.integer("wait", default: 30, in: 0...60)
            let found = try await request.longPoll(upTo: .seconds(limit)) { () async throws -> String? in
                signal.yield("waiting")
                do { try await Task.sleep(for: .seconds(60)) } catch { signal.yield("cancelled") }
                return nil
            }
            return .json(["found": found.map { .string($0) } ?? .null])
        }
        routes.get("/found") { request in
            let found = try await request.longPoll(upTo: .seconds(30)) { "offer" }
            return .json(["found": .string(found ?? "")])
        }
        routes.get("/late") { request in
            let found = try await request.longPoll(upTo: .milliseconds(10)) { () async throws -> String? in
                try? await Task.sleep(for: .seconds(60))
                return "taken all the same"
            }
            return .json(["found": .string(found ?? "")])
        }
        routes.get("/stream") { request in
            request.serverSentEvents(heartbeat: .milliseconds(50)) { stream in
                for number in 0..<3 {
                    try await stream.send(event: "tick", json: ["n": .integer(Int64(number))], id: "\(number)")
                }
                try await stream.send(data: Array("two\nlines".utf8))
                if try request.query.bool("forever") == true {
                    signal.yield("streaming")
                    do { try await Task.sleep(for: .seconds(60)) } catch { signal.yield("cancelled") }
                }
            }
        }
        return routes
    }

    @Test func aPollAnswersWhatIsFoundOrNothing() async throws {
        let (_, signal) = AsyncStream<String>.makeStream()
        try await withServer(waiting(signal)) { port, _ async throws in
            #expect(try await send("GET", port, "/found").json == ["found": "offer"])
            #expect(try await send("GET", port, "/poll?wait=0").json == ["found": .null])
            #expect(try await send("GET", port, "/late").json == ["found": "taken all the same"])
        }
    }

    @Test func aStopEndsPollsAtOnce() async throws {
        let (signals, signal) = AsyncStream<String>.makeStream()
        let start = ContinuousClock.now
        try await withServer(waiting(signal)) { port, runner async throws in
            async let answer = send("GET", port, "/poll")
            var iterator = signals.makeAsyncIterator()
            #expect(await iterator.next() == "waiting")
            runner.stop()
            let found = try await answer
            #expect(found.json == ["found": .null])
        }
        #expect(ContinuousClock.now - start < .seconds(4))
    }

    @Test func aCallerWhoLeavesEndsThePoll() async throws {
        let (signals, signal) = AsyncStream<String>.makeStream()
        try await withServer(waiting(signal)) { port, _ async throws in
            var iterator = signals.makeAsyncIterator()
            let caller = Task { try await send("GET", port, "/poll") }
            #expect(await iterator.next() == "waiting")
            caller.cancel()
            #expect(await iterator.next() == "cancelled")
        }
    }

    @Test func eventsAreStreamed() async throws {
        let (_, signal) = AsyncStream<String>.makeStream()
        try await withServer(waiting(signal)) { port, _ async throws in
            let answer = try await send("GET", port, "/stream")
            #expect(answer.header("content-type") == "text/event-stream")
            let text = String(decoding: answer.body, as: UTF8.self)
            #expect(text.hasPrefix(":\n\nevent: tick\nid: 0\ndata: {\"n\":0}\n\nevent: tick\nid: 1\n"))
            // A heartbeat may follow.
            #expect(text.contains("data: two\ndata: lines\n\n"))
        }
    }

    @Test func aStopEndsStreams() async throws {
        let (signals, signal) = AsyncStream<String>.makeStream()
        try await withServer(waiting(signal)) { port, runner async throws in
            var iterator = signals.makeAsyncIterator()
            async let answer = send("GET", port, "/stream?forever=true")
            #expect(await iterator.next() == "streaming")
            try await Task.sleep(for: .milliseconds(120))
            runner.stop()
            let text = String(decoding: try await answer.body, as: UTF8.self)
            #expect(text.hasSuffix(":\n\n"), "heartbeats go on while nothing happens")
            #expect(await iterator.next() == "cancelled")
        }
    }
}
