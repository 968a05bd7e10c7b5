import struct Foundation.UUID
import typealias Foundation.uuid_t

extension SQLValue {
    /// The type that the parameter is sent under; 0 lets the server choose.
    var type: UInt32 {
        switch self {
        case .null: 0
        case .bool: SQLType.bool
        case .int4: SQLType.int4
        case .int8: SQLType.int8
        case .float8: SQLType.float8
        case .text: SQLType.text
        case .uuid: SQLType.uuid
        case .bytes: SQLType.bytes
        case .jsonb: SQLType.jsonb
        case .timestamp: SQLType.timestamptz
        case .bools, .boolsOptional: SQLType.boolArray
        case .int4s, .int4sOptional: SQLType.int4Array
        case .int8s, .int8sOptional: SQLType.int8Array
        case .float8s, .float8sOptional: SQLType.float8Array
        case .texts, .textsOptional: SQLType.textArray
        case .uuids, .uuidsOptional: SQLType.uuidArray
        case .bytesArray, .bytesArrayOptional: SQLType.bytesArray
        case .jsonbs, .jsonbsOptional: SQLType.jsonbArray
        case .timestamps, .timestampsOptional: SQLType.timestamptzArray
        }
    }
}

extension [UInt8] {
    mutating func append(bigEndian value: some FixedWidthInteger) {
        Swift.withUnsafeBytes(of: value.bigEndian) { append(contentsOf: $0) }
    }

    /// Appends a value with its length in front, as COPY wants it; NULL is the length -1.
    mutating func append(field value: SQLValue) {
        if case .null = value { return append(bigEndian: Int32(-1)) }
        measured { $0.append(value: value) }
    }

    /// Appends a value in the binary format of its type; NULL appends nothing.
    mutating func append(value: SQLValue) {
        switch value {
        case .null: break
        case .bool(let value): append(value ? 1 : 0)
        case .int4(let value): append(bigEndian: value)
        case .int8(let value): append(bigEndian: value)
        case .float8(let value): append(bigEndian: value.bitPattern)
        case .text(let value): append(contentsOf: value.utf8)
        case .uuid(let value): Swift.withUnsafeBytes(of: value.uuid) { append(contentsOf: $0) }
        case .bytes(let value): append(contentsOf: value)
        case .jsonb(let value): append(jsonb: value)
        case .timestamp(let value): append(bigEndian: SQLType.microseconds(fromMilliseconds: value))
        case .bools, .int4s, .int8s, .float8s, .texts, .uuids, .bytesArray, .jsonbs, .timestamps:
            append(array: value)
        case .boolsOptional, .int4sOptional, .int8sOptional, .float8sOptional, .textsOptional, .uuidsOptional,
            .bytesArrayOptional, .jsonbsOptional, .timestampsOptional:
            append(arrayOptional: value)
        }
    }

    private mutating func append(array value: SQLValue) {
        switch value {
        case .bools(let values): elements(values, SQLType.bool, 5) { $0.fixed($1 ? UInt8(1) : 0) }
        case .int4s(let values): elements(values, SQLType.int4, 8) { $0.fixed($1) }
        case .int8s(let values): elements(values, SQLType.int8, 12) { $0.fixed($1) }
        case .float8s(let values): elements(values, SQLType.float8, 12) { $0.fixed($1.bitPattern) }
        case .texts(let values): elements(values, SQLType.text, 24) { $0.field($1) }
        case .uuids(let values): elements(values, SQLType.uuid, 20) { $0.field($1.uuid) }
        case .bytesArray(let values): elements(values, SQLType.bytes, 36) { $0.field($1) }
        case .jsonbs(let values):
            elements(values, SQLType.jsonb, 64) { bytes, value in bytes.measured { $0.append(jsonb: value) } }
        case .timestamps(let values):
            elements(values, SQLType.timestamptz, 12) { $0.fixed(SQLType.microseconds(fromMilliseconds: $1)) }
        default: break
        }
    }

    private mutating func append(arrayOptional value: SQLValue) {
        switch value {
        case .boolsOptional(let values): optionals(values, SQLType.bool, 5) { $0.fixed($1 ? UInt8(1) : 0) }
        case .int4sOptional(let values): optionals(values, SQLType.int4, 8) { $0.fixed($1) }
        case .int8sOptional(let values): optionals(values, SQLType.int8, 12) { $0.fixed($1) }
        case .float8sOptional(let values): optionals(values, SQLType.float8, 12) { $0.fixed($1.bitPattern) }
        case .textsOptional(let values): optionals(values, SQLType.text, 24) { $0.field($1) }
        case .uuidsOptional(let values): optionals(values, SQLType.uuid, 20) { $0.field($1.uuid) }
        case .bytesArrayOptional(let values): optionals(values, SQLType.bytes, 36) { $0.field($1) }
        case .jsonbsOptional(let values):
            optionals(values, SQLType.jsonb, 64) { bytes, value in bytes.measured { $0.append(jsonb: value) } }
        case .timestampsOptional(let values):
            optionals(values, SQLType.timestamptz, 12) { $0.fixed(SQLType.microseconds(fromMilliseconds: $1)) }
        default: break
        }
    }

    /// An array in the form that array_recv reads; `size` is the expected size of an element with its length.
    private mutating func elements<T>(
        _ values: [T], _ type: UInt32, _ size: Int, _ append: (inout [UInt8], T) -> Void
    ) {
        header(count: values.count, type: type, size: size, hasNulls: false)
        for value in values { append(&self, value) }
    }

    private mutating func optionals<T>(
        _ values: [T?], _ type: UInt32, _ size: Int, _ append: (inout [UInt8], T) -> Void
    ) {
        header(count: values.count, type: type, size: size, hasNulls: true)
        for value in values {
            if let value { append(&self, value) } else { self.append(bigEndian: Int32(-1)) }
        }
    }

    private mutating func header(count: Int, type: UInt32, size: Int, hasNulls: Bool) {
        makeRoom(for: 20 + count * size)
        append(bigEndian: Int32(count == 0 ? 0 : 1))
        append(bigEndian: Int32(hasNulls ? 1 : 0))
        append(bigEndian: type)
        if count == 0 { return }
        append(bigEndian: Int32(clamping: count))
        append(bigEndian: Int32(1))
    }

    /// `reserveCapacity` alone would allocate exactly, and so again for each value that follows.
    private mutating func makeRoom(for more: Int) {
        if capacity - count < more { reserveCapacity(Swift.max(capacity * 2, count + more)) }
    }

    private mutating func append(jsonb value: [UInt8]) {
        append(1)  // the version of the format
        append(contentsOf: value)
    }

    private mutating func fixed<T: FixedWidthInteger>(_ value: T) {
        Swift.withUnsafeBytes(of: (Int32(MemoryLayout<T>.size).bigEndian)) { append(contentsOf: $0) }
        Swift.withUnsafeBytes(of: value.bigEndian) { append(contentsOf: $0) }
    }

    private mutating func field(_ value: String) {
        append(bigEndian: Int32(clamping: value.utf8.count))
        append(contentsOf: value.utf8)
    }

    private mutating func field(_ value: [UInt8]) {
        append(bigEndian: Int32(clamping: value.count))
        append(contentsOf: value)
    }

    private mutating func field(_ value: uuid_t) {
        append(bigEndian: Int32(16))
        Swift.withUnsafeBytes(of: value) { append(contentsOf: $0) }
    }

    /// Appends what `body` appends, with its length in front.
    private mutating func measured(_ body: (inout [UInt8]) -> Void) {
        let start = count
        append(bigEndian: Int32(0))
        body(&self)
        let length = Int32(clamping: count - start - 4).bigEndian
        Swift.withUnsafeBytes(of: length) { replaceSubrange(start..<(start + 4), with: $0) }
    }
}
