import Logging
import ServiceKit
import ServiceLifecycle
import Synchronization
import Testing

@Suite struct ServiceRunnerTests {
    private final class Journal: Sendable {
        private let entries = Mutex<[String]>([])
        var all: [String] { entries.withLock { $0 } }
        func note(_ entry: String) { entries.withLock { $0.append(entry) } }
    }

    private func component(_ name: String, _ journal: Journal) -> ServiceComponent {
        ServiceComponent(name, ready: { journal.note("ready \(name)") }) {
            journal.note("run \(name)")
            try? await gracefulShutdown()
            journal.note("stop \(name)")
        }
    }

    private struct Failure: Error, Equatable {}

    @Test func startsInOrderAndStopsBackwards() async throws {
        let journal = Journal()
        let runner = ServiceRunner(
            ["database", "core", "http"].map { component($0, journal) }, stopWithin: .seconds(5), logger: quiet)
        async let run: Void = runner.run(trapsSignals: false)
        await runner.waitUntilStarted()
        #expect(journal.all.filter { $0.hasPrefix("ready") } == ["ready database", "ready core", "ready http"])
        runner.stop()
        try await run
        #expect(journal.all.filter { $0.hasPrefix("stop") } == ["stop http", "stop core", "stop database"])
    }

    @Test func waitsForReadyBeforeTheNext() async throws {
        let journal = Journal()
        let gate = AsyncStream<Void>.makeStream()
        let first = ServiceComponent("first", ready: { for await _ in gate.stream { break } }) {
            try? await gracefulShutdown()
        }
        let runner = ServiceRunner([first, component("second", journal)], stopWithin: .seconds(5), logger: quiet)
        async let run: Void = runner.run(trapsSignals: false)
        try await Task.sleep(for: .milliseconds(50))
        #expect(journal.all.isEmpty)
        gate.continuation.yield()
        await runner.waitUntilStarted()
        #expect(journal.all.contains("run second") || journal.all.contains("ready second"))
        runner.stop()
        try await run
    }

    @Test func aFailureStopsTheOthersGracefully() async throws {
        let journal = Journal()
        let failing = ServiceComponent("failing") {
            try await Task.sleep(for: .milliseconds(50))
            throw Failure()
        }
        let runner = ServiceRunner([component("first", journal), failing], stopWithin: .seconds(5), logger: quiet)
        await #expect(throws: Failure.self) { try await runner.run(trapsSignals: false) }
        #expect(journal.all.last == "stop first")
    }

    @Test func aComponentThatIsNotReadyStopsTheStart() async throws {
        let journal = Journal()
        let broken = ServiceComponent("broken", ready: { throw Failure() }) { try? await gracefulShutdown() }
        let runner = ServiceRunner(
            [component("first", journal), broken, component("never", journal)], stopWithin: .seconds(5), logger: quiet)
        await #expect(throws: Failure.self) { try await runner.run(trapsSignals: false) }
        #expect(journal.all.contains("stop first") && !journal.all.contains("run never"))
    }

    @Test func anEndThatNobodyAskedForIsAnError() async throws {
        let runner = ServiceRunner([ServiceComponent("short") {}], stopWithin: .seconds(5), logger: quiet)
        await #expect(throws: ComponentEnded.self) { try await runner.run(trapsSignals: false) }
        let journal = Journal()
        let job = ServiceRunner(
            [component("first", journal), ServiceComponent("job", mayEnd: true) { journal.note("done") }],
            stopWithin: .seconds(5), logger: quiet)
        async let run: Void = job.run(trapsSignals: false)
        await job.waitUntilStarted()
        while !journal.all.contains("done") { await Task.yield() }
        job.stop()
        try await run
        #expect(journal.all.last == "stop first")
    }

    @Test func aStopIsBounded() async throws {
        let stubborn = ServiceComponent("stubborn") { try? await Task.sleep(for: .seconds(60)) }
        let runner = ServiceRunner([stubborn], stopWithin: .milliseconds(200), logger: quiet)
        let start = ContinuousClock.now
        async let run: Void = runner.run(trapsSignals: false)
        await runner.waitUntilStarted()
        runner.stop()
        try? await run
        #expect(start.duration(to: .now) < .seconds(5))
    }

    @Test func aStopDuringTheStartEndsIt() async throws {
        let journal = Journal()
        let never = ServiceComponent("never ready", ready: { try await Task.sleep(for: .seconds(60)) }) {
            try? await gracefulShutdown()
        }
        let runner = ServiceRunner([component("first", journal), never], stopWithin: .seconds(5), logger: quiet)
        async let run: Void = runner.run(trapsSignals: false)
        // Whoever has not begun to run when the stop comes has nothing to end.
        while !Set(journal.all).isSuperset(of: ["ready first", "run first"]) { await Task.yield() }
        runner.stop()
        try? await run
        #expect(journal.all.last == "stop first")
    }
}
