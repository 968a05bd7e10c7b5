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
        var refused: [AgentItem] = []
        var queued: Set<UUID> = []
        for reservation in reservations {
            let id = reservation.entry.member.item
            let held = AgentItem(agent: reservation.agent, item: id)
            if let item = items[id], item.isOut, item.assignee == reservation.agent {
                _ = item.status == .offered ? try await lanes.confirm([held]) : try await lanes.accept([held])
                continue
            }
            refused.append(held)
            if items[id]?.queuedEntry?.member == reservation.entry.member {
                queued.insert(id)
                outcome.triggers.append(.lane(reservation.entry.lane))
            }
        }
        for (held, released) in zip(refused, try await lanes.refuse(refused, queued: queued)) where released.mayTakeMore
        {
            outcome.triggers.append(.agent(held.agent))
        }
        outcome.anyReturned = !queued.isEmpty
        return outcome
    }
}
