import Domain
import Foundation
import Logging

/// Where distribution should look.
enum LookTrigger: Sendable, Hashable {
    /// Work arrived here and somebody able has room.
    case lane(LaneKey)
    /// This agent has room.
    case agent(Int32)
    /// Work arrived at an endpoint that has a limit.
    case limited(Int32)
}

/// Distribution: hands the best-ranked item to the agent who has been idle longest.
///
/// Redis picks and reserves in one script; PostgreSQL confirms or refuses; a refusal gives the claim back and nothing else.
struct DistributeWork: Sendable {
    let lanes: LaneStore
    let queries: WorkItemQueries
    let changes: BatchQueue<ChangeRequest, ChangeOutcome>
    /// A reservation that PostgreSQL has not answered by then is looked into by the sweep.
    static let reservationTime: Int64 = 5_000

    /// - Returns: where to look again.
    func look(_ triggers: [LookTrigger], in snapshot: TenantSnapshot, at now: Instant) async throws -> Set<LookTrigger>
    {
        let moment = LaneMoment(snapshot: snapshot, now: now)
        let deadline = now + Self.reservationTime
        var laneKeys: Set<LaneKey> = []
        var agents: Set<Int32> = []
        var endpoints: Set<Int32> = []
        for trigger in triggers {
            switch trigger {
            case .lane(let lane): laneKeys.insert(lane)
            case .agent(let agent): agents.insert(agent)
            case .limited(let endpoint): endpoints.insert(endpoint)
            }
        }
        var again: Set<LookTrigger> = []
        var picks: [LanePick] = []
        // Each is a script of its own; together they travel in one pipeline.
        try await withThrowingTaskGroup(of: (Int32, PickAnswer).self) { group in
            for agent in agents {
                group.addTask { (agent, try await lanes.pick(agent: agent, at: moment, deadline: deadline)) }
            }
            for try await (agent, answer) in group {
                picks += answer.picks
                if answer.ends.first == .more { again.insert(.agent(agent)) }
            }
        }
        for chunk in Array(laneKeys).chunks(of: 100) {
            let answer = try await lanes.match(lanes: Array(chunk), at: moment, deadline: deadline)
            picks += answer.picks
            for (lane, end) in zip(chunk, answer.ends) {
                if end == .more { again.insert(.lane(lane)) }
                if end == .limit { endpoints.insert(lane.endpoint) }
            }
        }
        again.formUnion(try await offer(picks, pulled: false, in: snapshot).settled.triggers)
        for endpoint in endpoints {
            if let lane = try await recall(endpoint, at: moment, in: snapshot) { again.insert(.lane(lane)) }
        }
        return again
    }

    /// `next`: the agent asks and gets the best item at once, without an offer.
    /// - Parameter answerKey: keeps the answer for repeats; one that comes while the first is under way gets it too.
    /// - Returns: what the agent got, nil when nothing, and where to look again.
    func pull(
        for agent: Int32, answerKey: AnswerKey?, in snapshot: TenantSnapshot, at now: Instant
    ) async throws -> (outcome: ChangeOutcome?, again: Set<LookTrigger>) {
        let moment = LaneMoment(snapshot: snapshot, now: now)
        var again: Set<LookTrigger> = []
        var asked = false
        // An entry may be stale; PostgreSQL says so, and the next one is tried.
        for _ in 0..<16 {
            let answer = try await lanes.pick(
                agent: agent, trigger: .next, at: moment, deadline: now + Self.reservationTime, most: 1)
            if answer.ends.first == .noAgent, answer.picks.isEmpty, !asked {
                // What the agent has just completed may be on its way to Redis.
                asked = true
                try await resync([agent], in: snapshot)
                continue
            }
            guard !answer.picks.isEmpty else { break }
            let outcome = try await offer(answer.picks, pulled: true, answerKey: answerKey, in: snapshot)
            again.formUnion(outcome.settled.triggers)
            if let answer = outcome.answer { return (answer, again) }
            // It was not the entry: the agent is refused, and the next item would be too.
            if outcome.settled.anyReturned { break }
        }
        return (nil, again)
    }

    private func offer(
        _ picks: [LanePick], pulled: Bool, answerKey: AnswerKey? = nil, in snapshot: TenantSnapshot
    ) async throws -> (answer: ChangeOutcome?, settled: SettleReservations.Outcome) {
        let requests = picks.map { pick in
            ChangeRequest(
                reference: .id(pick.entry.member.item),
                command: .offer(
                    PickedOffer(
                        agent: pick.agent, pulled: pulled, member: pick.entry.member,
                        endpoint: pick.entry.lane.endpoint,
                        priority: pick.explanation.chosen.priority, age: pick.explanation.chosen.age,
                        explanation: Explanation.json(of: pick, in: snapshot))),
                actor: .distribution, answerKey: answerKey)
        }
        var answer: ChangeOutcome?
        var refused: [Reservation] = []
        var unable: Set<Int32> = []
        for (pick, result) in zip(picks, await changes.submit(all: requests)) {
            switch result {
            case .success(.changed(let change)): answer = .changed(change)
            case .success(let outcome):
                if case .repeated = outcome { answer = outcome }
                if case .refused(let refusal) = outcome, refusal.concernsAgent { unable.insert(pick.agent) }
                refused.append(Reservation(agent: pick.agent, entry: pick.entry))
            // Not known whether it was committed: the sweep asks PostgreSQL when the reservation is overdue. Who asked
            // for the item is told so, and not given another.
            case .failure(let error): if pulled { throw error }
            }
        }
        // Redis knows less of these agents than PostgreSQL and the configuration: it hears before they are picked again.
        if !unable.isEmpty { try await resync(Array(unable), in: snapshot) }
        return (answer, try await SettleReservations(lanes: lanes, queries: queries).perform(refused))
    }

    private func resync(_ agents: [Int32], in snapshot: TenantSnapshot) async throws {
        _ = try await ResyncAgents(lanes: lanes, queries: queries).perform(agents, in: snapshot, at: .now)
    }

    /// Makes room at an endpoint that is at its limit: the lowest-ranked offer that nobody accepted makes way for a better one.
    private func recall(
        _ endpoint: Int32, at moment: LaneMoment, in snapshot: TenantSnapshot
    ) async throws -> LaneKey? {
        guard let proposal = try await lanes.recall(endpoint: endpoint, at: moment) else { return nil }
        let member = proposal.recalled.entry.member
        // The offer was made one revision after the one that waited.
        let outcome = try await changes.submit(
            ChangeRequest(
                reference: .id(member.item),
                command: .recall(
                    revision: member.revision + 1, reason: Explanation.text(of: proposal, at: endpoint, in: snapshot)),
                actor: .distribution, likelyAgent: proposal.agent))
        guard case .changed = outcome else { return nil }
        return proposal.newcomer.entry.lane
    }
}

extension LaneMoment {
    /// The business time of every calendar version that waiting items may be ranked by.
    init(snapshot: TenantSnapshot, now: Instant) {
        self.init(now: now, business: snapshot.calendars.mapValues { $0.businessTime(at: now) })
    }
}
