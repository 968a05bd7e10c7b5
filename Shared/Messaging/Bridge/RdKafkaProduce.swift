import CRdKafka

/// Hands messages to a producer's queue. One array of arguments serves a whole run of messages.
///
/// `rd_kafka_produceva` copies key and value; headers become the library's own on success and are destroyed here on
/// failure (single `VTYPE_HEADER` arguments are freed twice by librdkafka 2.0.2 when producing fails).
struct ProduceArguments: ~Copyable {
    private let arguments: UnsafeMutablePointer<rd_kafka_vu_t>
    private static let count = 7

    init() {
        arguments = .allocate(capacity: Self.count)
        arguments.initialize(repeating: rd_kafka_vu_t(), count: Self.count)
        arguments[0].vtype = RD_KAFKA_VTYPE_RKT
        arguments[1].vtype = RD_KAFKA_VTYPE_PARTITION
        arguments[1].u.i32 = -1
        arguments[2].vtype = RD_KAFKA_VTYPE_MSGFLAGS
        arguments[2].u.i = 2  // RD_KAFKA_MSG_F_COPY
        arguments[3].vtype = RD_KAFKA_VTYPE_OPAQUE
        arguments[4].vtype = RD_KAFKA_VTYPE_VALUE
        arguments[5].vtype = RD_KAFKA_VTYPE_KEY
        arguments[6].vtype = RD_KAFKA_VTYPE_HEADERS
    }

    deinit { arguments.deallocate() }

    /// Puts one message into the queue and returns the library's verdict.
    func produce(
        _ message: borrowing OutgoingMessage, to topic: OpaquePointer, token: MessageToken, on client: RdKafkaClient
    ) -> rd_kafka_resp_err_t {
        arguments[0].u.rkt = topic
        arguments[3].u.ptr = token.pointer
        let headers = Self.headers(message.headers)
        arguments[6].u.headers = headers
        let used = headers == nil ? Self.count - 1 : Self.count
        let key = message.key
        let error: OpaquePointer? = message.value.withUnsafeBytes { value in
            arguments[4].u.mem.ptr = UnsafeMutableRawPointer(mutating: value.baseAddress)
            arguments[4].u.mem.size = value.count
            guard let key else {
                arguments[5].u.mem.ptr = nil
                arguments[5].u.mem.size = 0
                return rd_kafka_produceva(client.handle, arguments, used)
            }
            return key.withUnsafeBytes { key in
                arguments[5].u.mem.ptr = UnsafeMutableRawPointer(mutating: key.baseAddress)
                arguments[5].u.mem.size = key.count
                return rd_kafka_produceva(client.handle, arguments, used)
            }
        }
        guard let error else { return RD_KAFKA_RESP_ERR_NO_ERROR }
        defer { rd_kafka_error_destroy(error) }
        if let headers { rd_kafka_headers_destroy(headers) }
        return rd_kafka_error_code(error)
    }

    private static func headers(_ headers: [(name: String, value: String)]) -> OpaquePointer? {
        guard !headers.isEmpty, let list = rd_kafka_headers_new(headers.count) else { return nil }
        for (name, value) in headers {
            var value = value
            value.withUTF8 { bytes in
                _ = rd_kafka_header_add(list, name, -1, bytes.baseAddress, bytes.count)
            }
        }
        return list
    }
}
