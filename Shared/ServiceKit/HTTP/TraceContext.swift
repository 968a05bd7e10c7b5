/// W3C trace context, version 00: the `traceparent` of a request, taken from the caller or made here.
public struct TraceContext: Sendable, Hashable, CustomStringConvertible {
    /// 32 lower-case hex digits.
    public let traceID: String
    /// 16 lower-case hex digits: the caller's span.
    public let parentID: String
    /// Two hex digits; 01 is sampled.
    public let flags: String

    /// Reads `00-<32 hex>-<16 hex>-<2 hex>`; nil when it is not that, or an id is all zeros.
    public init?(_ header: some StringProtocol) {
        let parts = header.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count == 4, parts[0] == "00",
            Self.isID(parts[1], 32), Self.isID(parts[2], 16), Self.isHex(parts[3], 2)
        else { return nil }
        traceID = String(parts[1])
        parentID = String(parts[2])
        flags = String(parts[3])
    }

    /// A trace context of our own for request `number` of a process whose random `seed` no other shares.
    public init(seed: UInt64, number: UInt64) {
        traceID = hexadecimal(seed | 1) + hexadecimal(scrambled(number))
        parentID = hexadecimal(scrambled(number ^ seed) | 1)
        flags = "00"
    }

    /// The header's text.
    public var description: String { "00-\(traceID)-\(parentID)-\(flags)" }

    private static func isHex(_ text: some StringProtocol, _ count: Int) -> Bool {
        text.utf8.count == count
            && text.utf8.allSatisfy {
                (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0)
                    || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains($0)
            }
    }

    private static func isID(_ text: some StringProtocol, _ count: Int) -> Bool {
        isHex(text, count) && text.utf8.contains { $0 != UInt8(ascii: "0") }
    }
}

/// 16 hex digits.
func hexadecimal(_ value: UInt64) -> String {
    let digits: StaticString = "0123456789abcdef"
    return String(unsafeUninitializedCapacity: 16) { buffer in
        for index in 0..<16 {
            buffer[index] = digits.utf8Start[Int(truncatingIfNeeded: (value >> UInt64(60 - 4 * index)) & 15)]
        }
        return 16
    }
}

/// SplitMix64's finaliser: spreads a counter over 64 bits.
private func scrambled(_ value: UInt64) -> UInt64 {
    var value = value &+ 0x9e37_79b9_7f4a_7c15
    value = (value ^ (value >> 30)) &* 0xbf58_476d_1ce4_e5b9
    value = (value ^ (value >> 27)) &* 0x94d0_49bb_1331_11eb
    return value ^ (value >> 31)
}
