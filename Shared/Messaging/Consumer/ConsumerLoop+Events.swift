import CRdKafka
import Logging

extension ConsumerLoop {
    mutating func handle(_ event: borrowing RdKafkaEvent) {
        switch event.type {
        case RD_KAFKA_EVENT_FETCH:
            if let message = reader.read(event) { take(message) }
        case RD_KAFKA_EVENT_REBALANCE: rebalance(event)
        case RD_KAFKA_EVENT_ERROR: handleError(event)
        case RD_KAFKA_EVENT_CREATETOPICS_RESULT: takeCreation(event)
        default: break
        }
    }

    /// The answers to our commits, and the library's log.
    mutating func serveAnswers(_ timeout: Int32) {
        var wait = timeout
        while let event = client.pollAnswers(wait) {
            wait = 0
            switch event.type {
            case RD_KAFKA_EVENT_OFFSET_COMMIT: committed(event)
            case RD_KAFKA_EVENT_LOG: event.log(to: plan.logger)
            default: break
            }
        }
    }

    // MARK: Messages

    private mutating func take(_ message: IncomingMessage) {
        switch continuity.read(message) {
        case .fresh: progress.received(message)
        case .echo: break
        case .startedOver:
            startOver([message.topicPartition], seek: false)
            progress.received(message)
        case .replaced:
            if case .reader(_, startsOver: false) = plan.role {
                failure = MessagingError(
                    .logReplaced,
                    "The log of \(message.topicPartition) is not the one read before. Continue from the reporting feed.",
                    isRetryable: false)
            } else {
                startOver([message.topicPartition], seek: true)
            }
        }
    }

    private mutating func startOver(_ partitions: [TopicPartition], seek: Bool) {
        plan.logger.warning(
            "Kafka log was replaced, reading it from its beginning",
            metadata: ["partitions": .string(partitions.map(\.description).joined(separator: ","))])
        plan.measure?(.startedOver(partitions: partitions.count))
        progress.restarted(partitions)
        if seek { self.seek(Dictionary(uniqueKeysWithValues: partitions.map { ($0, Int64(-2)) })) }  // beginning
    }

    private func seek(_ offsets: [TopicPartition: Int64]) {
        guard !offsets.isEmpty else { return }
        let error = withPartitionList(offsets) { rd_kafka_seek_partitions(client.handle, $0, 0) }
        if let error { rd_kafka_error_destroy(error) }
    }

    // MARK: Errors

    private mutating func handleError(_ event: borrowing RdKafkaEvent) {
        switch event.error {
        case RD_KAFKA_RESP_ERR__TRANSPORT, RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN, RD_KAFKA_RESP_ERR__RESOLVE:
            plan.measure?(.connectionFailed)
            // A broker that comes back may have forgotten its topics, or have another log in their place.
            createAt = createAt ?? Monotonic.now()
            seek(continuity.connectionFailed().filter { progress.owned[$0.key] != nil })
        case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART, RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC,
            RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION:
            createAt = createAt ?? Monotonic.now()
        case RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET, RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE:
            failure = MessagingError(
                .offsetOutOfRange, "The log no longer holds the offset asked for. Continue from the reporting feed.",
                isRetryable: false, cause: event.errorText)
        case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED, RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED:
            plan.logger.error(
                "Kafka broker does not let this client read", metadata: ["detail": .string(event.errorText)])
        default:
            if event.isFatal {
                failure = MessagingError(
                    .refused, "The Kafka consumer cannot go on. Start it again.", isRetryable: true,
                    cause: errorName(event.error) + ": " + event.errorText)
            } else {
                plan.logger.warning(
                    "Kafka consumer error",
                    metadata: ["error": .string(errorName(event.error)), "detail": .string(event.errorText)])
            }
        }
    }

    // MARK: Topics

    /// Sees that the topics exist, at the start and whenever there is doubt, then joins the group or begins to read.
    mutating func createTopics(_ now: UInt64) {
        guard let due = createAt, due <= now, !creationPending else { return }
        createAt = nil
        guard plan.connection.createsTopics, !plan.topics.isEmpty else {
            join()
            return
        }
        failure = TopicCreation.request(plan.topics, on: client, timeoutMilliseconds: 5000).values.first
        creationPending = failure == nil
    }

    private mutating func takeCreation(_ event: borrowing RdKafkaEvent) {
        creationPending = false
        guard let answers = TopicCreation.answer(event) else {
            createAt = Monotonic.now() + 200_000_000
            return
        }
        for (name, answer) in answers {
            switch answer {
            case .created: plan.logger.info("Kafka topic created", metadata: ["topic": .string(name)])
            case .existed: break
            case .refused(let cause):
                plan.logger.warning(
                    "Kafka topic was not created", metadata: ["topic": .string(name), "error": .string(cause)])
                createAt = Monotonic.now() + 5_000_000_000
            }
        }
        join()
    }

    private mutating func join() {
        guard !hasJoined else { return }
        hasJoined = true
        switch plan.role {
        case .member:
            let code = withPartitionList(plan.topics.map { TopicPartition(topic: $0.name, partition: -1) }) {
                rd_kafka_subscribe(client.handle, $0)
            }
            check(code)
        case .reader(let start, _):
            check(withPartitionList(start) { rd_kafka_assign(client.handle, $0) })
            progress.assigned(start.keys)
        }
    }

    mutating func check(_ code: rd_kafka_resp_err_t) {
        guard code != RD_KAFKA_RESP_ERR_NO_ERROR else { return }
        failure =
            failure
            ?? MessagingError(
                .refused, "The Kafka client refused to read these topics. Check their names and the group.",
                cause: errorName(code))
    }
}
