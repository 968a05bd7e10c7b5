import CRdKafka

/// Turns the library's messages into values: key and value are copied once, a topic's name is made once.
struct MessageReader {
    private var topicName = ""
    private var topicBytes: [CChar] = [0]

    /// Copies the message that a fetch event lends.
    mutating func read(_ event: borrowing RdKafkaEvent) -> IncomingMessage? {
        guard let pointer = rd_kafka_event_message_next(event.pointer) else { return nil }
        let message = pointer.pointee
        guard message.err == RD_KAFKA_RESP_ERR_NO_ERROR else { return nil }
        return IncomingMessage(
            topic: name(message.rkt), partition: message.partition, offset: message.offset,
            timestamp: max(0, rd_kafka_message_timestamp(pointer, nil)),
            key: message.key.map { Self.bytes($0, message.key_len) },
            value: message.payload.map { Self.bytes($0, message.len) } ?? [], headers: Self.headers(pointer))
    }

    private static func bytes(_ start: UnsafeMutableRawPointer, _ count: Int) -> [UInt8] {
        [UInt8](UnsafeRawBufferPointer(start: start, count: count))
    }

    /// The name is compared and not only the handle: a handle can be freed and used again for another topic.
    private mutating func name(_ topic: OpaquePointer?) -> String {
        guard let characters = rd_kafka_topic_name(topic) else { return "" }
        var index = 0
        while index < topicBytes.count, characters[index] == topicBytes[index] {
            if characters[index] == 0, index > 0 { return topicName }
            index += 1
        }
        topicName = String(cString: characters)
        topicBytes = topicName.utf8CString.map { $0 }
        return topicName
    }

    private static func headers(_ message: UnsafePointer<rd_kafka_message_t>) -> [(name: String, value: String)] {
        var list: OpaquePointer?
        guard rd_kafka_message_headers(message, &list) == RD_KAFKA_RESP_ERR_NO_ERROR, let list else { return [] }
        var headers: [(name: String, value: String)] = []
        var name: UnsafePointer<CChar>?
        var value: UnsafeRawPointer?
        var size = 0
        while rd_kafka_header_get_all(list, headers.count, &name, &value, &size) == RD_KAFKA_RESP_ERR_NO_ERROR {
            let bytes = UnsafeRawBufferPointer(start: value, count: value == nil ? 0 : size)
            headers.append((name.map { String(cString: $0) } ?? "", String(decoding: bytes, as: UTF8.self)))
        }
        return headers
    }
}
