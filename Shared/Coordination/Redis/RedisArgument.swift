/// One argument of a Redis command: text, bytes or an integer. Binary safe.
public enum RedisArgument: Sendable, Hashable {
    /// UTF-8 text.
    case string(String)
    /// Bytes as they are.
    case bytes([UInt8])
    /// An integer, sent in decimal.
    case integer(Int64)

    /// A number, sent in the shortest form that reads back as the same value; infinities as Redis
    /// writes them (`inf`, `-inf`), so that the argument may be a score.
    public init(_ number: Double) {
        if number.isInfinite {
            self = .string(number < 0 ? "-inf" : "inf")
        } else {
            self = .string(number.description)
        }
    }

    /// UTF-8 text.
    public init(_ text: some StringProtocol) { self = .string(String(text)) }

    /// An integer.
    public init(_ integer: some FixedWidthInteger) { self = .integer(Int64(integer)) }
}

extension RedisArgument: ExpressibleByStringLiteral, ExpressibleByStringInterpolation {
    /// Text from a literal.
    public init(stringLiteral value: String) { self = .string(value) }
}

extension RedisArgument: ExpressibleByIntegerLiteral {
    /// An integer from a literal.
    public init(integerLiteral value: Int64) { self = .integer(value) }
}
