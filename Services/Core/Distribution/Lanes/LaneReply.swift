import Coordination

import struct Foundation.UUID

/// Reads a script's flat answer element by element.
struct LaneReply {
    private let elements: [RedisReply]
    private var at = 0
    var epoch = LaneEpoch.missing
    var lacking: LaneError.Code?

    init(_ reply: RedisReply) { elements = reply.elements ?? [reply] }

    var isAtEnd: Bool { at >= elements.count }

    /// Whether picks follow: those stand, although something is lacking for more.
    var changedSomething: Bool { elements.contains { $0.elements != nil } }

    var unexpected: LaneError {
        LaneError(code: .unexpectedReply, message: "A lane script answered something unexpected at element \(at).")
    }

    mutating func next() throws(LaneError) -> RedisReply {
        guard at < elements.count else { throw unexpected }
        defer { at += 1 }
        return elements[at]
    }

    mutating func text() throws(LaneError) -> String {
        guard let text = try next().text else { throw unexpected }
        return text
    }

    mutating func integer() throws(LaneError) -> Int64 {
        guard let value = try next().integerValue else { throw unexpected }
        return value
    }

    mutating func count() throws(LaneError) -> Int {
        guard let count = Int(exactly: try integer()), count >= 0 else { throw unexpected }
        return count
    }

    mutating func id() throws(LaneError) -> Int32 {
        guard let id = Int32(exactly: try integer()) else { throw unexpected }
        return id
    }

    mutating func uuid() throws(LaneError) -> UUID {
        guard let bytes = try next().bytes, let id = LaneText.uuid(hex: bytes) else { throw unexpected }
        return id
    }

    mutating func lane() throws(LaneError) -> LaneKey {
        guard let lane = LaneKey(name: try text()) else { throw unexpected }
        return lane
    }

    mutating func member() throws(LaneError) -> LaneMember {
        guard let member = LaneMember(text: try text()) else { throw unexpected }
        return member
    }

    /// `<member>|<lane>`, anchor, the priority's eight bytes, size
    mutating func rankedHead(at moment: LaneMoment) throws(LaneError) -> RankedHead {
        let parts = try text().split(separator: "|")
        guard parts.count == 2, let member = LaneMember(text: parts[0]), let lane = LaneKey(name: parts[1]) else {
            throw unexpected
        }
        let anchor = try integer()
        guard let bytes = try next().bytes, bytes.count == 8, let business = moment.business[lane.calendarVersion]
        else {
            throw unexpected
        }
        let bits = bytes.withUnsafeBytes { UInt64(littleEndian: $0.loadUnaligned(as: UInt64.self)) }
        return RankedHead(
            entry: LaneEntry(lane: lane, anchor: anchor, member: member), priority: Double(bitPattern: bits),
            age: business - anchor, laneSize: try count())
    }

    static func epoch(_ text: String) throws(LaneError) -> LaneEpoch {
        switch text.first {
        case "c": .complete(String(text.dropFirst()))
        case "b": .rebuilding
        case "m": .missing
        default: throw LaneError(code: .unexpectedReply, message: "A lane script answered an unknown epoch.")
        }
    }
}
