public import struct Foundation.UUID

/// A parameter of a statement; it is sent in PostgreSQL's binary format under the type named by the case.
///
/// Arrays are the way to write many rows in one statement: `INSERT … SELECT * FROM unnest($1, $2, …)`.
public enum SQLValue: Sendable, Hashable {
    /// NULL, of the type that the statement asks for.
    case null
    case bool(Bool)
    case int4(Int32)
    case int8(Int64)
    case float8(Double)
    case text(String)
    case uuid(UUID)
    case bytes([UInt8])
    /// UTF-8 JSON for a `jsonb`.
    case jsonb([UInt8])
    /// A `timestamptz`, in milliseconds since 1970 UTC.
    case timestamp(milliseconds: Int64)

    case bools([Bool])
    case boolsOptional([Bool?])
    case int4s([Int32])
    case int4sOptional([Int32?])
    case int8s([Int64])
    case int8sOptional([Int64?])
    case float8s([Double])
    case float8sOptional([Double?])
    case texts([String])
    case textsOptional([String?])
    case uuids([UUID])
    case uuidsOptional([UUID?])
    case bytesArray([[UInt8]])
    case bytesArrayOptional([[UInt8]?])
    case jsonbs([[UInt8]])
    case jsonbsOptional([[UInt8]?])
    /// `timestamptz[]`, in milliseconds since 1970 UTC.
    case timestamps(milliseconds: [Int64])
    /// `timestamptz[]`, in milliseconds since 1970 UTC.
    case timestampsOptional(milliseconds: [Int64?])
}

extension SQLValue {
    /// The value, or NULL when it is nil.
    public init(_ value: Bool?) { self = value.map { .bool($0) } ?? .null }
    /// The value, or NULL when it is nil.
    public init(_ value: Int32?) { self = value.map { .int4($0) } ?? .null }
    /// The value, or NULL when it is nil.
    public init(_ value: Int64?) { self = value.map { .int8($0) } ?? .null }
    /// The value as an `int8`, or NULL when it is nil.
    public init(_ value: Int?) { self = value.map { .int8(Int64($0)) } ?? .null }
    /// The value, or NULL when it is nil.
    public init(_ value: Double?) { self = value.map { .float8($0) } ?? .null }
    /// The value, or NULL when it is nil.
    public init(_ value: String?) { self = value.map { .text($0) } ?? .null }
    /// The value, or NULL when it is nil.
    public init(_ value: UUID?) { self = value.map { .uuid($0) } ?? .null }
    /// The value as `bytea`, or NULL when it is nil.
    public init(_ value: [UInt8]?) { self = value.map { .bytes($0) } ?? .null }
}

extension SQLValue: ExpressibleByNilLiteral, ExpressibleByBooleanLiteral, ExpressibleByIntegerLiteral,
    ExpressibleByFloatLiteral, ExpressibleByStringLiteral
{
    /// NULL.
    public init(nilLiteral: ()) { self = .null }
    /// A `bool`.
    public init(booleanLiteral value: Bool) { self = .bool(value) }
    /// An `int8`; PostgreSQL narrows it when it is stored in a smaller column.
    public init(integerLiteral value: Int64) { self = .int8(value) }
    /// A `float8`.
    public init(floatLiteral value: Double) { self = .float8(value) }
    /// A `text`.
    public init(stringLiteral value: String) { self = .text(value) }
}
