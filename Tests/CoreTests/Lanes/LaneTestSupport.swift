import Coordination
import Core
import Foundation
import Logging

import struct Domain.Curve
import struct Domain.CurvePoint
import struct Domain.Instant

/// The Redis that tests may use, when one is named.
let laneTestRedisURL = ProcessInfo.processInfo.environment["MILLRACE_TEST_REDIS_URL"]

/// Runs a body with the lanes of a tenant of its own and removes its keys afterwards.
func withLanes(_ body: (LaneStore, RedisClient) async throws -> Void) async throws {
    let redis = try RedisClient(
        url: laneTestRedisURL ?? "", connections: 1, timeout: .seconds(20), logger: Logger(label: "test"))
    let prefix = "test-\(UUID().uuidString.prefix(8)):"
    let store = LaneStore(redis: redis, keyPrefix: prefix, tenant: 1, logger: Logger(label: "test"))
    do {
        try await complete(store)
        try await body(store, redis)
    } catch {
        try await removeKeys(prefix, redis)
        await redis.close()
        throw error
    }
    try await removeKeys(prefix, redis)
    await redis.close()
}

/// Declares an empty tenant's lanes complete.
func complete(_ store: LaneStore) async throws {
    _ = try await store.finishRebuild(try await store.beginRebuild(token: "1"))
}

private func removeKeys(_ prefix: String, _ redis: RedisClient) async throws {
    let keys = try await redis.command(["KEYS", .string("{\(prefix)*")]).elements ?? []
    for chunk in stride(from: 0, to: keys.count, by: 500) {
        let names = keys[chunk..<min(chunk + 500, keys.count)].compactMap(\.bytes).map { RedisArgument.bytes($0) }
        try await redis.command(["UNLINK"] + names)
    }
}

/// A repeatable source of randomness.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed &* 0x9E37_79B9_7F4A_7C15 }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }

    mutating func uuid() -> UUID {
        let bits = (next(), next())
        return withUnsafeBytes(of: bits) { UUID(uuid: $0.loadUnaligned(as: uuid_t.self)) }
    }

    mutating func chance(_ percent: Int) -> Bool { Int.random(in: 0..<100, using: &self) < percent }

    /// A curve of any shape on a coarse grid of ages, so that ties and boundaries are common.
    mutating func curve() -> Curve {
        while true {
            var age = Int64.random(in: -40...20, using: &self)
            var points: [CurvePoint] = []
            let shape = Int.random(in: 0..<3, using: &self)
            var priority = Double(Int.random(in: -3...6, using: &self))
            for _ in 0..<Int.random(in: 1...6, using: &self) {
                points.append(CurvePoint(age: age, priority: priority))
                age += Int64([0, 5, 10, 17, 30].randomElement(using: &self) ?? 0)
                switch shape {
                case 0: priority += [0, 0.1, 1, 7].randomElement(using: &self) ?? 0
                case 1: priority += [-7, -1, -0.3, 0, 0.3, 1, 7].randomElement(using: &self) ?? 0
                default: priority = Double(Int.random(in: -3...6, using: &self))
                }
            }
            if let curve = try? Curve(points: points) { return curve }
        }
    }
}

/// A rising curve: the age in milliseconds is the priority.
func risingCurve() throws -> Curve {
    try Curve(points: [CurvePoint(age: 0, priority: 0), CurvePoint(age: 1_000_000, priority: 1_000_000)])
}

/// A lane with the defaults that most tests want.
func lane(
    endpoint: Int32 = 1, skills: [Int32] = [], weight: Int32 = 1, preferred: Int32? = nil, schema: Int32 = 1,
    calendar: Int32 = 1
) -> LaneKey {
    LaneKey(
        endpoint: endpoint, requiredSkills: skills, weight: weight, preferredAgent: preferred, schemaVersion: schema,
        calendarVersion: calendar)
}

/// An entry with a new item.
func entry(_ lane: LaneKey, anchor: Int64, arrival: Int64 = 1, revision: Int32 = 1) -> LaneEntry {
    LaneEntry(lane: lane, anchor: anchor, member: LaneMember(arrival: arrival, item: UUID(), revision: revision))
}

/// A ready agent of endpoint 1.
func readyAgent(
    _ id: Int32, endpoints: [Int32] = [1], skills: [Int32] = [], capacity: Int32 = 1, idleSince: Int64 = 0,
    revision: Int64 = 1, readiness: AgentReadiness = .ready
) -> LaneAgent {
    LaneAgent(
        id: id, profile: AgentProfile(endpoints: endpoints, skills: skills), capacity: capacity, readiness: readiness,
        revision: revision, idleSince: idleSince)
}

/// A moment at which calendar 1 stands at `business`.
func moment(_ business: Int64, now: Int64 = 1_000_000) -> LaneMoment {
    LaneMoment(now: Instant(milliseconds: now), business: [1: business])
}

let farDeadline = Instant(milliseconds: 4_000_000_000_000)
