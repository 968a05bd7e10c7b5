import Domain

/// Offers: made by distribution, answered by agents, ended by time, recall or absence.
extension CommandDesk {
    mutating func offer(_ pick: PickedOffer, _ item: WorkItem, _ actor: Actor) -> CommandDecision {
        guard item.status == .queued, item.revision == pick.member.revision else {
            return .refused(Refusal(.revisionMismatch, "The item is not queued at revision \(pick.member.revision)."))
        }
        if let refusal = refusalToTake(item, by: pick.agent) { return .refused(refusal) }
        // Redis may not have heard of a new configuration yet.
        if let refusal = refusalToServe(item, by: pick.agent) { return .refused(refusal) }
        // Who asks for the next item is there, whatever state was declared.
        guard let row = agents[pick.agent], row.state == .ready || pick.pulled else {
            return .refused(Refusal(.agentNotReady, "The agent is not ready."))
        }
        if let endpoint = item.endpoint, let limit = snapshot.endpoints[endpoint]?.limit,
            (endpointLoads[endpoint] ?? 0) >= limit
        {
            return .refused(Refusal(.endpointFull, "The endpoint has its limit of \(limit) items out."))
        }
        let acceptWithin = item.endpoint.flatMap { snapshot.endpoints[$0]?.acceptWithin } ?? 30_000
        let now = now
        agents.take(item.weight, by: pick.agent)
        if let endpoint = item.endpoint { endpointLoads[endpoint]? += 1 }
        var decision = change(item, pick.pulled ? .pull : .offer, actor) {
            $0.assignee = pick.agent
            $0.offeredAt = now
            $0.missedBy = nil
            guard !pick.pulled else { return }
            $0.offerRevision = $0.revision
            $0.deadline = now + acceptWithin
        }
        if case .changed(var change) = decision {
            change.pick = pick
            decision = .changed(change)
        } else {
            agents.giveBack(item.weight, from: pick.agent, at: now)
        }
        return decision
    }

    mutating func accept(_ offer: OfferId, _ item: WorkItem, _ actor: Actor) -> CommandDecision {
        guard item.status == .offered, item.offerRevision == offer.revision else {
            // A repeat of the answer that took effect: the revision after the offer assigned the item.
            if item.status == .assigned, item.revision == offer.revision + 1, item.offeredAt != nil {
                return .unchanged
            }
            return .refused(Refusal(.offerGone, "This offer no longer stands."))
        }
        if let agent = item.assignee { agents.answeredOffer(agent) }
        return change(item, .accept, actor)
    }

    mutating func decline(_ offer: OfferId, _ reason: String?, _ item: WorkItem, _ actor: Actor) -> CommandDecision {
        guard item.status == .offered, item.offerRevision == offer.revision, let agent = item.assignee else {
            if item.missedBy != nil, item.revision == offer.revision + 1 { return .unchanged }
            return .refused(Refusal(.offerGone, "This offer no longer stands."))
        }
        agents.answeredOffer(agent)
        return returnToQueue(item, .decline, actor) {
            $0.missedBy = agent
            $0.reason = reason
        }
    }

    /// - Parameter reason: what it makes way for. The event tells it; the item keeps what people said of it last.
    mutating func recall(_ revision: Int32, _ reason: String?, _ item: WorkItem, _ actor: Actor) -> CommandDecision {
        guard item.status == .offered, item.offerRevision == revision else { return .unchanged }
        let decision = returnToQueue(item, .recall, actor)
        guard case .changed(var change) = decision, change.reason == nil else { return decision }
        change.reason = reason
        return .changed(change)
    }

    /// The offer's deadline has passed: back to its rank, and the agent may be set not ready.
    mutating func miss(_ item: WorkItem) -> CommandDecision {
        guard let agent = item.assignee else { return .unchanged }
        let decision = returnToQueue(item, .miss, .timer) { $0.missedBy = agent }
        let limit = item.endpoint.flatMap { snapshot.endpoints[$0]?.missedOffersUntilNotReady }
        agents.missedOffer(agent, limit: limit, at: now)
        return decision
    }

    mutating func withdraw(_ agent: Int32, _ evenAssigned: Bool, _ item: WorkItem, _ actor: Actor) -> CommandDecision {
        guard item.assignee == agent, item.status == .offered || evenAssigned && item.status == .assigned else {
            return .unchanged
        }
        return returnToQueue(item, .withdraw, actor)
    }

    /// Why distribution could never give `item` to `agent`, by what the configuration says of both.
    func refusalToServe(_ item: WorkItem, by agent: Int32) -> Refusal? {
        guard let settings = snapshot.agents[agent] else {
            return Refusal(.unknownReference, "The configuration has no such agent.")
        }
        var missing = item.skills.filter { !settings.skills.contains($0) }.map { "skill \(name(of: .skill, $0))" }
        if let endpoint = item.endpoint, !settings.endpoints.contains(endpoint) {
            missing.append("endpoint \(name(of: .endpoint, endpoint))")
        }
        if settings.capacity < item.weight {
            missing.append("capacity \(item.weight) (the agent has \(settings.capacity))")
        }
        guard !missing.isEmpty else { return nil }
        return Refusal(
            .unable, "Agent \(settings.key) cannot take this item; missing: \(missing.joined(separator: ", ")).")
    }

    private func name(of kind: ConfigurationNames.Kind, _ id: Int32) -> String {
        snapshot.names.name(of: kind, id) ?? String(id)
    }

    /// Why `agent` cannot take `item`, whoever decided so.
    func refusalToTake(_ item: WorkItem, by agent: Int32) -> Refusal? {
        guard let settings = snapshot.agents[agent], let row = agents[agent] else {
            return Refusal(.unknownReference, "The configuration has no such agent.")
        }
        let ownLoad = item.isOut && item.assignee == agent ? item.weight : 0
        guard row.load - ownLoad + item.weight <= settings.capacity else {
            return Refusal(
                .overCapacity, "Agent \(settings.key) has \(row.load) of \(settings.capacity) capacity in use.")
        }
        return nil
    }
}
