import CRdKafka

/// The blocking halves of the requests, on an owned thread.
extension KafkaAdmin {
    static func create(
        _ specifications: [TopicSpecification], _ client: RdKafkaClient, _ deadline: UInt64
    ) throws(MessagingError) -> [String: TopicCreation.Answer] {
        let refused = TopicCreation.request(
            specifications, on: client,
            timeoutMilliseconds: max(1, Monotonic.milliseconds(until: deadline, from: Monotonic.now(), limit: 60000)))
        if let error = refused.values.first { throw error }
        let event = try Self.await(RD_KAFKA_EVENT_CREATETOPICS_RESULT, client, deadline)
        guard let answers = TopicCreation.answer(event) else { throw unreachable(event.errorText) }
        return answers
    }

    static func describe(
        _ client: RdKafkaClient, _ deadline: UInt64
    ) throws(MessagingError) -> [String: TopicDescription] {
        var metadata: UnsafePointer<rd_kafka_metadata>?
        let timeout = Monotonic.milliseconds(until: deadline, from: Monotonic.now(), limit: 60000)
        let code = rd_kafka_metadata(client.handle, 1, nil, &metadata, max(1, timeout))
        guard code == RD_KAFKA_RESP_ERR_NO_ERROR, let metadata else { throw unreachable(errorName(code)) }
        defer { rd_kafka_metadata_destroy(metadata) }
        var topics: [String: TopicDescription] = [:]
        for index in 0..<Int(metadata.pointee.topic_cnt) {
            let topic = metadata.pointee.topics[index]
            guard topic.err == RD_KAFKA_RESP_ERR_NO_ERROR, let name = topic.topic else { continue }
            let count = Int(topic.partition_cnt)
            let available = (0..<count).count { topic.partitions[$0].leader >= 0 }
            topics[String(cString: name)] = TopicDescription(partitions: count, available: available)
        }
        return topics
    }

    static func awaitTopics(_ names: Set<String>, _ client: RdKafkaClient, _ deadline: UInt64) throws(MessagingError) {
        while true {
            let topics = try describe(client, deadline)
            let isThere = names.allSatisfy { name in
                topics[name].map { $0.partitions > 0 && $0.available == $0.partitions } ?? false
            }
            if isThere { return }
            guard Monotonic.now() < deadline else {
                throw MessagingError(
                    .timedOut, "The brokers do not show the new topics. Check the cluster's health.", isRetryable: true)
            }
            // Nothing signals that metadata has spread; this waits on the queue, which stays empty.
            _ = client.poll(50)
        }
    }

    static func await(
        _ type: Int32, _ client: RdKafkaClient, _ deadline: UInt64
    ) throws(MessagingError) -> RdKafkaEvent {
        while true {
            let timeout = Monotonic.milliseconds(until: deadline, from: Monotonic.now(), limit: 1000)
            if let event = client.poll(timeout) {
                if event.type == type { return event }
            } else if timeout == 0 {
                throw unreachable("")
            }
        }
    }

    static func check(_ code: rd_kafka_resp_err_t, about topic: String) throws(MessagingError) {
        switch code {
        case RD_KAFKA_RESP_ERR_NO_ERROR: return
        case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART, RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC,
            RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION:
            throw MessagingError(.unknownTopic, "Topic \(topic) does not exist.", cause: errorName(code))
        case RD_KAFKA_RESP_ERR__TRANSPORT, RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN, RD_KAFKA_RESP_ERR__TIMED_OUT,
            RD_KAFKA_RESP_ERR__WAIT_COORD:
            throw unreachable(errorName(code))
        default:
            throw MessagingError(
                .refused, "The broker refused the request about topic \(topic).", cause: errorName(code))
        }
    }

    static func unreachable(_ cause: String) -> MessagingError {
        MessagingError(
            .unreachable, "No Kafka broker answered in time. Check the bootstrap servers and the network.",
            isRetryable: true, cause: cause.isEmpty ? nil : cause)
    }
}
