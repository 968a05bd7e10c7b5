import CLibPQ

/// Parameters in binary, laid out as libpq wants them.
struct ParameterBuffer {
    private var bytes: [UInt8] = []
    private var offsets: [Int] = []
    private var values: [UnsafePointer<CChar>?] = []
    private var lengths: [Int32] = []
    private var formats: [Int32] = []

    /// Queues the execution of a prepared statement; libpq copies the values. False when libpq refuses.
    mutating func send(_ parameters: [SQLValue], to name: String, on handle: OpaquePointer) -> Bool {
        encode(parameters)
        let count = Int32(clamping: parameters.count)
        let isSent = bytes.withUnsafeBytes { buffer in
            values.removeAll(keepingCapacity: true)
            for offset in offsets {
                values.append(
                    offset < 0 ? nil : buffer.baseAddress.map { ($0 + offset).assumingMemoryBound(to: CChar.self) })
            }
            return PQsendQueryPrepared(handle, name, count, values, lengths, formats, 1) == 1
        }
        // a rare large batch must not keep its memory
        if bytes.capacity > 1 << 20 { bytes = [] }
        return isSent
    }

    private mutating func encode(_ parameters: [SQLValue]) {
        bytes.removeAll(keepingCapacity: true)
        offsets.removeAll(keepingCapacity: true)
        lengths.removeAll(keepingCapacity: true)
        formats.removeAll(keepingCapacity: true)
        bytes.append(0)  // so that an empty value, too, has an address
        for parameter in parameters {
            let start = bytes.count
            bytes.append(value: parameter)
            if case .null = parameter { offsets.append(-1) } else { offsets.append(start) }
            lengths.append(Int32(clamping: bytes.count - start))
            formats.append(1)
        }
    }
}
