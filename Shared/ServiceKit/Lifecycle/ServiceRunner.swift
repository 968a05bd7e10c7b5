import Foundation
import Logging
import ServiceLifecycle
import Synchronization
import UnixSignals

/// A part of a process that runs from start to stop.
public struct ServiceComponent: Sendable {
    /// Name in logs.
    public var name: String
    /// What runs.
    public var service: any Service
    /// Returns when those after it may start; throws when it cannot work, which stops the start.
    public var ready: @Sendable () async throws -> Void
    /// Whether its end is nothing unusual.
    public var mayEnd: Bool

    /// Makes a component.
    public init(
        _ name: String, _ service: any Service, mayEnd: Bool = false,
        ready: @escaping @Sendable () async throws -> Void = {}
    ) {
        self.name = name
        self.service = service
        self.ready = ready
        self.mayEnd = mayEnd
    }

    /// Makes a component of a closure, which must end on graceful shutdown or cancellation.
    public init(
        _ name: String, mayEnd: Bool = false, ready: @escaping @Sendable () async throws -> Void = {},
        run: @escaping @Sendable () async throws -> Void
    ) {
        self.init(name, ClosureComponent(body: run), mayEnd: mayEnd, ready: ready)
    }
}

/// Starts components one after the other, each when the one before is ready, and stops them in the opposite order.
///
/// SIGTERM and SIGINT begin a graceful stop, which is bounded: what has not ended by then is cancelled. A second signal
/// cancels at once. A component that fails or ends by itself stops the others gracefully, and `run` throws.
public final class ServiceRunner: Sendable {
    private let components: [ServiceComponent]
    private let stopWithin: Duration
    private let logger: Logger
    private let stopping = OneTimeSignal()
    private let started = OneTimeSignal()
    private let running = RunningComponents()

    /// - Parameters:
    ///   - components: in the order in which they start: what others need comes first, the HTTP server last.
    ///   - stopWithin: bound of a graceful stop.
    public init(_ components: [ServiceComponent], stopWithin: Duration, logger: Logger) {
        self.components = components
        self.stopWithin = stopWithin
        self.logger = logger
    }

    /// Whether a stop has begun.
    public var isStopping: Bool { stopping.hasFired }

    /// Begins a graceful stop.
    public func stop() { stopping.fire() }

    /// Waits until every component is ready, or the run has ended.
    public func waitUntilStarted() async { await started.wait() }

    /// Runs until stopped.
    /// - Parameter trapsSignals: false where somebody else handles SIGTERM and SIGINT.
    /// - Throws: what a component threw.
    public func run(trapsSignals: Bool = true) async throws {
        let failure = FirstFailure()
        let group = makeGroup(failure)
        let watch = Watch(running)
        defer {
            watch.disarm()
            started.fire()
        }
        try await withThrowingTaskGroup(of: End.self) { tasks in
            tasks.addTask {
                try await group.run()
                return .group
            }
            tasks.addTask { [stopping] in
                await stopping.wait()
                if stopping.hasFired { await group.triggerGracefulShutdown() }
                return .helper
            }
            if trapsSignals {
                tasks.addTask { try await self.watchSignals(watch) }
            }
            defer { tasks.cancelAll() }
            while let end = try await tasks.next() {
                if end == .group { return }
            }
        }
        try failure.rethrow()
    }

    private enum End: Sendable { case group, helper }

    private func watchSignals(_ watch: Watch) async throws -> End {
        let signals = await UnixSignalsSequence(trapping: .sigterm, .sigint)
        for await signal in signals {
            if stopping.hasFired {
                logger.warning("second signal, stopping at once", metadata: ["signal": .stringConvertible(signal)])
                watch.arm(after: .seconds(2))
                throw StoppedAtOnce()
            }
            logger.info("stopping", metadata: ["signal": .stringConvertible(signal)])
            watch.arm(after: stopWithin + .seconds(5))
            stopping.fire()
        }
        return .helper
    }

    private func makeGroup(_ failure: FirstFailure) -> ServiceGroup {
        let starter = Starter(
            components: components, logger: logger, started: started, stopping: stopping, failure: failure,
            running: running)
        var configuration = ServiceGroupConfiguration(
            services: [
                .init(
                    service: starter, successTerminationBehavior: .gracefullyShutdownGroup,
                    failureTerminationBehavior: .gracefullyShutdownGroup)
            ], logger: logger)
        configuration.maximumGracefulShutdownDuration = stopWithin
        let group = ServiceGroup(configuration: configuration)
        starter.group.withLock { $0 = group }
        return group
    }
}

/// What went wrong first: the group may be stopping already when it learns of it.
final class FirstFailure: Sendable {
    private let error = Mutex<(any Error)?>(nil)

    func note(_ new: any Error) { error.withLock { $0 = $0 ?? new } }

    func rethrow() throws {
        if let error = error.withLock({ $0 }) { throw error }
    }
}

/// A second signal came.
public struct StoppedAtOnce: Error, CustomStringConvertible {
    /// What happened.
    public let description = "stopped at once by a second signal"
}

/// A component ended though nobody asked it to.
public struct ComponentEnded: Error, Sendable, CustomStringConvertible {
    /// Its name.
    public let component: String
    /// What happened.
    public var description: String { "\(component) ended by itself" }
}
