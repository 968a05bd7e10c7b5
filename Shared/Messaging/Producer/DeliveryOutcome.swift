import CRdKafka

extension SendLedger.Outcome {
    /// What a delivery report (or a refusal to queue the message) means for the message.
    init(_ code: rd_kafka_resp_err_t, topic: String) {
        let cause = errorName(code)
        switch code {
        case RD_KAFKA_RESP_ERR_NO_ERROR:
            self = .delivered
        case RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE, RD_KAFKA_RESP_ERR_INVALID_MSG_SIZE,
            RD_KAFKA_RESP_ERR_RECORD_LIST_TOO_LARGE:
            self = .failed(
                MessagingError(
                    .messageTooLarge,
                    "A message for topic \(topic) is too large. Send less, or raise message.max.bytes and the topic's max.message.bytes.",
                    cause: cause))
        case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED, RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED:
            self = .failed(
                MessagingError(
                    .notAuthorized, "The broker does not let this client write to topic \(topic). Grant it WRITE.",
                    cause: cause))
        case RD_KAFKA_RESP_ERR_INVALID_MSG, RD_KAFKA_RESP_ERR_INVALID_RECORD, RD_KAFKA_RESP_ERR_TOPIC_EXCEPTION,
            RD_KAFKA_RESP_ERR_POLICY_VIOLATION, RD_KAFKA_RESP_ERR_INVALID_TIMESTAMP,
            RD_KAFKA_RESP_ERR_UNSUPPORTED_FOR_MESSAGE_FORMAT, RD_KAFKA_RESP_ERR__INVALID_ARG,
            RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION:
            self = .failed(
                MessagingError(.refused, "The broker does not take this message for topic \(topic).", cause: cause))
        case RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC, RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART:
            self = .again(
                MessagingError(
                    .unknownTopic, "Topic \(topic) does not exist. Create it, or let Millrace create topics.",
                    isRetryable: true, cause: cause))
        default:
            self = .again(
                MessagingError(
                    .timedOut, "Topic \(topic) did not confirm in time. Check the brokers, then send again.",
                    isRetryable: true, cause: cause))
        }
    }
}

/// The reports of one event, as values.
struct DeliveryReports: Sequence, Sendable {
    private let reports: [(MessageToken, SendLedger.Outcome)]

    init(_ event: borrowing RdKafkaEvent) {
        let pointer = event.pointer
        let count = rd_kafka_event_message_count(pointer)
        reports = withUnsafeTemporaryAllocation(of: UnsafePointer<rd_kafka_message_t>?.self, capacity: count) {
            messages in
            let taken = rd_kafka_event_message_array(pointer, messages.baseAddress, count)
            return messages[..<taken].compactMap { message in
                guard let report = message?.pointee else { return nil }
                let token = MessageToken(report._private)
                if report.err == RD_KAFKA_RESP_ERR_NO_ERROR { return (token, .delivered) }
                let topic = rd_kafka_topic_name(report.rkt).map { String(cString: $0) } ?? ""
                return (token, SendLedger.Outcome(report.err, topic: topic))
            }
        }
    }

    func makeIterator() -> some IteratorProtocol<(MessageToken, SendLedger.Outcome)> { reports.makeIterator() }
}

extension MessagingError {
    /// A send whose delivery time is over.
    static func overdue(trouble: MessagingError?, undelivered: [Int]) -> MessagingError {
        var error =
            trouble
            ?? MessagingError(
                .timedOut, "The brokers did not confirm in time. Check that they can be reached, then send again.",
                isRetryable: true)
        error.undelivered = undelivered
        return error
    }

    /// A send that was cut off by `close`, or came after it.
    static func closed(undelivered: [Int]) -> MessagingError {
        MessagingError(
            .closed, "The producer is closed. Publish with a new one.", isRetryable: false, undelivered: undelivered)
    }
}
