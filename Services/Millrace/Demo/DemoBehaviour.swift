import Domain
import Synchronization

/// Agents who work on the incidents as their routes say, and hand them on as the log has it. Now and then one declines, or
/// has left the desk.
final class DemoBehaviour: AgentBehaviour {
    private struct State {
        var position: [String: Int] = [:]
    }
    private let routes: [String: DemoRoute]
    private let declineRate = 0.02
    private let missRate = 0.002
    /// Nobody leaves the desk so shortly before the end that the offer would still be open then.
    private let missesUntil: ContinuousClock.Instant
    private let state = Mutex(State())
    private let mail: DemoMailDesk?

    init(routes: [DemoRoute], missesUntil: ContinuousClock.Instant, mail: DemoMailDesk?) {
        self.mail = mail
        self.routes = Dictionary(routes.map { ($0.journey.captureId, $0) }, uniquingKeysWith: { first, _ in first })
        self.missesUntil = missesUntil
    }

    func choice(for item: OfferedItem) -> OfferChoice {
        let chance = Double.random(in: 0..<1)
        let mayMiss = ContinuousClock.now < missesUntil
        if mayMiss, chance < missRate { return .ignore }
        return chance < (missRate + declineRate) ? .decline : .accept
    }

    func plan(for item: OfferedItem) -> WorkPlan {
        if answers(item) { return WorkPlan(handling: .milliseconds(Int64.random(in: 300...1500))) }
        // What was there before the demonstration is worked off on the side.
        guard let route = routes[item.captureId] else { return WorkPlan(handling: .milliseconds(100)) }
        let index = state.withLock { state in
            let index = state.position[item.captureId] ?? 0
            state.position[item.captureId] = index + 1
            return min(index, route.steps.count - 1)
        }
        let handling = Duration.milliseconds(Int64(route.steps[index].work * 1000))
        guard index + 1 < route.steps.count else { return WorkPlan(handling: handling) }
        let next = route.steps[index + 1]
        return WorkPlan(
            handling: handling, ending: .transfer(endpoint: next.endpoint, reason: "handed to team \(next.team)"))
    }

    func conclude(_ item: OfferedItem, by agent: String) async {
        if answers(item) { await mail?.answer(item, by: agent) }
    }

    private func answers(_ item: OfferedItem) -> Bool {
        mail != nil && item.attributes["channel"]?.stringValue == "email"
    }
}
