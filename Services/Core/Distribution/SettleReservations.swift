import Domain
import Foundation

/// Ends reservations by what PostgreSQL says of their items: those out with the agent are so in Redis too, those still
/// queued return to their lanes, of the others only the claim goes.
///
/// The reservation stays until the one step that also puts the item back: whoever dies on the way leaves it for the sweep.
struct SettleReservations: Sendable {
    let lanes: LaneStore
    let queries: WorkItemQueries

    /// What became of them.
    struct Outcome: Sendable {
        /// Lanes and agents at which to look.
        var triggers: [LookTrigger] = []
        /// Whether one of them is queued as it was reserved.
        var anyReturned = false
    }

    func perform(_ reservations: [Reservation]) async throws -> Outcome {
        var outcome = Outcome()
        guard !reservations.isEmpty else { return outcome }
        var items: [UUID: WorkItem] = [:]
        for item in try await queries.items(reservations.map(\.entry.member.item)) { items[item.id] = item }
        var offered: [AgentItem] = []
        var accepted: [AgentItem] = []
        var refused: [AgentItem] = []
        var queued: Set<UUID> = []
        for reservation in reservations {
            let member = reservation.entry.member
            if let item = items[member.item], item.isOut, item.assignee == reservation.agent {
                let held = AgentItem(agent: reservation.agent, item: item.id, at: item.revision)
                if item.status == .offered { offered.append(held) } else { accepted.append(held) }
                continue
            }
            refused.append(AgentItem(agent: reservation.agent, item: member.item, at: member.revision + 1))
            if items[member.item]?.queuedEntry?.member == member {
                queued.insert(member.item)
                outcome.triggers.append(.lane(reservation.entry.lane))
            }
        }
        try await lanes.confirm(offered)
        try await lanes.accept(accepted)
        for (held, released) in zip(refused, try await lanes.refuse(refused, queued: queued)) where released.mayTakeMore
        {
            outcome.triggers.append(.agent(held.agent))
        }
        outcome.anyReturned = !queued.isEmpty
        return outcome
    }

    /// Reserves what agents have otherwise than by a pick, and then lets PostgreSQL say whether they still do.
    ///
    /// Asked in this order, since what an agent gives back afterwards reaches Redis after the reservation: no item that
    /// has gone can stay with its agent, however late this comes.
    /// - Returns: lanes and agents at which to look.
    func claim(_ reservations: [Reservation], at now: Instant) async throws -> [LookTrigger] {
        var triggers: [LookTrigger] = []
        for chunk in reservations.chunks(of: 500) {
            try await lanes.reserve(Array(chunk), deadline: now + DistributeWork.reservationTime)
            triggers += try await perform(Array(chunk)).triggers
        }
        return triggers
    }
}
