import struct Foundation.UUID

/// An item at one revision, as it stands in a lane.
package struct LaneMember: Sendable, Hashable {
    /// Microseconds since 1970; of equal priority and age the lower arrival goes first, then the lower id.
    package let arrival: Int64
    package let item: UUID
    package let revision: Int32

    /// `arrival` must lie in 0 ..< 10^16 (until the year 2286).
    package init(arrival: Int64, item: UUID, revision: Int32) {
        self.arrival = arrival
        self.item = item
        self.revision = revision
    }

    /// `<arrival, 16 digits>:<id, 32 hex digits>:<revision>`: its order as text is the order of arrival.
    package var text: String {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(56)
        bytes.append(contentsOf: LaneText.padded(arrival))
        bytes.append(UInt8(ascii: ":"))
        LaneText.appendHex(item, to: &bytes)
        bytes.append(UInt8(ascii: ":"))
        bytes.append(contentsOf: String(revision).utf8)
        return String(decoding: bytes, as: UTF8.self)
    }

    /// The member written so; nil when the text is not a member's.
    package init?(text: some StringProtocol) {
        let bytes = Array(text.utf8)
        guard bytes.count > 50, bytes[16] == UInt8(ascii: ":"), bytes[49] == UInt8(ascii: ":"),
            let arrival = Int64(String(decoding: bytes[..<16], as: UTF8.self)),
            let item = LaneText.uuid(hex: bytes[17..<49]),
            let revision = Int32(String(decoding: bytes[50...], as: UTF8.self))
        else { return nil }
        self.init(arrival: arrival, item: item, revision: revision)
    }
}

/// An item's place: its lane, its anchor there and the member.
package struct LaneEntry: Sendable, Hashable {
    package var lane: LaneKey
    /// Business milliseconds; at time t the item's age is B(t) − anchor. Within ±2^53.
    package var anchor: Int64
    package var member: LaneMember

    package init(lane: LaneKey, anchor: Int64, member: LaneMember) {
        self.lane = lane
        self.anchor = anchor
        self.member = member
    }
}

/// The fixed-width forms that members are written in.
enum LaneText {
    static func padded(_ arrival: Int64) -> [UInt8] {
        var digits = [UInt8](repeating: UInt8(ascii: "0"), count: 16)
        var rest = max(0, arrival)
        for place in stride(from: 15, through: 0, by: -1) {
            digits[place] += UInt8(rest % 10)
            rest /= 10
        }
        return digits
    }

    static func appendHex(_ id: UUID, to bytes: inout [UInt8]) {
        withUnsafeBytes(of: id.uuid) { raw in
            for byte in raw {
                bytes.append(digit(byte >> 4))
                bytes.append(digit(byte & 15))
            }
        }
    }

    static func hex(_ id: UUID) -> String {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(32)
        appendHex(id, to: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }

    static func uuid(hex: some Collection<UInt8>) -> UUID? {
        guard hex.count == 32 else { return nil }
        var raw: [UInt8] = []
        raw.reserveCapacity(16)
        var high: UInt8?
        for character in hex {
            guard let value = value(character) else { return nil }
            if let first = high {
                raw.append(first << 4 | value)
                high = nil
            } else {
                high = value
            }
        }
        return raw.withUnsafeBytes { UUID(uuid: $0.loadUnaligned(as: UInt128Bytes.self)) }
    }

    private typealias UInt128Bytes = (
        UInt8, UInt8, UInt8, UInt8, UInt8, UInt8, UInt8, UInt8, UInt8, UInt8, UInt8, UInt8, UInt8, UInt8, UInt8, UInt8
    )

    private static func digit(_ value: UInt8) -> UInt8 { value < 10 ? 48 + value : 87 + value }

    private static func value(_ character: UInt8) -> UInt8? {
        switch character {
        case 48...57: character - 48
        case 97...102: character - 87
        default: nil
        }
    }
}
