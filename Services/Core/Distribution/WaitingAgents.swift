import Domain
import Foundation
import Synchronization

/// The long polls and streams of agents who wait for offers on this instance.
///
/// An offer made here reaches its agent directly; one made by another instance by a message through Redis;
/// and should that be lost, a look into PostgreSQL every second for all waiting agents together. The look also finds the
/// offers that ended elsewhere.
final class WaitingAgents: Sendable {
    private struct Waiter {
        let id: UInt64
        let known: Set<OfferId>
        let watched: Set<OfferId>
        let resume: @Sendable ([WorkItem]?) -> Void

        func new(among offers: [WorkItem]) -> [WorkItem] {
            offers.filter { $0.offerId.map { !known.contains($0) } ?? false }
        }
    }
    private struct State {
        var waiters: [Int32: [Waiter]] = [:]
        var nextId: UInt64 = 0
        var closed = false
    }
    private let state = Mutex(State())

    /// Agents who wait at this moment.
    var agents: [Int32] { state.withLock { Array($0.waiters.keys) } }

    /// Waits for an offer that is not among `known`, or for the end of one that is `watched`, at most so long.
    /// - Returns: the offers that came, none when a watched one may have ended; nil when the time passed without either,
    ///   or the service stops.
    func wait(
        for agent: Int32, knowing known: Set<OfferId>, watching watched: Set<OfferId> = [], atMost time: Duration
    ) async -> [WorkItem]? {
        let id = state.withLock { state in
            state.nextId += 1
            return state.nextId
        }
        return await withTaskGroup(of: [WorkItem]?.self) { group in
            group.addTask {
                await withTaskCancellationHandler {
                    await withCheckedContinuation { continuation in
                        let waiter = Waiter(id: id, known: known, watched: watched) {
                            continuation.resume(returning: $0)
                        }
                        let accepted = self.state.withLock { state in
                            if state.closed || Task.isCancelled { return false }
                            state.waiters[agent, default: []].append(waiter)
                            return true
                        }
                        if !accepted { waiter.resume(nil) }
                    }
                } onCancel: {
                    self.remove(id, of: agent)?.resume(nil)
                }
            }
            group.addTask {
                try? await Task.sleep(for: time)
                return nil
            }
            let first = await group.next() ?? nil
            group.cancelAll()
            // An offer that arrives in the same moment as the time-out is seen by the next poll.
            return first
        }
    }

    /// Offers that were made: who waits for one that is new to them is answered.
    func offered(_ items: [WorkItem]) {
        for (agent, offers) in Self.byAgent(items) {
            answer(agent) { waiter in
                let new = waiter.new(among: offers)
                return new.isEmpty ? nil : new
            }
        }
    }

    /// All offers that stand for these agents: who waits for a new one, or watches one that is not among them, is answered.
    func standing(_ items: [WorkItem], for agents: Set<Int32>) {
        let byAgent = Self.byAgent(items)
        for agent in agents {
            let offers = byAgent[agent] ?? []
            let ids = Set(offers.compactMap(\.offerId))
            answer(agent) { waiter in
                let new = waiter.new(among: offers)
                return new.isEmpty && waiter.watched.isSubset(of: ids) ? nil : new
            }
        }
    }

    /// Offers that ended: who watches one of them is answered.
    func ended(_ offers: [(agent: Int32, id: OfferId)]) {
        for offer in offers {
            answer(offer.agent) { $0.watched.contains(offer.id) ? [] : nil }
        }
    }

    private static func byAgent(_ items: [WorkItem]) -> [Int32: [WorkItem]] {
        var byAgent: [Int32: [WorkItem]] = [:]
        for item in items where item.status == .offered {
            if let agent = item.assignee { byAgent[agent, default: []].append(item) }
        }
        return byAgent
    }

    /// Ends the waits of an agent for which there is an answer.
    private func answer(_ agent: Int32, with answer: (Waiter) -> [WorkItem]?) {
        let answered = state.withLock { state -> [(Waiter, [WorkItem])] in
            var answered: [(Waiter, [WorkItem])] = []
            state.waiters[agent]?.removeAll { waiter in
                guard let items = answer(waiter) else { return false }
                answered.append((waiter, items))
                return true
            }
            if state.waiters[agent]?.isEmpty == true { state.waiters[agent] = nil }
            return answered
        }
        for (waiter, items) in answered { waiter.resume(items) }
    }

    /// Ends all waits; later ones end at once.
    func close() {
        let waiters = state.withLock { state in
            state.closed = true
            defer { state.waiters = [:] }
            return state.waiters.values.flatMap { $0 }
        }
        for waiter in waiters { waiter.resume(nil) }
    }

    private func remove(_ id: UInt64, of agent: Int32) -> Waiter? {
        state.withLock { state in
            guard let index = state.waiters[agent]?.firstIndex(where: { $0.id == id }) else { return nil }
            let waiter = state.waiters[agent]?.remove(at: index)
            if state.waiters[agent]?.isEmpty == true { state.waiters[agent] = nil }
            return waiter
        }
    }
}
