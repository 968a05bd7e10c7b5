import Coordination
import Core
import Foundation
import Logging
import Testing

import struct Domain.Instant

/// Prints what Redis says of its own microseconds per pick. On demand, on a Redis that nobody else uses.
@Suite(.enabled(if: laneTestRedisURL != nil && ProcessInfo.processInfo.environment["LANE_FIGURES"] != nil), .serialized)
struct LaneFiguresTests {
    @Test("A pick at a million costs as much as at a thousand")
    func pickCostIsFlat() async throws {
        try await withBacklog(1000) { small, redis in
            try await withBacklog(1_000_000) { large, _ in
                var costs: [[Double]] = [[], []]
                for _ in 0..<40 {
                    costs[0].append(try await cost(of: small, redis))
                    costs[1].append(try await cost(of: large, redis))
                }
                let medians = costs.map { $0.sorted()[$0.count / 2] }
                print("pick: \(medians[0]) µs at 1,000, \(medians[1]) µs at 1,000,000, by Redis' own count (medians)")
                #expect(medians[1] < 1.2 * medians[0])
            }
        }
    }

    private func withBacklog(_ size: Int, _ body: (LaneStore, RedisClient) async throws -> Void) async throws {
        try await withLanes { store, redis in
            try await store.putCurve(try risingCurve(), version: 1)
            let lanes = (1...10).map { lane(skills: [Int32($0)]) }
            for start in stride(from: 0, to: size, by: 10_000) {
                _ = try await store.add(
                    (start..<min(size, start + 10_000)).map {
                        entry(lanes[$0 % 10], anchor: Int64($0), arrival: Int64($0))
                    })
            }
            let skills = (1...10).map { Int32($0) }
            try await store.setAgents((1...10).map { readyAgent($0, skills: skills, idleSince: Int64($0)) })
            try await body(store, redis)
        }
    }

    /// Microseconds per pick of ten agents, whose items go back afterwards.
    private func cost(of store: LaneStore, _ redis: RedisClient) async throws -> Double {
        var picks: [LanePick] = []
        let before = try await evaluations(redis)
        for agent in Int32(1)...10 {
            picks += try await store.pick(agent: agent, at: moment(2_000_000), deadline: farDeadline).picks
        }
        let after = try await evaluations(redis)
        #expect(picks.count == 10)
        let held = picks.map {
            AgentItem(agent: $0.agent, item: $0.entry.member.item, at: $0.entry.member.revision + 1)
        }
        try await store.refuse(held)
        _ = try await store.add(picks.map(\.entry))
        return (after.microseconds - before.microseconds) / (after.calls - before.calls)
    }

    private func evaluations(_ redis: RedisClient) async throws -> (calls: Double, microseconds: Double) {
        let text = try await redis.command(["INFO", "commandstats"]).text ?? ""
        let line = text.split(whereSeparator: \.isNewline).first { $0.hasPrefix("cmdstat_evalsha:") } ?? ""
        func number(_ name: String) -> Double {
            line.split(whereSeparator: { ":,".contains($0) }).first { $0.hasPrefix(name + "=") }
                .flatMap { Double($0.dropFirst(name.count + 1)) } ?? 0
        }
        return (number("calls"), number("usec"))
    }
}
