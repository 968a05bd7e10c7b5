import CHiredis
import Glibc

/// One non-blocking hiredis context: the only place that touches hiredis.
///
/// Belongs to the thread that made it. Replies are copied out of hiredis' memory before they leave.
/// Sending goes round hiredis' own buffer: with `MSG_NOSIGNAL` a peer that went away is an error
/// and no `SIGPIPE`, and a large pipeline is not moved in memory after each partial write.
final class RedisSocket {
    private let context: UnsafeMutablePointer<redisContext>

    /// Starts to connect; the socket becomes writable when that is settled.
    /// - Parameter host: a numeric address, as looking up a name would block.
    init(connectingTo host: String, port: Int) throws(CoordinationError) {
        guard let context = redisConnectNonBlock(host, Int32(clamping: port)) else {
            throw CoordinationError(.unavailable, "Out of memory while connecting to Redis.")
        }
        self.context = context
        if context.pointee.err != 0 {
            let problem = Self.problem(of: context)
            redisFree(context)
            throw CoordinationError(.unavailable, "Cannot connect to Redis: \(problem).")
        }
        redisEnableKeepAlive(context)
    }

    deinit { redisFree(context) }

    var descriptor: Int32 { context.pointee.fd }

    /// The outcome of connecting, once the socket is writable.
    func checkConnected() throws(CoordinationError) {
        var code: Int32 = 0
        var size = socklen_t(MemoryLayout<Int32>.size)
        if getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &code, &size) != 0 { code = errno }
        guard code == 0 else {
            throw CoordinationError(.unavailable, "Cannot connect to Redis: \(String(cString: strerror(code))).")
        }
    }

    /// Sends what the socket takes of `bytes` from `start` on.
    /// - Returns: bytes taken; 0 when the socket is full.
    func send(_ bytes: [UInt8], from start: Int) throws(CoordinationError) -> Int {
        while true {
            let (sent, code) = bytes.withUnsafeBytes { bytes in
                let rest = UnsafeRawBufferPointer(rebasing: bytes[start...])
                let sent = Glibc.send(descriptor, rest.baseAddress, rest.count, Int32(MSG_NOSIGNAL))
                return (sent, errno)
            }
            if sent >= 0 { return sent }
            switch code {
            case EINTR: continue
            case EAGAIN: return 0
            default: throw Self.lost(String(cString: strerror(code)))
            }
        }
    }

    /// Reads what has arrived, at most 16 KiB.
    func receive() throws(CoordinationError) {
        guard redisBufferRead(context) == REDIS_OK else { throw Self.lost(Self.problem(of: context)) }
    }

    /// The next complete reply that was received, if any.
    func nextReply() throws(CoordinationError) -> RedisReply? {
        var raw: UnsafeMutableRawPointer?
        guard redisGetReplyFromReader(context, &raw) == REDIS_OK else {
            throw Self.lost(Self.problem(of: context))
        }
        guard let raw else { return nil }
        defer { freeReplyObject(raw) }
        return RedisReply(copying: raw.assumingMemoryBound(to: redisReply.self))
    }

    private static func lost(_ problem: String) -> CoordinationError {
        CoordinationError(.connectionLost, "The connection to Redis broke: \(problem).")
    }

    private static func problem(of context: UnsafeMutablePointer<redisContext>) -> String {
        withUnsafeBytes(of: context.pointee.errstr) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
    }
}

extension RedisReply {
    /// Copies a hiredis reply; the original stays the caller's to free.
    fileprivate init(copying reply: UnsafePointer<redisReply>) {
        switch reply.pointee.type {
        case REDIS_REPLY_INTEGER:
            self = .integer(reply.pointee.integer)
        case REDIS_REPLY_STRING:
            self = .string([UInt8](Self.bytes(of: reply)))
        case REDIS_REPLY_STATUS:
            self = .status(String(decoding: Self.bytes(of: reply), as: UTF8.self))
        case REDIS_REPLY_ERROR:
            self = .error(String(decoding: Self.bytes(of: reply), as: UTF8.self))
        case REDIS_REPLY_ARRAY:
            var elements: [RedisReply] = []
            elements.reserveCapacity(reply.pointee.elements)
            for index in 0..<reply.pointee.elements {
                guard let element = reply.pointee.element?[index] else { continue }
                elements.append(RedisReply(copying: element))
            }
            self = .array(elements)
        default:
            self = .null
        }
    }

    private static func bytes(of reply: UnsafePointer<redisReply>) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(start: reply.pointee.str, count: reply.pointee.len)
    }
}
