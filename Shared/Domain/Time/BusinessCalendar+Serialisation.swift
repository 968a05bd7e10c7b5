/// The compact form in which compiled calendars are stored.
///
/// A version byte, a kind byte (0 always open, 1 openings), then variable-length integers: the largest unit in
/// milliseconds that divides all starts and ends, the number of openings, and in that unit the first start
/// (zigzag), and by turns the length of an opening and the gap to the next.
extension BusinessCalendar {
    private static let version: UInt8 = 1

    /// The calendar as bytes: about 4 bytes an opening for hours on whole minutes.
    public var serialised: [UInt8] {
        if self == .alwaysOpen { return [BusinessCalendar.version, 0] }
        var bytes: [UInt8] = [BusinessCalendar.version, 1]
        guard let first = rows.first else {
            bytes.append(contentsOf: [1, 0])
            return bytes
        }
        var unit: UInt64 = 0
        for row in rows {
            unit = greatestCommonDivisor(row.start.magnitude, unit)
            unit = greatestCommonDivisor(row.end.magnitude, unit)
        }
        append(unit, to: &bytes)
        append(UInt64(rows.count), to: &bytes)
        let start = first.start / Int64(unit)
        append(UInt64(bitPattern: (start << 1) ^ (start >> 63)), to: &bytes)
        var end = first.start
        for row in rows {
            if row.start != first.start { append(UInt64(row.start - end) / unit, to: &bytes) }
            append(UInt64(row.end - row.start) / unit, to: &bytes)
            end = row.end
        }
        return bytes
    }

    /// Reads the bytes that ``serialised`` wrote.
    public init(serialised bytes: [UInt8]) throws(CalendarError) {
        guard bytes.count >= 2, bytes[0] == BusinessCalendar.version else { throw .malformedBytes }
        if bytes[1] == 0, bytes.count == 2 {
            self = .alwaysOpen
            return
        }
        guard bytes[1] == 1 else { throw .malformedBytes }
        var reader = VariableLengthReader(bytes: bytes, position: 2)
        let unit = try reader.next()
        let count = try reader.next()
        guard unit > 0, unit <= BusinessCalendar.bound, count <= bytes.count else { throw .malformedBytes }
        var rows: [Row] = []
        rows.reserveCapacity(Int(count))
        var end: Int64 = 0
        var before: Int64 = 0
        for index in 0..<count {
            let start: Int64
            if index == 0 {
                let zigzag = try reader.next()
                let inUnits = Int64(bitPattern: zigzag >> 1) ^ -Int64(bitPattern: zigzag & 1)
                let (product, overflow) = inUnits.multipliedReportingOverflow(by: Int64(unit))
                guard !overflow, product.magnitude <= BusinessCalendar.bound else { throw .malformedBytes }
                start = product
            } else {
                start = end + (try reader.nextLength(unit: unit))
            }
            end = start + (try reader.nextLength(unit: unit))
            guard end <= BusinessCalendar.bound else { throw .malformedBytes }
            rows.append(Row(start: start, end: end, before: before))
            before += end - start
        }
        guard reader.position == bytes.count else { throw .malformedBytes }
        self.init(rows: rows)
    }
}

private func greatestCommonDivisor(_ left: UInt64, _ right: UInt64) -> UInt64 {
    var (left, right) = (left, right)
    while right != 0 { (left, right) = (right, left % right) }
    return left
}

/// Seven bits a byte, lowest first; the top bit says that more follow.
private func append(_ value: UInt64, to bytes: inout [UInt8]) {
    var rest = value
    while rest >= 0x80 {
        bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
        rest >>= 7
    }
    bytes.append(UInt8(rest))
}

private struct VariableLengthReader {
    let bytes: [UInt8]
    var position: Int

    mutating func next() throws(CalendarError) -> UInt64 {
        var value: UInt64 = 0
        for shift in stride(from: UInt64(0), to: 63, by: 7) {
            guard position < bytes.count else { throw .malformedBytes }
            let byte = bytes[position]
            position += 1
            value |= UInt64(byte & 0x7F) << shift
            if byte < 0x80 { return value }
        }
        throw .malformedBytes
    }

    /// A length or gap in milliseconds: above zero and small enough to be added without overflow.
    mutating func nextLength(unit: UInt64) throws(CalendarError) -> Int64 {
        let (product, overflow) = try next().multipliedReportingOverflow(by: unit)
        guard !overflow, product > 0, product <= UInt64(BusinessCalendar.bound) * 2 else { throw .malformedBytes }
        return Int64(product)
    }
}
