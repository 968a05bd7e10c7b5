import Logging
import ServiceLifecycle
import Synchronization

/// First service of the group: adds the others one by one. Being first, it is the last that is stopped.
final class Starter: Service {
    let group = Mutex<ServiceGroup?>(nil)
    private let components: [ServiceComponent]
    private let logger: Logger
    private let started: OneTimeSignal
    private let stopping: OneTimeSignal
    private let failure: FirstFailure
    private let running: RunningComponents

    init(
        components: [ServiceComponent], logger: Logger, started: OneTimeSignal, stopping: OneTimeSignal,
        failure: FirstFailure, running: RunningComponents
    ) {
        self.components = components
        self.logger = logger
        self.started = started
        self.stopping = stopping
        self.failure = failure
        self.running = running
    }

    func run() async throws {
        guard let group = group.withLock({ $0 }) else { return }
        do {
            try await cancelWhenGracefulShutdown { try await self.startAll(group) }
        } catch is CancellationError {
            return
        } catch {
            failure.note(error)
            stopping.fire()
            throw error
        }
        try? await gracefulShutdown()
    }

    private func startAll(_ group: ServiceGroup) async throws {
        for component in components {
            if stopping.hasFired || Task.isCancelled { return }
            await group.addServiceUnlessShutdown(
                .init(
                    service: ComponentService(
                        component: component, stopping: stopping, failure: failure, running: running, logger: logger),
                    successTerminationBehavior: .ignore, failureTerminationBehavior: .gracefullyShutdownGroup))
            try await unlessStopped(component.ready)
            if stopping.hasFired { return }
            logger.debug("component ready", metadata: ["component": .string(component.name)])
        }
        logger.info("started")
        started.fire()
    }

    /// A component that is stopping may never become ready.
    private func unlessStopped(_ ready: @escaping @Sendable () async throws -> Void) async throws {
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await ready() }
            tasks.addTask { [stopping] in await stopping.wait() }
            defer { tasks.cancelAll() }
            try await tasks.next()
        }
    }
}

/// Runs one component, logs its end, and makes an error of an end that nobody asked for.
private struct ComponentService: Service {
    let component: ServiceComponent
    let stopping: OneTimeSignal
    let failure: FirstFailure
    let running: RunningComponents
    let logger: Logger

    func run() async throws {
        running.began(component.name)
        defer { running.ended(component.name) }
        let name: Logger.MetadataValue = .string(component.name)
        do {
            try await component.service.run()
        } catch is CancellationError where Task.isCancelled || Task.isShuttingDownGracefully {
            return
        } catch {
            logger.error(
                "component failed", metadata: ["component": name, "error": .string(String(reflecting: error))])
            failure.note(error)
            stopping.fire()
            throw error
        }
        let isExpected = component.mayEnd || stopping.hasFired || Task.isShuttingDownGracefully || Task.isCancelled
        logger.debug("component ended", metadata: ["component": name])
        guard isExpected else {
            let ended = ComponentEnded(component: component.name)
            failure.note(ended)
            stopping.fire()
            throw ended
        }
    }
}

/// A component out of a closure.
struct ClosureComponent: Service {
    let body: @Sendable () async throws -> Void

    func run() async throws { try await body() }
}
