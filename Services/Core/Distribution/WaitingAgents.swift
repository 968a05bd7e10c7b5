import Domain
import Foundation
import Synchronization

/// The long polls and streams of agents who wait for offers on this instance.
///
/// An offer made here reaches its agent directly; one made by another instance by a message through Redis;
/// and should that be lost, a look into PostgreSQL every second for all waiting agents together. The look also finds the
/// offers that ended elsewhere. Offers of the last moments are kept for agents who are about to wait again: a stream that
/// is writing one offer must not miss the next.
package final class WaitingAgents: Sendable {
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
        var recent: [Int32: [(offer: WorkItem, at: ContinuousClock.Instant)]] = [:]
        /// When other instances last told of an agent's offers.
        var announced: [Int32: ContinuousClock.Instant] = [:]

        mutating func forget(
            _ agent: Int32, where isGone: (_ offer: WorkItem, _ at: ContinuousClock.Instant) -> Bool
        ) {
            recent[agent]?.removeAll { isGone($0.offer, $0.at) }
            if recent[agent]?.isEmpty == true { recent[agent] = nil }
        }
    }
    private let state = Mutex(State())
    /// Longer than it takes an agent's stream to write what it has; the look comes every second anyway.
    private static let recently = Duration.seconds(2)

    /// Nobody waits.
    package init() {}

    /// Agents who wait at this moment.
    var agents: [Int32] { state.withLock { Array($0.waiters.keys) } }

    /// Waits for an offer that is not among `known`, or for the end of one that is `watched`, at most so long.
    /// - Parameter since: when the caller began to read what it knows: an offer that was made after that counts.
    /// - Returns: the offers that came, none when the caller has to look, since a watched one may have ended or another
    ///   instance told of one; nil when the time passed without either,
    ///   or the service stops.
    package func wait(
        for agent: Int32, knowing known: Set<OfferId>, watching watched: Set<OfferId> = [],
        since: ContinuousClock.Instant, atMost time: Duration
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
                        let now = self.state.withLock { state -> [WorkItem]?? in
                            if state.closed || Task.isCancelled { return .some(nil) }
                            let recent = state.recent[agent]?.filter { $0.at >= since } ?? []
                            let missed = waiter.new(among: recent.map(\.offer))
                            if !missed.isEmpty { return missed }
                            if let told = state.announced[agent], told >= since { return [] }
                            state.waiters[agent, default: []].append(waiter)
                            return nil
                        }
                        if let now { waiter.resume(now) }
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
    package func offered(_ items: [WorkItem]) {
        let now = ContinuousClock.now
        for (agent, offers) in Self.byAgent(items) {
            state.withLock { $0.recent[agent, default: []] += offers.map { ($0, now) } }
            answer(agent) { waiter in
                let new = waiter.new(among: offers)
                return new.isEmpty ? nil : new
            }
        }
    }

    /// Of these agents, those of whom somebody waits who does not know all that stands, or watches one that does not.
    func surprised(by standing: [Int32: Set<OfferId>], among agents: [Int32]) -> Set<Int32> {
        state.withLock { state in
            Set(
                agents.filter { agent in
                    let ids = standing[agent] ?? []
                    return state.waiters[agent]?.contains {
                        !ids.isSubset(of: $0.known) || !$0.watched.isSubset(of: ids)
                    } == true
                })
        }
    }

    /// Another instance has made or ended offers of these agents.
    /// - Returns: those of them who wait here.
    package func announced(_ agents: Set<Int32>) -> Set<Int32> {
        let now = ContinuousClock.now
        return state.withLock { state in
            for agent in agents { state.announced[agent] = now }
            return agents.filter { state.waiters[$0] != nil }
        }
    }

    /// Forgets what is no longer recent.
    func tidy() {
        let end = ContinuousClock.now - Self.recently
        state.withLock { state in
            for agent in state.recent.keys { state.forget(agent) { $1 < end } }
            state.announced = state.announced.filter { $0.value >= end }
        }
    }

    /// Offers that no longer stand, however they ended: who waits later is not told of them.
    package func gone(_ offers: [(agent: Int32, id: OfferId)]) {
        state.withLock { state in
            for offer in offers { state.forget(offer.agent) { item, _ in item.offerId == offer.id } }
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
    package func ended(_ offers: [(agent: Int32, id: OfferId)]) {
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
