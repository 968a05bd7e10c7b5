import Core
import Foundation

import struct Domain.Curve
import struct Domain.Instant

/// What the lanes must do, worked out by looking at every item each time.
struct ReferenceLanes {
    struct Agent {
        var profile: AgentProfile
        var capacity: Int32
        var readiness: AgentReadiness
        var idleSince: Int64
        var held: [UUID: Held] = [:]
        var missed: [UUID: Int64] = [:]
        var free: Int { Int(capacity) - held.values.reduce(0) { $0 + Int($1.entry.lane.weight) } }
    }
    struct Held {
        var entry: LaneEntry
        var stage: HeldStage
        var idleBefore: Int64
    }
    struct Pick: Equatable {
        var agent: Int32
        var order: [RankedHead]
        var agents: [EligibleAgent]
        var limited: Set<Int32>
    }

    var curves: [Int32: Curve] = [:]
    var limits: [Int32: Int] = [:]
    var agents: [Int32: Agent] = [:]
    var waiting: [LaneKey: Set<LaneEntry>] = [:]

    func out(of endpoint: Int32) -> Int {
        agents.values.reduce(0) { $0 + $1.held.values.count { $0.entry.lane.endpoint == endpoint } }
    }

    func isFull(_ endpoint: Int32) -> Bool { limits[endpoint].map { out(of: endpoint) >= $0 } ?? false }

    func mayTake(_ lane: LaneKey, _ id: Int32) -> Bool {
        guard let agent = agents[id], agent.profile.mayTake(lane) else { return false }
        return lane.preferredAgent.map { $0 == id } ?? true
    }

    func rank(_ entry: LaneEntry, at moment: LaneMoment, size: Int) -> RankedHead? {
        guard let business = moment.business[entry.lane.calendarVersion], let curve = curves[entry.lane.schemaVersion]
        else { return nil }
        let age = business - entry.anchor
        return RankedHead(entry: entry, priority: curve.priority(atAge: age), age: age, laneSize: size)
    }

    func head(_ lane: LaneKey, at moment: LaneMoment, passing missed: Set<UUID>) -> RankedHead? {
        let entries = waiting[lane] ?? []
        return entries.filter { !missed.contains($0.member.item) }
            .compactMap { rank($0, at: moment, size: entries.count) }
            .min { $0.precedes($1) }
    }

    /// The heads of all lanes that an agent could be given work from, best first.
    func heads(for id: Int32, at moment: LaneMoment) -> (order: [RankedHead], limited: Set<Int32>) {
        guard let agent = agents[id] else { return ([], []) }
        let missed = Set(agent.missed.filter { $0.value > moment.now.milliseconds }.keys)
        var order: [RankedHead] = []
        var limited: Set<Int32> = []
        for (lane, entries) in waiting where !entries.isEmpty && mayTake(lane, id) && Int(lane.weight) <= agent.free {
            if isFull(lane.endpoint) {
                limited.insert(lane.endpoint)
            } else if let head = head(lane, at: moment, passing: missed) {
                order.append(head)
            }
        }
        return (order.sorted { $0.precedes($1) }, limited)
    }

    /// Agents who could be given work of the lane, idle longest first.
    func eligible(_ lane: LaneKey) -> [EligibleAgent] {
        agents.filter { $0.value.readiness == .ready && $0.value.free >= Int(lane.weight) && mayTake(lane, $0.key) }
            .map { EligibleAgent(id: $0.key, idleSince: $0.value.idleSince) }
            .sorted { ($0.idleSince, $0.id) < ($1.idleSince, $1.id) }
    }

    mutating func take(_ id: Int32, at moment: LaneMoment) -> Pick? {
        let (order, limited) = heads(for: id, at: moment)
        guard let chosen = order.first?.entry, let before = agents[id]?.idleSince else { return nil }
        let pick = Pick(agent: id, order: order, agents: eligible(chosen.lane), limited: limited)
        waiting[chosen.lane]?.remove(chosen)
        hold(id, chosen, .reserved, before: before)
        agents[id]?.idleSince = moment.now.milliseconds
        return pick
    }

    mutating func hold(_ id: Int32, _ entry: LaneEntry, _ stage: HeldStage, before: Int64) {
        agents[id]?.held[entry.member.item] = Held(entry: entry, stage: stage, idleBefore: before)
    }

    mutating func pick(_ id: Int32, trigger: PickTrigger, at moment: LaneMoment, most: Int) -> ([Pick], PickEnd) {
        var picks: [Pick] = []
        while let agent = agents[id], agent.free > 0, agent.readiness == .ready || trigger == .next {
            if picks.count == most { return (picks, .more) }
            guard let pick = take(id, at: moment) else { return (picks, .nothingToPick) }
            picks.append(pick)
        }
        return (picks, .noAgent)
    }

    mutating func match(_ lanes: [LaneKey], at moment: LaneMoment, most: Int) -> ([Pick], [PickEnd]) {
        var picks: [Pick] = []
        var ends: [PickEnd] = []
        for lane in lanes {
            var skipped: Set<Int32> = []
            while true {
                if picks.count == most {
                    ends.append(.more)
                    break
                }
                if waiting[lane, default: []].isEmpty {
                    ends.append(.nothingToPick)
                    break
                }
                if isFull(lane.endpoint) {
                    ends.append(.limit)
                    break
                }
                guard let id = eligible(lane).first(where: { !skipped.contains($0.id) })?.id else {
                    ends.append(skipped.isEmpty ? .noAgent : .nothingToPick)
                    break
                }
                if let pick = take(id, at: moment) { picks.append(pick) } else { skipped.insert(id) }
            }
        }
        return (picks, ends)
    }

    func recall(_ endpoint: Int32, at moment: LaneMoment) -> (agent: Int32, recalled: LaneEntry, newcomer: LaneEntry)? {
        guard isFull(endpoint) else { return nil }
        let offered = agents.flatMap { id, agent in
            agent.held.values.filter { $0.stage == .offered && $0.entry.lane.endpoint == endpoint }
                .compactMap { held in rank(held.entry, at: moment, size: 0).map { (id, $0) } }
        }
        guard let (id, worst) = offered.max(by: { $0.1.precedes($1.1) }), let agent = agents[id] else { return nil }
        let newcomers = waiting.keys.filter { $0.endpoint == endpoint }
            .compactMap { head($0, at: moment, passing: []) }
            .filter { $0.precedes(worst) }
            .sorted { $0.precedes($1) }
        for newcomer in newcomers {
            let lane = newcomer.entry.lane
            let fits =
                agent.readiness == .ready && mayTake(lane, id)
                && agent.free + Int(worst.entry.lane.weight) >= Int(lane.weight)
            if fits || !eligible(lane).isEmpty { return (id, worst.entry, newcomer.entry) }
        }
        return nil
    }
}
