/// The rows that a statement returned, and how many it changed.
///
/// All cells lie in one buffer; a row or a cell is a view of it and costs no allocation.
public struct SQLResult: Sendable, RandomAccessCollection {
    /// Where a cell's bytes lie; a length below 0 means NULL.
    struct Extent: Sendable {
        var start: UInt32
        var length: Int32
    }

    let bytes: [UInt8]
    let extents: [Extent]
    let types: [UInt32]
    /// The command tag, such as "INSERT 0 1".
    let command: String
    /// How many rows were returned.
    public let count: Int
    /// How many rows an INSERT, UPDATE, DELETE or SELECT touched.
    public let rowsAffected: Int

    /// How many columns each row has.
    public var columns: Int { types.count }
    /// The first row, 0.
    public var startIndex: Int { 0 }
    /// One past the last row.
    public var endIndex: Int { count }

    /// A row, counted from 0.
    public subscript(row: Int) -> SQLRow {
        precondition(row >= 0 && row < count, "row out of range")
        return SQLRow(result: self, row: row)
    }

    /// A cell; rows and columns count from 0, columns in the order of the SELECT list.
    public subscript(row: Int, column: Int) -> SQLCell {
        precondition(row >= 0 && row < count && column >= 0 && column < types.count, "cell out of range")
        let extent = extents[row * types.count + column]
        return SQLCell(buffer: bytes, start: Int(extent.start), length: Int(extent.length), type: types[column])
    }
}

/// One row of a result.
public struct SQLRow: Sendable {
    let result: SQLResult
    let row: Int

    /// A cell by the position of its column in the SELECT list, from 0.
    public subscript(column: Int) -> SQLCell { result[row, column] }
}
