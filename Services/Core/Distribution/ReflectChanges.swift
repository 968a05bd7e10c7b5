import Domain
import Foundation
import Logging

/// What has been committed and must now show in the lanes.
enum LaneWork: Sendable {
    case entered([WorkItem], batch: Int64?)
    case changed([WorkItemChange], agents: [AgentRow], batch: Int64?)
}

/// Brings Redis up to date after commits. Everything here can be repeated and may come late, in any order, or not at all:
/// PostgreSQL refuses stale entries, steps older than what Redis knows of an item in an agent's hands change nothing,
/// and the sweep adds what is missing.
struct ReflectChanges: Sendable {
    let lanes: LaneStore
    let queries: WorkItemQueries
    /// How long an item that an agent missed or declined is passed over for that agent.
    static let passOverFor: Int64 = 30_000

    /// What became possible: where distribution should look.
    struct Opportunities: Sendable {
        var lanes: Set<LaneKey> = []
        var agents: Set<Int32> = []
        /// Endpoints with a limit that got work.
        var limited: Set<Int32> = []
    }

    func perform(_ work: [LaneWork], in snapshot: TenantSnapshot, at now: Instant) async throws -> Opportunities {
        var plan = Plan(snapshot: snapshot, now: now)
        for item in work { plan.add(item) }
        var found = Opportunities()
        if !plan.removals.isEmpty { try await lanes.remove(plan.removals) }
        if !plan.agents.isEmpty {
            let agents = Array(plan.agents.values)
            for (agent, placement) in zip(agents, try await lanes.setAgents(agents)) where placement.mayTakeMore {
                found.agents.insert(agent.id)
            }
        }
        var claims = plan.claims
        let stages =
            try await lanes.confirm(plan.offered.map(\.held)) + (try await lanes.accept(plan.accepted.map(\.held)))
        // What Redis does not know with the agent it has lost, or the agent has given it back since.
        for (step, stage) in zip(plan.offered + plan.accepted, stages) where stage == nil {
            if let entry = step.entry { claims.append(Reservation(agent: step.held.agent, entry: entry)) }
        }
        for trigger in try await SettleReservations(lanes: lanes, queries: queries).claim(claims, at: now) {
            switch trigger {
            case .lane(let lane): found.lanes.insert(lane)
            case .agent(let agent): found.agents.insert(agent)
            case .limited(let endpoint): found.limited.insert(endpoint)
            }
        }
        for miss in plan.missed {
            try await lanes.passOver(item: miss.item, agent: miss.agent, until: now + Self.passOverFor, now: now)
        }
        for (release, answer) in zip(plan.releases, try await lanes.release(plan.releases)) where answer.mayTakeMore {
            found.agents.insert(release.held.agent)
        }
        let entries = Array(plan.additions.values)
        if !entries.isEmpty {
            found.lanes.formUnion(try await lanes.add(entries).lanesToMatch)
            for entry in entries where snapshot.endpoints[entry.lane.endpoint]?.limit != nil {
                found.limited.insert(entry.lane.endpoint)
            }
        }
        return found
    }

    /// The operations of many commits, in the order in which they must reach Redis.
    struct Plan {
        let snapshot: TenantSnapshot
        let now: Instant
        var removals: [LaneEntry] = []
        var additions: [UUID: LaneEntry] = [:]
        var releases: [Release] = []
        /// What came to agents otherwise than by a pick.
        var claims: [Reservation] = []
        var offered: [(held: AgentItem, entry: LaneEntry?)] = []
        var accepted: [(held: AgentItem, entry: LaneEntry?)] = []
        var missed: [AgentItem] = []
        var agents: [Int32: LaneAgent] = [:]

        init(snapshot: TenantSnapshot, now: Instant) {
            self.snapshot = snapshot
            self.now = now
        }

        mutating func add(_ work: LaneWork) {
            switch work {
            case .entered(let items, _):
                for item in items { additions[item.id] = item.queuedEntry }
            case .changed(let changes, let rows, _):
                for row in rows { agents[row.id] = LaneAgent(row: row, in: snapshot) }
                for change in changes { add(change) }
            }
        }

        private mutating func add(_ change: WorkItemChange) {
            let (before, after) = (change.before, change.after)
            if let entry = before.queuedEntry {
                // What was picked has left its lane already.
                if change.pick == nil { removals.append(entry) }
                additions[before.id] = nil
            }
            if let entry = after.queuedEntry { additions[after.id] = entry }
            let formerAgent = before.isOut ? before.assignee : nil
            let presentAgent = after.isOut ? after.assignee : nil
            if let formerAgent, formerAgent != presentAgent {
                let held = AgentItem(agent: formerAgent, item: before.id, at: after.revision)
                releases.append(Release(held, idle: .since(after.updatedAt)))
                if change.action == .miss || change.action == .decline { missed.append(held) }
            }
            guard let presentAgent else { return }
            let step = (AgentItem(agent: presentAgent, item: after.id, at: after.revision), after.heldEntry)
            switch (change.pick == nil, after.status) {
            case (false, .offered): offered.append(step)
            case (false, _): accepted.append(step)
            case (true, _) where formerAgent != presentAgent:
                if let entry = after.heldEntry { claims.append(Reservation(agent: presentAgent, entry: entry)) }
            case (true, .assigned) where before.status == .offered: accepted.append(step)
            default: break
            }
        }
    }
}

extension WorkItem {
    /// The item's place in its lane, whether or not it is queued.
    var entry: LaneEntry? {
        guard let lane, let anchor else { return nil }
        return LaneEntry(
            lane: lane, anchor: anchor, member: LaneMember(arrival: arrival, item: id, revision: revision))
    }

    /// Its place as Redis knows it in its agent's hands: at the revision that waited, one before the offer, or at the
    /// present one. The item was with the agent from that revision, or the one behind it, until now.
    var heldEntry: LaneEntry? {
        guard var entry else { return nil }
        if status == .offered, let offerRevision {
            entry.member = LaneMember(arrival: arrival, item: id, revision: offerRevision - 1)
        }
        return entry
    }

    /// The place that Redis must know: an item is in a lane if and only if PostgreSQL says `queued` at that revision.
    var queuedEntry: LaneEntry? { status == .queued ? entry : nil }
}

extension WorkItemChange {
    /// Whether Redis has to be told.
    var touchesLanes: Bool {
        before.status == .queued || after.status == .queued || before.isOut || after.isOut
    }
}

extension LaneAgent {
    /// An agent's row with what the configuration says; an agent who is no longer configured takes nothing.
    init(row: AgentRow, in snapshot: TenantSnapshot) {
        let settings = snapshot.agents[row.id]
        self.init(
            id: row.id, profile: AgentProfile(endpoints: settings?.endpoints ?? [], skills: settings?.skills ?? []),
            capacity: settings?.capacity ?? 0,
            readiness: settings == nil ? .offline : AgentReadiness(rawValue: row.state.rawValue) ?? .offline,
            // A new configuration counts as a later revision of the row.
            revision: Int64(snapshot.version) << 32 | Int64(row.revision), idleSince: row.idleSince.milliseconds)
    }

    /// The first revision that no agent can have by this configuration.
    static func firstRevision(after snapshot: TenantSnapshot) -> Int64 { Int64(snapshot.version + 1) << 32 }
}
