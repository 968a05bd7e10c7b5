import Logging

/// Consumes topics as a member of a group, in batches, and commits a batch only after its handler has returned.
///
/// * One handler call at a time. While it runs the consumer keeps its place in the group, however long it takes.
/// * A handler that throws gets the same batch again, after a growing pause: nothing is skipped. What can never
///   succeed belongs into a dead-letter topic (`DeadLetterQueue`).
/// * Delivery is at least once: after a crash, or when partitions move, messages come again.
/// * Before partitions are given up, the batch in hand is finished and committed, within `finishWithin`.
/// * A broker that forgot topics, messages or offsets: topics are created again, and reading goes on at the beginning
///   of the new log, so that nothing that is new is skipped.
///
/// ```swift
/// let consumer = KafkaConsumer(configuration: configuration, logger: logger)
/// try await consumer.run { batch in try await capture(batch.messages) }
/// ```
public final class KafkaConsumer: Sendable {
    private let configuration: ConsumerConfiguration
    private let logger: Logger
    private let mailbox = ConsumerMailbox()

    /// Creates a consumer; it connects when it runs.
    public init(configuration: ConsumerConfiguration, logger: Logger) {
        self.configuration = configuration
        self.logger = logger
    }

    /// Joins the group and serves it until `close` is called or the task is cancelled.
    /// - Parameters:
    ///   - maximumBatch: the most messages in one batch; there are fewer where they are large (`maximumBatchBytes`).
    ///   - handler: does the work; when it returns, the batch counts as handled.
    /// - Throws: `configuration`, `alreadyRunning`, or `refused` when the library cannot go on; then run a new one.
    public func run(
        maximumBatch: Int = 1000, handler: @Sendable (MessageBatch) async throws -> Void
    ) async throws(MessagingError) {
        let plan = ConsumerLoop.Plan(
            role: .member, settings: configuration.settings, connection: configuration.connection,
            topics: configuration.topics,
            maximumBatch: BatchLimit(messages: max(1, maximumBatch), bytes: configuration.maximumBatchBytes),
            finishWithin: configuration.finishWithin.nanoseconds, retryAfter: configuration.retryAfter.nanoseconds,
            retryAtMost: configuration.retryAtMost.nanoseconds,
            commitInterval: configuration.commitInterval.nanoseconds, measure: configuration.measure, logger: logger)
        try await mailbox.serve(plan, handler)
    }

    /// The broker's present name for this member of the group; nil while it is none.
    public var memberId: String? { mailbox.memberId }

    /// Finishes the batch in hand within `finishWithin`, commits, leaves the group at once and ends `run`.
    public func close() async {
        await mailbox.close()
    }
}

extension ConsumerMailbox {
    /// Runs a loop's thread and calls the handler with its batches until it ends.
    func serve(
        _ plan: ConsumerLoop.Plan, _ handler: @Sendable (MessageBatch) async throws -> Void
    ) async throws(MessagingError) {
        guard start() else {
            throw MessagingError(.alreadyRunning, "It has run before or is closed. Create a new one.")
        }
        ConsumerLoop.start(plan, self)
        let result: Result<Void, MessagingError> = await withTaskCancellationHandler {
            var outcome = Outcome.none
            do throws(MessagingError) {
                while let batch = try await next(after: outcome) {
                    do {
                        try await handler(batch)
                        outcome = .succeeded
                    } catch {
                        outcome = .failed(error)
                    }
                }
                return .success(())
            } catch {
                return .failure(error)
            }
        } onCancel: {
            startClosing()
        }
        await ended.wait()
        try result.get()
    }
}
