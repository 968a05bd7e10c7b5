import Domain
import Foundation
import Logging
import Messaging
import ServiceLifecycle

/// The consumers of command topics: the shared one, and one for each source that has a topic of its own.
struct CommandConsumers: Sendable {
    let tenants: TenantDirectory
    let dependencies: CoreDependencies
    let deadLetters: DeadLetters
    let connection: KafkaConfiguration
    let takesShared: Bool
    /// Nil where brokers are spoken to by TLS or SASL: those end dead members' sessions themselves.
    let keeper: KeepGroup?
    /// Members of the group in this process: while one waits for its commit, the other reads and validates.
    private static let membersOfShared = 2

    static func group(_ topics: Topics) -> String { "\(topics.prefix)millrace-core" }

    /// Runs until a graceful stop.
    func run() async {
        // Who does not know the tenants yet would refuse their commands.
        await cancelWhenGracefulShutdown { await tenants.readAgain() }
        await withDiscardingTaskGroup { group in
            if takesShared {
                for _ in 0..<Self.membersOfShared {
                    group.addTask { await consume(dependencies.topics.commands, binding: nil) }
                }
            }
            group.addTask { await watchBoundTopics() }
            if let keeper { group.addTask { await cancelWhenGracefulShutdown { await keeper.run() } } }
        }
    }

    /// Sources get and lose topics when configurations are applied.
    private func watchBoundTopics() async {
        await cancelWhenGracefulShutdown {
            // Those without a binding are ending.
            var running: [String: (binding: CommandMessage.Binding?, task: Task<Void, Never>)] = [:]
            while !Task.isCancelled {
                let wanted = tenants.bindings
                for (topic, entry) in running where wanted[topic] != entry.binding {
                    entry.task.cancel()
                    running[topic] = (nil, entry.task)
                }
                for (topic, binding) in wanted where running[topic]?.binding == nil {
                    let former = running[topic]?.task
                    let task = Task {
                        // It may still be handling a batch under the former owner's name.
                        await former?.value
                        await consume(topic, binding: binding)
                    }
                    running[topic] = (binding, task)
                }
                try? await Task.sleep(for: .seconds(1))
            }
            for entry in running.values { entry.task.cancel() }
            for entry in running.values { await entry.task.value }
        }
    }

    private func consume(_ topic: String, binding: CommandMessage.Binding?) async {
        let handler = HandleCommands(
            tenants: tenants, dependencies: dependencies, deadLetters: deadLetters, binding: binding)
        while !Task.isCancelled, !Task.isShuttingDownGracefully {
            let consumer = KafkaConsumer(
                configuration: ConsumerConfiguration(
                    connection: connection, group: Self.group(dependencies.topics),
                    topics: [connection.topic(topic)],
                    // Brokers answer as soon as something comes; the wait only spares them idle questions.
                    properties: ["fetch.wait.max.ms": "200"]),
                logger: dependencies.logger)
            keeper?.add(consumer)
            defer { keeper?.remove(consumer) }
            do {
                try await withGracefulShutdownHandler {
                    try await consumer.run(maximumBatch: 1000) { try await handler.handle($0) }
                } onGracefulShutdown: {
                    Task { await consumer.close() }
                }
            } catch {
                dependencies.logger.error(
                    "command consumer ended, another is started", metadata: ["topic": "\(topic)", "error": "\(error)"])
                try? await Task.sleep(for: .seconds(1))
            }
        }
    }
}
