import CLibPQ

extension SQLResult {
    /// Copies libpq's result; the original may be freed afterwards.
    init(copying result: OpaquePointer) {
        let rows = PQntuples(result)
        let columns = PQnfields(result)
        var extents: [Extent] = []
        extents.reserveCapacity(Int(rows) * Int(columns))
        var size = 0
        for row in 0..<rows {
            for column in 0..<columns {
                let length = PQgetisnull(result, row, column) == 1 ? -1 : PQgetlength(result, row, column)
                extents.append(Extent(start: UInt32(truncatingIfNeeded: size), length: length))
                size += Int(Swift.max(0, length))
            }
        }
        bytes = [UInt8](unsafeUninitializedCapacity: size) { buffer, initialized in
            var index = 0
            for row in 0..<rows {
                for column in 0..<columns {
                    let extent = extents[index]
                    index += 1
                    guard extent.length > 0, let source = PQgetvalue(result, row, column) else { continue }
                    UnsafeMutableRawBufferPointer(buffer).baseAddress?.advanced(by: Int(extent.start))
                        .copyMemory(from: source, byteCount: Int(extent.length))
                }
            }
            initialized = size
        }
        self.extents = extents
        types = (0..<columns).map { PQftype(result, $0) }
        count = Int(rows)
        rowsAffected = Int(String(cString: PQcmdTuples(result))) ?? 0
        command = String(cString: PQcmdStatus(result))
    }
}
