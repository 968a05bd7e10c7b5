import Domain

/// The state that agents declare.
package enum AgentState: String, Sendable, CaseIterable { case ready, notReady, offline }

/// An agent's row in PostgreSQL, which decides capacity.
package struct AgentRow: Sendable, Equatable {
    package var id: Int32
    package var state: AgentState
    package var stateSince: Instant
    /// Since when the agent has had free capacity without being offered anything.
    package var idleSince: Instant
    /// Capacity units of the items offered and assigned.
    package var load: Int32
    /// Offers missed in a row.
    package var missed: Int32
    package var revision: Int32

    package init(
        id: Int32, state: AgentState = .offline, stateSince: Instant = Instant(milliseconds: 0),
        idleSince: Instant = Instant(milliseconds: 0), load: Int32 = 0, missed: Int32 = 0, revision: Int32 = 0
    ) {
        self.id = id
        self.state = state
        self.stateSince = stateSince
        self.idleSince = idleSince
        self.load = load
        self.missed = missed
        self.revision = revision
    }
}

/// The agents' rows locked by a transaction, and what it does to them.
package struct AgentLedger: Sendable {
    private var rows: [Int32: AgentRow]
    private(set) var changed: Set<Int32> = []
    /// Agents whose declared state changed, with why: each becomes an event.
    package private(set) var stateChanges: [(agent: AgentRow, from: AgentState, actor: Actor, reason: String?)] = []

    package init(_ rows: [AgentRow]) {
        self.rows = Dictionary(rows.map { ($0.id, $0) }, uniquingKeysWith: { $1 })
    }

    package subscript(agent: Int32) -> AgentRow? { rows[agent] }

    var changedRows: [AgentRow] { changed.sorted().compactMap { rows[$0] } }

    mutating func take(_ weight: Int32, by agent: Int32) {
        rows[agent]?.load += weight
        changed.insert(agent)
    }

    mutating func giveBack(_ weight: Int32, from agent: Int32, at now: Instant) {
        guard var row = rows[agent] else { return }
        row.load = max(0, row.load - weight)
        row.idleSince = now
        rows[agent] = row
        changed.insert(agent)
    }

    mutating func missedOffer(_ agent: Int32, limit: Int32?, at now: Instant) {
        guard var row = rows[agent] else { return }
        row.missed += 1
        rows[agent] = row
        changed.insert(agent)
        if let limit, row.missed >= limit, row.state == .ready {
            setState(.notReady, of: agent, at: now, actor: .distribution, reason: "missed \(row.missed) offers")
        }
    }

    mutating func answeredOffer(_ agent: Int32) {
        guard let row = rows[agent], row.missed > 0 else { return }
        rows[agent]?.missed = 0
        changed.insert(agent)
    }

    mutating func setState(_ state: AgentState, of agent: Int32, at now: Instant, actor: Actor, reason: String?) {
        guard var row = rows[agent], row.state != state else { return }
        let before = row.state
        row.state = state
        row.stateSince = now
        row.missed = 0
        row.revision += 1
        if state == .ready { row.idleSince = now }
        rows[agent] = row
        changed.insert(agent)
        stateChanges.append((row, before, actor, reason))
    }
}
