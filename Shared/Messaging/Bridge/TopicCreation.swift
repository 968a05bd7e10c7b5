import CRdKafka

/// Creation of topics on a client that already exists: asked for without blocking, answered by an event of its queue.
enum TopicCreation {
    /// Asks the broker to create the topics. The answer is an event of type `RD_KAFKA_EVENT_CREATETOPICS_RESULT`, which
    /// also comes (with an error) when no broker can be reached within the timeout.
    /// - Returns: topics that cannot be specified so, and why. The others are asked for; when there are none, no answer
    ///   will come.
    static func request(
        _ specifications: [TopicSpecification], on client: RdKafkaClient, timeoutMilliseconds: Int32
    ) -> [String: MessagingError] {
        var refused: [String: MessagingError] = [:]
        var text = [CChar](repeating: 0, count: 512)
        var topics: [OpaquePointer?] = []
        defer { for topic in topics { rd_kafka_NewTopic_destroy(topic) } }
        for specification in specifications {
            guard
                let topic = rd_kafka_NewTopic_new(
                    specification.name, specification.partitions, specification.replication, &text, text.count)
            else {
                refused[specification.name] = MessagingError(
                    .configuration,
                    "Topic \(specification.name) cannot be specified so. Check its name, partitions and replication.",
                    cause: RdKafkaClient.string(text))
                continue
            }
            topics.append(topic)
            for (key, value) in specification.configuration {
                rd_kafka_NewTopic_set_config(topic, key, value)
            }
        }
        guard !topics.isEmpty else { return refused }
        let options = rd_kafka_AdminOptions_new(client.handle, RD_KAFKA_ADMIN_OP_CREATETOPICS)
        defer { rd_kafka_AdminOptions_destroy(options) }
        rd_kafka_AdminOptions_set_request_timeout(options, timeoutMilliseconds, &text, text.count)
        rd_kafka_CreateTopics(client.handle, &topics, topics.count, options, client.queue)
        return refused
    }

    /// What the broker said about each topic. `nil` when it did not answer at all.
    static func answer(_ event: borrowing RdKafkaEvent) -> [String: Answer]? {
        guard event.error == RD_KAFKA_RESP_ERR_NO_ERROR,
            let result = rd_kafka_event_CreateTopics_result(event.pointer)
        else { return nil }
        var count = 0
        guard let topics = rd_kafka_CreateTopics_result_topics(result, &count) else { return [:] }
        var answers: [String: Answer] = [:]
        for index in 0..<count {
            guard let topic = topics[index], let name = rd_kafka_topic_result_name(topic) else { continue }
            let code = rd_kafka_topic_result_error(topic)
            answers[String(cString: name)] =
                switch code {
                case RD_KAFKA_RESP_ERR_NO_ERROR: .created
                case RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS: .existed
                default: .refused(errorName(code))
                }
        }
        return answers
    }

    enum Answer: Sendable, Hashable {
        case created
        case existed
        case refused(String)
    }
}
