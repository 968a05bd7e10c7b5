import Coordination
import Domain
import Foundation
import Logging
import ServiceKit

/// Offers on their way to the agents who wait for them, here or on another instance.
extension TenantRuntime {
    private var channel: String { "\(dependencies.redisPrefix)offers:\(tenant)" }
    /// Stands among the agents of a message that tells of news for the email service.
    private static let mail: Substring = "mail"

    /// After a commit: its items' lanes, the relay, and who waits.
    func after(_ work: LaneWork) {
        postLaneWork(work)
        committed.raise()
    }

    func announceOffers(in changes: [WorkItemChange]) {
        let snapshot = snapshot
        var gone: [(agent: Int32, id: OfferId)] = []
        var ended: [(agent: Int32, id: OfferId)] = []
        for change in changes {
            guard let agent = change.before.assignee, let offer = change.before.offerId, change.after.offerId != offer
            else { continue }
            gone.append((agent, offer))
            // Who answers knows it; the next look tidies up.
            if !change.isAnswer(of: agent, in: snapshot) { ended.append((agent, offer)) }
        }
        let offers = changes.filter { $0.after.status == .offered && $0.before.status != .offered }.map(\.after)
        waiting.offered(offers)
        waiting.gone(gone)
        waiting.ended(ended)
        let agents = Set(offers.compactMap(\.assignee)).union(ended.map(\.agent))
        if !agents.isEmpty { announcements.post(agents.map(String.init).joined(separator: ",")) }
    }

    /// The email service may have something to do: whoever waits for that looks, here and on other instances.
    func announceMail() {
        mailNews.ring()
        announcements.post(String(Self.mail))
    }

    /// Tells other instances, and hears from them; with a look every second behind it for messages that were lost.
    func watchOffers() async {
        let notices = dependencies.subscriber.subscribe(channel)
        await withDiscardingTaskGroup { group in
            group.addTask {
                for await notice in notices {
                    guard case .message(let bytes) = notice else { continue }
                    let words = String(decoding: bytes, as: UTF8.self).split(
                        separator: ",", omittingEmptySubsequences: false)
                    // What was done here is known here.
                    guard let instance = words.first, instance != self.dependencies.instance else { continue }
                    if words.dropFirst().contains(Self.mail) { self.mailNews.ring() }
                    let agents = Set(words.dropFirst().compactMap { Int32($0) })
                    await self.deliver(to: self.waiting.announced(agents))
                }
            }
            group.addTask {
                await repeating("look for offers", logger: self.logger) {
                    try await Task.sleep(for: .seconds(1))
                    self.waiting.tidy()
                    let agents = self.waiting.agents
                    guard !agents.isEmpty else { return .zero }
                    let standing = try await self.queries.standingOffers(for: agents)
                    await self.deliver(to: self.waiting.surprised(by: standing, among: agents))
                    return .zero
                }
            }
            group.addTask { await self.announcements.run() }
        }
    }

    func publishAnnouncement(_ agents: [String]) async throws {
        let message = ([dependencies.instance] + agents).joined(separator: ",")
        try await dependencies.redis.command(["PUBLISH", .string(channel), .string(message)])
    }

    private func deliver(to agents: Set<Int32>) async {
        guard !agents.isEmpty else { return }
        do {
            waiting.standing(try await queries.offers(for: Array(agents)), for: agents)
        } catch {
            logger.debug("offers not read", metadata: ["error": "\(error)"])
        }
    }

    /// Signs of life go to Redis once a second, for all agents together.
    func keepPresence() async {
        await repeating("presence", logger: logger) {
            try await Task.sleep(for: .seconds(1))
            for agent in self.waiting.agents { self.presence.note(agent) }
            try await self.lanes.noteSeen(Array(self.presence.takeAll()), at: .now)
            return .zero
        }
    }
}

extension WorkItemChange {
    /// Whether it is an answer that the agent gave to an offer; one that somebody else gave for the agent is none.
    fileprivate func isAnswer(of agent: Int32, in snapshot: TenantSnapshot) -> Bool {
        (action == .accept || action == .decline) && actor.kind == .agent && actor.id == snapshot.agents[agent]?.key
    }
}
