import Glibc
import Synchronization

public import struct Foundation.UUID
import typealias Foundation.uuid_t

/// Makes UUIDs of version 7 (RFC 9562): 48 bits of milliseconds, a 12-bit counter, 62 random bits.
///
/// Within a process each is greater than the one before, also when the clock is set back, so that new rows
/// go to the end of their index.
public enum UUIDv7 {
    private struct Last {
        var milliseconds: UInt64 = 0
        var counter: UInt64 = 0
    }

    private static let last = Mutex(Last())

    /// A new identifier, of the present time.
    public static func next() -> UUID {
        var now = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
        return next(milliseconds: Int64(now.tv_sec) * 1000 + Int64(now.tv_nsec) / 1_000_000)
    }

    /// A new identifier of the given time (milliseconds since 1970 UTC), or just after the last one if that is later.
    public static func next(milliseconds: Int64) -> UUID {
        let random = UInt64.random(in: .min ... .max)
        let now = UInt64(clamping: milliseconds) & 0xFFFF_FFFF_FFFF
        let (time, counter) = last.withLock { last in
            if now > last.milliseconds {
                // half of the counter is left for the identifiers of the same millisecond
                last = Last(milliseconds: now, counter: random >> 53)
            } else if last.counter < 0xFFF {
                last.counter += 1
            } else {
                last = Last(milliseconds: last.milliseconds + 1, counter: 0)
            }
            return (last.milliseconds, last.counter)
        }
        return UUID(
            high: time << 16 | 0x7000 | counter,
            low: 0x8000_0000_0000_0000 | random & 0x3FFF_FFFF_FFFF_FFFF)
    }
}

extension UUID {
    /// From its two halves, most significant first.
    public init(high: UInt64, low: UInt64) {
        self = withUnsafeBytes(of: (high.bigEndian, low.bigEndian)) { UUID(uuid: $0.loadUnaligned(as: uuid_t.self)) }
    }

    /// Its two halves, most significant first.
    public var halves: (high: UInt64, low: UInt64) {
        withUnsafeBytes(of: uuid) {
            (
                UInt64(bigEndian: $0.loadUnaligned(as: UInt64.self)),
                UInt64(bigEndian: $0.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
            )
        }
    }

    /// The 32 lower-case hexadecimal digits, without dashes.
    public var hexText: String {
        withUnsafeBytes(of: uuid) { source in
            String(unsafeUninitializedCapacity: 32) { target in
                for index in 0..<16 {
                    target[2 * index] = hexDigit(source[index] >> 4)
                    target[2 * index + 1] = hexDigit(source[index] & 15)
                }
                return 32
            }
        }
    }

    /// From 32 hexadecimal digits; nil for anything else.
    public init?(hexText: some StringProtocol) {
        var high: UInt64 = 0
        var low: UInt64 = 0
        var count = 0
        for byte in hexText.utf8 {
            guard let digit = hexValue(byte), count < 32 else { return nil }
            if count < 16 { high = high << 4 | digit } else { low = low << 4 | digit }
            count += 1
        }
        guard count == 32 else { return nil }
        self.init(high: high, low: low)
    }

    /// From the usual form, digits of either case with dashes; nil for anything else. Foundation's own takes twenty times
    /// as long, with `sscanf`.
    public init?(dashedText: String) {
        var dashedText = dashedText
        let halves = dashedText.withUTF8 { text -> (UInt64, UInt64)? in
            guard text.count == 36 else { return nil }
            var high: UInt64 = 0
            var low: UInt64 = 0
            for (index, byte) in text.enumerated() {
                if index == 8 || index == 13 || index == 18 || index == 23 {
                    guard byte == UInt8(ascii: "-") else { return nil }
                } else {
                    guard let digit = hexValue(byte) else { return nil }
                    if index < 18 { high = high << 4 | digit } else { low = low << 4 | digit }
                }
            }
            return (high, low)
        }
        guard let (high, low) = halves else { return nil }
        self.init(high: high, low: low)
    }

    /// The time in a version 7 UUID, in milliseconds since 1970 UTC.
    public var millisecondsOfVersion7: Int64 { Int64(halves.high >> 16) }
}

private func hexDigit(_ nibble: UInt8) -> UInt8 { nibble < 10 ? 0x30 + nibble : 0x57 + nibble }

private func hexValue(_ byte: UInt8) -> UInt64? {
    switch byte {
    case 0x30...0x39: UInt64(byte - 0x30)
    case 0x61...0x66: UInt64(byte - 0x57)
    case 0x41...0x46: UInt64(byte - 0x37)
    default: nil
    }
}
