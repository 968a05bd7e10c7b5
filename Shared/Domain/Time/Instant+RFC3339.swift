extension Instant {
    /// Reads a strict RFC 3339 date and time with an offset, such as `2026-01-02T03:04:05.678+01:00`.
    ///
    /// Years 1970 to 2199, also once turned to UTC; fractions of one to nine digits, cut to milliseconds; `Z` or
    /// `±hh:mm`. The letters T and Z must be upper case. A leap second (`:60`) and `24:00` are refused.
    public init?(rfc3339 text: some StringProtocol) {
        let read = text.utf8.withContiguousStorageIfAvailable { Instant(rfc3339Bytes: UnsafeRawBufferPointer($0)) }
        if let read {
            guard let instant = read else { return nil }
            self = instant
        } else {
            let copy = [UInt8](text.utf8.prefix(64))
            guard let instant = copy.withUnsafeBytes({ Instant(rfc3339Bytes: $0) }) else { return nil }
            self = instant
        }
    }

    /// Reads the same text as ``init(rfc3339:)`` from UTF-8 bytes.
    public init?(rfc3339Bytes bytes: UnsafeRawBufferPointer) {
        guard bytes.count >= 20, bytes.count <= 35 else { return nil }
        var reader = DigitReader(bytes: bytes)
        let year = reader.number(digits: 4)
        reader.expect("-")
        let month = reader.number(digits: 2)
        reader.expect("-")
        let day = reader.number(digits: 2)
        reader.expect("T")
        let hour = reader.number(digits: 2)
        reader.expect(":")
        let minute = reader.number(digits: 2)
        reader.expect(":")
        let second = reader.number(digits: 2)
        let fraction = reader.fractionInMilliseconds()
        guard let offset = reader.offsetInMinutes(), reader.isAtEnd, !reader.failed else { return nil }
        guard (1970...2199).contains(year), hour < 24, minute < 60, second < 60 else { return nil }
        guard let date = CivilDate(year: year, month: month, day: day) else { return nil }
        let minutes = date.daysSince1970 * 1440 + hour * 60 + minute - offset
        let milliseconds = Int64(minutes) * 60_000 + Int64(second) * 1000 + Int64(fraction)
        guard (0..<Instant.startOfYear2200).contains(milliseconds) else { return nil }
        self.init(milliseconds: milliseconds)
    }

    /// The instant as RFC 3339 in UTC, always with milliseconds: `2026-01-02T03:04:05.678Z`.
    ///
    /// Instants outside of the years 0000 to 9999 are written as the nearest one inside.
    public var rfc3339: String {
        String(unsafeUninitializedCapacity: 24) { buffer in
            writeRFC3339(into: UnsafeMutableRawBufferPointer(buffer))
            return 24
        }
    }

    /// Appends the 24 bytes of ``rfc3339``.
    public func writeRFC3339(into bytes: inout [UInt8]) {
        withUnsafeTemporaryAllocation(byteCount: 24, alignment: 1) { buffer in
            writeRFC3339(into: buffer)
            bytes.append(contentsOf: buffer)
        }
    }

    private static let startOfYear2200: Int64 = 7_258_118_400_000

    private func writeRFC3339(into buffer: UnsafeMutableRawBufferPointer) {
        let earliest: Int64 = -62_167_219_200_000
        let latest: Int64 = 253_402_300_799_999
        let clamped = min(max(milliseconds, earliest), latest)
        let (days, inDay) = clamped.flooredQuotientAndRemainder(dividingBy: 86_400_000)
        let date = CivilDate(daysSince1970: Int(days))
        let time = Int(inDay)
        func put(_ value: Int, at offset: Int, digits: Int) {
            var rest = value
            for position in stride(from: offset + digits - 1, through: offset, by: -1) {
                buffer[position] = UInt8(truncatingIfNeeded: 48 + rest % 10)
                rest /= 10
            }
        }
        put(date.year, at: 0, digits: 4)
        buffer[4] = UInt8(ascii: "-")
        put(date.month, at: 5, digits: 2)
        buffer[7] = UInt8(ascii: "-")
        put(date.day, at: 8, digits: 2)
        buffer[10] = UInt8(ascii: "T")
        put(time / 3_600_000, at: 11, digits: 2)
        buffer[13] = UInt8(ascii: ":")
        put(time / 60_000 % 60, at: 14, digits: 2)
        buffer[16] = UInt8(ascii: ":")
        put(time / 1000 % 60, at: 17, digits: 2)
        buffer[19] = UInt8(ascii: ".")
        put(time % 1000, at: 20, digits: 3)
        buffer[23] = UInt8(ascii: "Z")
    }
}

/// Reads fixed-width numbers from bytes; the first thing that does not fit marks it as failed.
private struct DigitReader {
    let bytes: UnsafeRawBufferPointer
    var position = 0
    var failed = false

    init(bytes: UnsafeRawBufferPointer) {
        self.bytes = bytes
    }

    var isAtEnd: Bool { position == bytes.count }

    private var next: UInt8? { position < bytes.count ? bytes[position] : nil }

    mutating func number(digits: Int) -> Int {
        var value = 0
        for _ in 0..<digits {
            guard let byte = next, byte >= 48, byte <= 57 else {
                failed = true
                return 0
            }
            value = value * 10 + Int(byte - 48)
            position += 1
        }
        return value
    }

    mutating func expect(_ character: Unicode.Scalar) {
        if next == UInt8(ascii: character) { position += 1 } else { failed = true }
    }

    mutating func fractionInMilliseconds() -> Int {
        guard next == UInt8(ascii: ".") else { return 0 }
        position += 1
        var value = 0
        var digits = 0
        while let byte = next, byte >= 48, byte <= 57 {
            if digits < 3 { value = value * 10 + Int(byte - 48) }
            digits += 1
            position += 1
        }
        if digits == 0 || digits > 9 { failed = true }
        for _ in min(digits, 3)..<3 { value *= 10 }
        return value
    }

    mutating func offsetInMinutes() -> Int? {
        guard let sign = next else { return nil }
        position += 1
        if sign == UInt8(ascii: "Z") { return 0 }
        guard sign == UInt8(ascii: "+") || sign == UInt8(ascii: "-") else { return nil }
        let hours = number(digits: 2)
        expect(":")
        let minutes = number(digits: 2)
        guard hours < 24, minutes < 60 else { return nil }
        return sign == UInt8(ascii: "-") ? -(hours * 60 + minutes) : hours * 60 + minutes
    }
}
