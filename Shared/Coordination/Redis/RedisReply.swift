/// An answer of Redis (RESP2).
public enum RedisReply: Sendable, Hashable {
    /// A nil bulk string or a nil array.
    case null
    /// An integer.
    case integer(Int64)
    /// A bulk string; binary safe.
    case string([UInt8])
    /// An array, possibly nested up to 7 deep.
    case array([RedisReply])
    /// A simple string such as `OK`.
    case status(String)
    /// An error reply. Single commands throw it; in a pipeline it stands at its command's place.
    case error(String)

    /// The value of an integer reply, or of a string reply that reads as a decimal integer.
    public var integerValue: Int64? {
        switch self {
        case .integer(let value): value
        case .string(let bytes): Int64(String(decoding: bytes, as: UTF8.self))
        default: nil
        }
    }

    /// The bytes of a string reply.
    public var bytes: [UInt8]? {
        if case .string(let bytes) = self { bytes } else { nil }
    }

    /// The text of a string or status reply; bytes that are not UTF-8 are replaced.
    public var text: String? {
        switch self {
        case .string(let bytes): String(decoding: bytes, as: UTF8.self)
        case .status(let text): text
        default: nil
        }
    }

    /// The elements of an array reply.
    public var elements: [RedisReply]? {
        if case .array(let elements) = self { elements } else { nil }
    }

    /// The message of an error reply.
    public var errorMessage: String? {
        if case .error(let message) = self { message } else { nil }
    }

    /// True for a nil reply.
    public var isNull: Bool { self == .null }

    /// The reply itself, or its error thrown as ``CoordinationError/Code/refused``.
    public func orThrow() throws(CoordinationError) -> RedisReply {
        if case .error(let message) = self { throw CoordinationError(.refused, message) }
        return self
    }
}
