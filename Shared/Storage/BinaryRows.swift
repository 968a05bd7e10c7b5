/// Rows in the format of `COPY … FROM STDIN (FORMAT binary)`.
///
/// The types must be exactly those of the columns: COPY converts nothing.
public struct BinaryRows: Sendable {
    private(set) var bytes: [UInt8]
    /// How many rows were appended.
    public private(set) var count = 0

    /// No rows yet; `capacity` is the expected size in bytes.
    public init(capacity: Int = 0) {
        bytes = []
        bytes.reserveCapacity(capacity + 32)
        // signature, flags, length of the header's extension
        bytes.append(contentsOf: [0x50, 0x47, 0x43, 0x4F, 0x50, 0x59, 0x0A, 0xFF, 0x0D, 0x0A, 0x00])
        bytes.append(bigEndian: Int32(0))
        bytes.append(bigEndian: Int32(0))
    }

    /// Appends a row, one value for each column of the copy's target.
    public mutating func append(_ values: [SQLValue]) {
        bytes.append(bigEndian: Int16(clamping: values.count))
        for value in values { bytes.append(field: value) }
        count += 1
    }

    /// How many bytes they take by now.
    public var size: Int { bytes.count }
}
