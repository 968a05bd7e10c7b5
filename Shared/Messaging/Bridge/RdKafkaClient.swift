import CRdKafka
import Dispatch
import Logging
import Threads

/// One librdkafka client with two queues: one of its events, and one for answers to our own requests, which can be
/// waited on while the first is left alone.
///
/// The one unchecked box of this module: librdkafka's handles and queues are safe to use from any thread, the pointers
/// never change, and the owner calls `destroy` once, after which nobody may use them. Producers and consumers see to
/// that with a lock around the box.
final class RdKafkaClient: @unchecked Sendable {
    let handle: OpaquePointer
    let queue: OpaquePointer
    let answers: OpaquePointer
    /// Used by the library's threads as long as the client lives.
    private let pace = FetchPace()

    enum Kind { case producer, consumer }

    init(_ kind: Kind, _ settings: ClientSettings) throws(MessagingError) {
        let configuration = rd_kafka_conf_new()
        var text = [CChar](repeating: 0, count: 512)
        for (key, value) in try Self.resolve(settings, releasing: configuration) {
            guard rd_kafka_conf_set(configuration, key, value, &text, text.count) == RD_KAFKA_CONF_OK else {
                rd_kafka_conf_destroy(configuration)
                throw MessagingError(
                    .configuration, "Kafka setting \(key) was refused. Correct or remove it.",
                    cause: Self.string(text))
            }
        }
        rd_kafka_conf_set_events(
            configuration,
            RD_KAFKA_EVENT_DR | RD_KAFKA_EVENT_FETCH | RD_KAFKA_EVENT_LOG | RD_KAFKA_EVENT_ERROR
                | RD_KAFKA_EVENT_REBALANCE | RD_KAFKA_EVENT_OFFSET_COMMIT)
        if kind == .consumer { pace.install(in: configuration) }
        // On success the client owns the configuration.
        let type = kind == .producer ? RD_KAFKA_PRODUCER : RD_KAFKA_CONSUMER
        guard let handle = rd_kafka_new(type, configuration, &text, text.count) else {
            rd_kafka_conf_destroy(configuration)
            throw MessagingError(
                .configuration, "The Kafka client did not start. Check its settings.", cause: Self.string(text))
        }
        self.handle = handle
        switch kind {
        case .producer:
            queue = rd_kafka_queue_get_main(handle)
        case .consumer:
            rd_kafka_poll_set_consumer(handle)
            queue = rd_kafka_queue_get_consumer(handle)
        }
        answers = rd_kafka_queue_new(handle)
        rd_kafka_set_log_queue(handle, answers)
    }

    private static func resolve(
        _ settings: ClientSettings, releasing configuration: OpaquePointer?
    ) throws(MessagingError) -> [(key: String, value: String)] {
        do throws(MessagingError) {
            return try settings.resolved()
        } catch {
            rd_kafka_conf_destroy(configuration)
            throw error
        }
    }

    /// The next event, waiting for one up to the timeout. Blocks: on owned threads only.
    func poll(_ timeoutMilliseconds: Int32) -> RdKafkaEvent? {
        rd_kafka_queue_poll(queue, timeoutMilliseconds).map { RdKafkaEvent(pointer: $0) }
    }

    /// The next answer (or log line), waiting for one up to the timeout. Blocks: on owned threads only.
    func pollAnswers(_ timeoutMilliseconds: Int32) -> RdKafkaEvent? {
        rd_kafka_queue_poll(answers, timeoutMilliseconds).map { RdKafkaEvent(pointer: $0) }
    }

    /// Makes whoever waits in `poll` or `pollAnswers` (or comes next) return at once.
    func wake() {
        rd_kafka_queue_yield(queue)
        rd_kafka_queue_yield(answers)
    }

    /// Ends the client. Blocks while the library's threads end, at most two seconds: on owned threads only.
    ///
    /// The bound is for librdkafka 2.0 to 2.3, which can wait for ever for a broker's thread when a consumed topic was
    /// deleted (its issue 4486). By now the group has been left and the queues are gone; what stays is a thread asleep.
    func destroy(_ logger: Logger) {
        let ended = DispatchSemaphore(value: 0)
        OwnedThread.startOrTrap {
            rd_kafka_queue_destroy(self.answers)
            rd_kafka_queue_destroy(self.queue)
            rd_kafka_destroy_flags(self.handle, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE)
            ended.signal()
        }
        if ended.wait(timeout: .now() + .seconds(2)) == .timedOut {
            logger.notice("Kafka client library is slow to end, not waiting for it")
        }
    }

    static func string(_ characters: [CChar]) -> String {
        String(decoding: characters.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}

/// An event of a client. Whatever it lends dies with it.
struct RdKafkaEvent: ~Copyable {
    let pointer: OpaquePointer

    deinit { rd_kafka_event_destroy(pointer) }

    var type: Int32 { rd_kafka_event_type(pointer) }
    var error: rd_kafka_resp_err_t { rd_kafka_event_error(pointer) }
    var errorText: String { rd_kafka_event_error_string(pointer).map { String(cString: $0) } ?? "" }
    var isFatal: Bool { rd_kafka_event_error_is_fatal(pointer) != 0 }

    /// The partitions of a rebalance.
    var partitions: [TopicPartition] {
        guard let list = rd_kafka_event_topic_partition_list(pointer) else { return [] }
        return (0..<Int(list.pointee.cnt)).compactMap { index in
            let element = list.pointee.elems[index]
            return element.topic.map { TopicPartition(topic: String(cString: $0), partition: element.partition) }
        }
    }

    /// The library's own log line, as structured log.
    func log(to logger: Logger) {
        var facility: UnsafePointer<CChar>?
        var text: UnsafePointer<CChar>?
        var severity: Int32 = 0
        guard rd_kafka_event_log(pointer, &facility, &text, &severity) == 0 else { return }
        // Syslog severities. A broker that is away is our caller's warning, not an error of this process.
        let level: Logger.Level = severity <= 4 ? .warning : severity == 5 ? .notice : severity == 6 ? .debug : .trace
        logger.log(
            level: level, "Kafka client library",
            metadata: [
                "facility": .string(facility.map { String(cString: $0) } ?? ""),
                "detail": .string(text.map { String(cString: $0) } ?? ""),
            ])
    }
}

/// The library's name of an error, for logs.
func errorName(_ code: rd_kafka_resp_err_t) -> String {
    rd_kafka_err2name(code).map { String(cString: $0) } ?? String(code.rawValue)
}
