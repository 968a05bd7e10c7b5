import Coordination

/// How much waits in a lane.
package struct LaneCount: Sendable, Hashable {
    package var lane: LaneKey
    package var size: Int
    /// The item with the lowest anchor; nil when the lane is empty.
    package var lowest: LaneEntry?
}

extension LaneStore {
    /// All registered lanes with what waits in them, read in small steps: not one moment's picture.
    package func counts() async throws -> [LaneCount] {
        var counts: [LaneKey: LaneCount] = [:]
        try await scan(LaneScripts.counts) { reply in
            while !reply.isAtEnd {
                let lane = try reply.lane()
                let size = try reply.count()
                let member = LaneMember(text: try reply.text())
                let anchor = Int64(try reply.text())
                let lowest = member.flatMap { member in
                    anchor.map { LaneEntry(lane: lane, anchor: $0, member: member) }
                }
                counts[lane] = LaneCount(lane: lane, size: size, lowest: lowest)
            }
        }
        return Array(counts.values)
    }

    /// Forgets lanes that are empty and were so at the call before. Call it every few minutes.
    /// - Returns: how many were forgotten.
    @discardableResult
    package func pruneEmptyLanes() async throws -> Int {
        var forgotten = 0
        try await scan(LaneScripts.prune) { reply in forgotten += try reply.count() }
        return forgotten
    }

    /// The entries of a lane from the lowest anchor on, to compare with PostgreSQL.
    package func entries(of lane: LaneKey, from start: Int = 0, most: Int = 1000) async throws -> [LaneEntry] {
        var reply = LaneReply(
            try await redis.command([
                "ZRANGE", key("lane:\(lane.name)"), .integer(Int64(start)), .integer(Int64(start + most - 1)),
                "WITHSCORES",
            ]))
        var entries: [LaneEntry] = []
        while !reply.isAtEnd {
            let member = try reply.member()
            entries.append(LaneEntry(lane: lane, anchor: try reply.integer(), member: member))
        }
        return entries
    }

    private func scan(_ script: RedisScript, _ body: (inout LaneReply) throws -> Void) async throws {
        var cursor = "0"
        repeat {
            var reply = LaneReply(try await run(script, [.string(cursor), 100]))
            cursor = try reply.text()
            try body(&reply)
        } while cursor != "0"
    }
}
