import Coordination

/// The answer of `add`.
package struct LaneAddition: Sendable {
    /// Entries that were not there yet.
    package var added: Int
    /// Lanes touched for which an agent is ready with enough free capacity: match these at once.
    package var lanesToMatch: [LaneKey]
    package var epoch: LaneEpoch
}

extension LaneStore {
    /// Puts items into their lanes, which come into being with their first item. Repeating it changes nothing.
    ///
    /// An entry whose lane is to change, or whose revision rose, is removed and added: a short time with both is harmless,
    /// since PostgreSQL refuses the stale one at confirmation.
    /// - Throws: `LaneError.unknownCurve` when a new lane's curve was never put; nothing of that thousand was added then.
    package func add(_ entries: [LaneEntry]) async throws -> LaneAddition {
        var answer = LaneAddition(added: 0, lanesToMatch: [], epoch: .missing)
        var hot: Set<LaneKey> = []
        for chunk in entries.chunks(of: 1000) {
            let (lanes, arguments) = Self.grouped(chunk) { [.integer($0.anchor), .string($0.member.text)] }
            var reply = try await runWithCurves(LaneScripts.add, [.integer(Int64(lanes.count))] + arguments)
            if let lacking = reply.lacking { throw LaneError.lacking(lacking) }
            answer.added += try reply.count()
            answer.epoch = reply.epoch
            for (lane, flag) in zip(lanes, try reply.text()) where flag == "1" && hot.insert(lane).inserted {
                answer.lanesToMatch.append(lane)
            }
        }
        return answer
    }

    /// Takes exactly these revisions out of their lanes.
    /// - Returns: how many were there.
    @discardableResult
    package func remove(_ entries: [LaneEntry]) async throws -> Int {
        var removed = 0
        for chunk in entries.chunks(of: 1000) {
            let (_, arguments) = Self.grouped(chunk) { [.string($0.member.text)] }
            var reply = LaneReply(try await run(LaneScripts.remove, arguments))
            removed += try reply.count()
        }
        return removed
    }

    /// Lane, number of entries and these, lane by lane in order of appearance.
    private static func grouped(
        _ entries: ArraySlice<LaneEntry>, _ arguments: (LaneEntry) -> [RedisArgument]
    ) -> (lanes: [LaneKey], arguments: [RedisArgument]) {
        var places: [LaneKey: Int] = [:]
        var lanes: [LaneKey] = []
        var groups: [[LaneEntry]] = []
        for entry in entries {
            if let place = places[entry.lane] {
                groups[place].append(entry)
            } else {
                places[entry.lane] = lanes.count
                lanes.append(entry.lane)
                groups.append([entry])
            }
        }
        var result: [RedisArgument] = []
        result.reserveCapacity(2 * lanes.count + 2 * entries.count)
        for (lane, group) in zip(lanes, groups) {
            result.append(.string(lane.name))
            result.append(.integer(Int64(group.count)))
            for entry in group { result.append(contentsOf: arguments(entry)) }
        }
        return (lanes, result)
    }
}

extension Array {
    /// Consecutive parts of at most `size` elements.
    func chunks(of size: Int) -> [ArraySlice<Element>] {
        stride(from: 0, to: count, by: size).map { self[$0..<Swift.min($0 + size, count)] }
    }
}
