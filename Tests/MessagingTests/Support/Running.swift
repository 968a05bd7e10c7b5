import Messaging

/// Runs a consumer beside the body, closes it afterwards and passes on what either threw.
func running(
    _ consumer: KafkaConsumer, maximumBatch: Int = 1000,
    handler: @escaping @Sendable (MessageBatch) async throws -> Void, body: () async throws -> Void
) async throws {
    async let run: Void = consumer.run(maximumBatch: maximumBatch, handler: handler)
    do {
        try await body()
    } catch {
        await consumer.close()
        throw error
    }
    await consumer.close()
    try await run
}

func withProducer(
    _ configuration: ProducerConfiguration, _ body: (KafkaProducer) async throws -> Void
) async throws {
    let producer = try KafkaProducer(configuration: configuration, logger: TestEnvironment.logger)
    do {
        try await body(producer)
    } catch {
        await producer.close()
        throw error
    }
    await producer.close()
}
