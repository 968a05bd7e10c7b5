public import struct Foundation.UUID

extension SQLCell {
    /// An `int4[]` or `int2[]` without NULLs.
    public var int32Array: [Int32] { get throws(StorageError) { try present(int32ArrayOptional) } }
    /// An `int8[]`, `int4[]` or `int2[]` without NULLs.
    public var int64Array: [Int64] { get throws(StorageError) { try present(int64ArrayOptional) } }
    /// A `float8[]` without NULLs.
    public var doubleArray: [Double] { get throws(StorageError) { try present(doubleArrayOptional) } }
    /// A `bool[]` without NULLs.
    public var boolArray: [Bool] { get throws(StorageError) { try present(boolArrayOptional) } }
    /// A `text[]` or `varchar[]` without NULLs.
    public var textArray: [String] { get throws(StorageError) { try present(textArrayOptional) } }
    /// A `uuid[]` without NULLs.
    public var uuidArray: [UUID] { get throws(StorageError) { try present(uuidArrayOptional) } }
    /// A `bytea[]` without NULLs.
    public var bytesArray: [[UInt8]] { get throws(StorageError) { try present(bytesArrayOptional) } }

    /// An `int4[]` or `int2[]`.
    public var int32ArrayOptional: [Int32?] {
        get throws(StorageError) { try elements("int4[]") { (cell) throws(StorageError) in try cell.int32 } }
    }
    /// An `int8[]`, `int4[]` or `int2[]`.
    public var int64ArrayOptional: [Int64?] {
        get throws(StorageError) { try elements("int8[]") { (cell) throws(StorageError) in try cell.int64 } }
    }
    /// A `float8[]`.
    public var doubleArrayOptional: [Double?] {
        get throws(StorageError) { try elements("float8[]") { (cell) throws(StorageError) in try cell.double } }
    }
    /// A `bool[]`.
    public var boolArrayOptional: [Bool?] {
        get throws(StorageError) { try elements("bool[]") { (cell) throws(StorageError) in try cell.bool } }
    }
    /// A `text[]` or `varchar[]`.
    public var textArrayOptional: [String?] {
        get throws(StorageError) { try elements("text[]") { (cell) throws(StorageError) in try cell.text } }
    }
    /// A `uuid[]`.
    public var uuidArrayOptional: [UUID?] {
        get throws(StorageError) { try elements("uuid[]") { (cell) throws(StorageError) in try cell.uuid } }
    }
    /// A `bytea[]`.
    public var bytesArrayOptional: [[UInt8]?] {
        get throws(StorageError) { try elements("bytea[]") { (cell) throws(StorageError) in try cell.bytes } }
    }

    /// Reads array_send's form: dimensions, flags, element type, then size and lower bound of each dimension,
    /// then the elements with their lengths. Arrays of more than one dimension are refused.
    private func elements<T>(
        _ expected: String, _ decode: (SQLCell) throws(StorageError) -> T
    ) throws(StorageError) -> [T?] {
        guard SQLType.isArray(type), length >= 12 else { throw mismatch(expected) }
        let dimensions = word(start, 4)
        if dimensions == 0 { return [] }
        guard dimensions == 1, length >= 20 else { throw mismatch("\(expected) of one dimension") }
        let element = UInt32(truncatingIfNeeded: word(start + 8, 4))
        let count = Int(word(start + 12, 4))
        let end = start + length
        var offset = start + 20
        guard count <= (end - offset) / 4 else { throw mismatch(expected) }
        var values: [T?] = []
        values.reserveCapacity(count)
        for _ in 0..<count {
            guard offset + 4 <= end else { throw mismatch(expected) }
            let size = Int(Int32(truncatingIfNeeded: word(offset, 4)))
            offset += 4
            guard size >= 0 else {
                values.append(nil)
                continue
            }
            guard offset + size <= end else { throw mismatch(expected) }
            values.append(try decode(SQLCell(buffer: buffer, start: offset, length: size, type: element)))
            offset += size
        }
        return values
    }

    private func present<T>(_ values: [T?]) throws(StorageError) -> [T] {
        var result: [T] = []
        result.reserveCapacity(values.count)
        for value in values {
            guard let value else {
                throw StorageError(.unexpectedType, "an array holds NULL; read it by the Optional property")
            }
            result.append(value)
        }
        return result
    }
}
