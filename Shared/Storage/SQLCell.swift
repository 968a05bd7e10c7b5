public import struct Foundation.UUID

/// One cell of a result.
///
/// Each property decodes it as the named type and throws `.unexpectedType` when it is NULL or something else.
/// For a column that may be NULL: `try row[2].nullable?.int64`.
public struct SQLCell: Sendable {
    let buffer: [UInt8]
    let start: Int
    let length: Int
    let type: UInt32

    /// Whether it is NULL.
    public var isNull: Bool { length < 0 }
    /// The cell itself, or nil when it is NULL.
    public var nullable: SQLCell? { isNull ? nil : self }

    /// A `bool`.
    public var bool: Bool {
        get throws(StorageError) {
            guard type == SQLType.bool, length == 1 else { throw mismatch("bool") }
            return buffer[start] != 0
        }
    }

    /// An `int2`, `int4` or `int8`.
    public var int64: Int64 {
        get throws(StorageError) {
            switch (type, length) {
            case (SQLType.int8, 8): Int64(truncatingIfNeeded: word(start, 8))
            case (SQLType.int4, 4): Int64(Int32(truncatingIfNeeded: word(start, 4)))
            case (SQLType.int2, 2): Int64(Int16(truncatingIfNeeded: word(start, 2)))
            case (SQLType.oid, 4): Int64(word(start, 4))
            default: throw mismatch("int8 (cast a numeric in the statement: sum(x)::bigint)")
            }
        }
    }

    /// An `int2`, `int4` or `int8`.
    public var int: Int { get throws(StorageError) { Int(try int64) } }

    /// An `int2` or `int4`, or an `int8` that fits.
    public var int32: Int32 {
        get throws(StorageError) {
            guard let value = Int32(exactly: try int64) else { throw mismatch("int4") }
            return value
        }
    }

    /// A `float8` or `float4`.
    public var double: Double {
        get throws(StorageError) {
            switch (type, length) {
            case (SQLType.float8, 8): Double(bitPattern: word(start, 8))
            case (SQLType.float4, 4): Double(Float(bitPattern: UInt32(truncatingIfNeeded: word(start, 4))))
            default: throw mismatch("float8")
            }
        }
    }

    /// A `text`, `varchar`, `name`, `json` or `jsonb`.
    public var text: String {
        get throws(StorageError) {
            guard !isNull, SQLType.isText(type) else { throw mismatch("text") }
            return String(decoding: payload, as: UTF8.self)
        }
    }

    /// The bytes of a `bytea`, or the UTF-8 of a text or JSON.
    public var bytes: [UInt8] {
        get throws(StorageError) {
            guard !isNull, type == SQLType.bytes || SQLType.isText(type) else { throw mismatch("bytea") }
            return Array(payload)
        }
    }

    /// The bytes of a `bytea`, or the UTF-8 of a text or JSON, without a copy.
    public var bytesSlice: ArraySlice<UInt8> {
        get throws(StorageError) {
            guard !isNull, type == SQLType.bytes || SQLType.isText(type) else { throw mismatch("bytea") }
            return payload
        }
    }

    /// A `uuid`.
    public var uuid: UUID {
        get throws(StorageError) {
            guard type == SQLType.uuid, length == 16 else { throw mismatch("uuid") }
            return uuid(at: start)
        }
    }

    /// A `timestamptz` as milliseconds since 1970 UTC, rounded down.
    public var milliseconds: Int64 {
        get throws(StorageError) {
            guard type == SQLType.timestamptz || type == SQLType.timestamp, length == 8 else {
                throw mismatch("timestamptz")
            }
            return SQLType.milliseconds(fromMicroseconds: Int64(truncatingIfNeeded: word(start, 8)))
        }
    }

    /// The value's bytes; a `jsonb` begins with its version, which is left out.
    private var payload: ArraySlice<UInt8> {
        let first = type == SQLType.jsonb ? start + 1 : start
        return buffer[first..<max(first, start + length)]
    }

    func mismatch(_ expected: String) -> StorageError {
        isNull
            ? StorageError(.unexpectedType, "a cell is NULL where \(expected) was expected; read it by `nullable`")
            : StorageError(.unexpectedType, "a cell of type \(type) cannot be read as \(expected)")
    }

    /// A big-endian number of `count` bytes; the caller has checked that they are there.
    func word(_ offset: Int, _ count: Int) -> UInt64 {
        var value: UInt64 = 0
        for index in offset..<(offset + count) { value = value << 8 | UInt64(buffer[index]) }
        return value
    }

    func uuid(at offset: Int) -> UUID {
        UUID(high: word(offset, 8), low: word(offset + 8, 8))
    }
}
