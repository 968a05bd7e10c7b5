/// What an agent is at: a row of `agent_fact`. Instants are milliseconds since 1970.
package struct AgentState: Sendable, Hashable {
    /// The agent's declared state.
    package enum Declared: String, Sendable { case ready, notReady, offline }

    package var agent: Int32
    package var declared: Declared = .offline
    /// How many items are assigned.
    package var items: Int32 = 0
    /// The time of the last change, never before the one before that.
    package var effectiveAt: Int64
    /// Up to here time has been counted.
    package var countedThrough: Int64
    package var revision: Int32 = 0

    /// An agent; offline with nothing assigned unless said otherwise.
    package init(
        agent: Int32, declared: Declared = .offline, items: Int32 = 0, effectiveAt: Int64, countedThrough: Int64,
        revision: Int32 = 0
    ) {
        self.agent = agent
        self.declared = declared
        self.items = items
        self.effectiveAt = effectiveAt
        self.countedThrough = countedThrough
        self.revision = revision
    }

    /// What its time goes to; nil while it is offline with nothing assigned.
    package var use: AgentMeasure? {
        if items > 0 { return .busy }
        switch declared {
        case .ready: return .idle
        case .notReady: return .away
        case .offline: return nil
        }
    }
}

/// Counts what agents' time goes to. An agent with an item assigned is busy, whatever else it declares.
package struct FoldAgent: Sendable {
    /// Up to here time is counted for every agent.
    package var sweptThrough: Int64

    package init(sweptThrough: Int64 = .min) { self.sweptThrough = sweptThrough }

    /// Something changes at an instant, or at that of the change before when a clock was behind.
    package func change(
        _ state: inout AgentState, at instant: Int64, _ contributions: inout Contributions,
        _ body: (inout AgentState) -> Void
    ) {
        let time = max(instant, state.effectiveAt)
        passTime(&state, through: time, &contributions)
        body(&state)
        state.effectiveAt = time
        passTime(&state, through: max(time, sweptThrough), &contributions)
    }

    /// Counts up to an instant, or takes back what had been counted beyond it.
    package func passTime(_ state: inout AgentState, through instant: Int64, _ contributions: inout Contributions) {
        defer { state.countedThrough = instant }
        guard let use = state.use, instant != state.countedThrough else { return }
        let (from, to) = (min(instant, state.countedThrough), max(instant, state.countedThrough))
        let sign: Int64 = instant > state.countedThrough ? 1 : -1
        var start = from
        while start < to {
            let end = min(to, Intervals.start(of: start) + Intervals.quarter)
            var measures = Measures()
            measures[use.rawValue] = sign * (end - start)
            measures[AgentMeasure.item.rawValue] = sign * (end - start) * Int64(state.items)
            contributions.add(measures, to: .agent, [state.agent, 0, 0, 0, 0, 0, 0, 0], at: start)
            start = end
        }
    }
}

/// A step of an agent: a row of `agent_event_fact`.
package struct AgentStep: Sendable {
    package var position: Int64
    package var at: Int64
    package var agent: Int32
    package var revision: Int32
    package var from: String
    package var to: String
    package var actorKind: String
    package var actor: String
    package var reason: String?
}
