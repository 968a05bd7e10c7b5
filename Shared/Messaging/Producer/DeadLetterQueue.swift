/// Puts messages that can never be handled aside, into the dead-letter topic of the topic they came from, with their
/// original bytes, key and headers, so that an operator can look at them and have them tried again.
///
/// When the returned call is awaited before the handler returns, a message is in one of the two topics at any time.
public struct DeadLetterQueue: Sendable {
    /// Header names that are added. A retry takes them off again.
    public enum Header {
        /// Why the message was put aside, for people.
        public static let reason = "millrace-dead-reason"
        /// Why, for programs: a short constant.
        public static let code = "millrace-dead-code"
        /// The topic it came from.
        public static let topic = "millrace-dead-topic"
        /// The partition it stood in.
        public static let partition = "millrace-dead-partition"
        /// Its offset there.
        public static let offset = "millrace-dead-offset"
        /// Its timestamp there, milliseconds since 1970 UTC.
        public static let timestamp = "millrace-dead-timestamp"
        static let prefix = "millrace-dead-"
    }

    private let producer: KafkaProducer

    /// Creates a queue that publishes through the producer.
    public init(producer: KafkaProducer) {
        self.producer = producer
    }

    /// The name of a topic's dead-letter topic.
    public static func topic(for topic: String) -> String { topic + ".dead" }

    /// The message as it will stand in the dead-letter topic.
    public static func letter(_ message: IncomingMessage, code: String, reason: String) -> OutgoingMessage {
        var headers = message.headers.filter { !$0.name.hasPrefix(Header.prefix) }
        headers += [
            (Header.code, code), (Header.reason, reason), (Header.topic, message.topic),
            (Header.partition, String(message.partition)), (Header.offset, String(message.offset)),
            (Header.timestamp, String(message.timestamp)),
        ]
        return OutgoingMessage(
            topic: topic(for: message.topic), key: message.key, value: message.value, headers: headers)
    }

    /// The original message, from a letter: to be published where it came from. `nil` when the letter does not say.
    public static func original(of letter: IncomingMessage) -> OutgoingMessage? {
        guard let topic = letter.header(Header.topic) else { return nil }
        return OutgoingMessage(
            topic: topic, key: letter.key, value: letter.value,
            headers: letter.headers.filter { !$0.name.hasPrefix(Header.prefix) })
    }

    /// Puts one message aside and returns when that is confirmed.
    public func put(_ message: IncomingMessage, code: String, reason: String) async throws(MessagingError) {
        try await producer.send(Self.letter(message, code: code, reason: reason))
    }

    /// Puts messages aside, each with its code and reason, and returns when all are confirmed.
    public func put(
        _ messages: [(message: IncomingMessage, code: String, reason: String)]
    ) async throws(MessagingError) {
        try await producer.send(messages.map { Self.letter($0.message, code: $0.code, reason: $0.reason) })
    }
}
