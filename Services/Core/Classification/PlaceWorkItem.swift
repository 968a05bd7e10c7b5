import Domain

/// Classification and prioritisation of one item: from attributes to lane.
enum PlaceWorkItem {
    /// Where an item went.
    enum Outcome: Equatable {
        case queued
        case waitingForActivation
        /// Final: no category takes it, or it came too late.
        case rejected(reason: String)
        /// Kept for a person to look at; `resume` tries again.
        case failed(reason: String)
    }

    /// Classifies `item` anew by its attributes and ranks it.
    /// - Parameter arriving: true for an item that comes in: only then can it be too late.
    static func place(
        _ item: inout WorkItem, attributes: JSONObject, arriving: Bool = false, at now: Instant,
        in snapshot: TenantSnapshot
    ) -> Outcome {
        item.configurationVersion = snapshot.version
        let placement = placement(of: &item, attributes: attributes, in: snapshot)
        item.weight = snapshot.weight(ofChannel: item.channel)
        guard let placement else {
            item.category = nil
            return .rejected(reason: "no category takes it")
        }
        if let failure = settle(&item, by: placement, at: now, in: snapshot) {
            return .failed(reason: failure.rawValue)
        }
        if arriving, placement.rejectWhenOverdue, let due = item.due, due <= now {
            return .rejected(reason: "its due date had passed on arrival")
        }
        return item.activation > now ? .waitingForActivation : .queued
    }

    /// Takes a change of content into account while the item is not in the queue: its category and due date are those of the
    /// new content at once. With an agent it keeps endpoint, skills and weight until it returns, since they count against
    /// the agent and the endpoint. What cannot be placed is found again when the item returns.
    static func revise(_ item: inout WorkItem, attributes: JSONObject, at now: Instant, in snapshot: TenantSnapshot) {
        item.configurationVersion = snapshot.version
        let placement = placement(of: &item, attributes: attributes, in: snapshot)
        item.category = placement?.category
        guard let placement else { return }
        guard item.isOut else {
            item.weight = snapshot.weight(ofChannel: item.channel)
            _ = settle(&item, by: placement, at: now, in: snapshot)
            return
        }
        (item.schemaVersion, item.calendarVersion) = (placement.schemaVersion, placement.calendarVersion)
        _ = RankWorkItem.rank(&item, by: placement, in: snapshot)
    }

    /// What the category tree says of the attributes, with the channel. An item whose attributes were erased tells nothing
    /// any more: it keeps category and channel while the configuration has them.
    private static func placement(
        of item: inout WorkItem, attributes: JSONObject, in snapshot: TenantSnapshot
    ) -> Placement? {
        if item.isErased, attributes.isEmpty, let kept = item.category.flatMap({ snapshot.placements[$0] }) {
            return kept
        }
        let placement = snapshot.classify(attributes)
        item.channel = placement?.channel ?? attributes["channel"]?.stringValue
        return placement
    }

    /// Makes an item ready for the queue by the active configuration. Its category stays while the configuration has it;
    /// otherwise it is classified again.
    /// - Returns: why it cannot be queued, for a person to look at.
    static func replace(_ item: inout WorkItem, at now: Instant, in snapshot: TenantSnapshot) -> String? {
        guard let category = item.category, let placement = snapshot.placements[category] else {
            switch place(&item, attributes: JSONObject(stored: item.attributes), at: now, in: snapshot) {
            case .queued, .waitingForActivation: return nil
            case .rejected(let reason), .failed(let reason): return reason
            }
        }
        item.configurationVersion = snapshot.version
        item.weight = snapshot.weight(ofChannel: item.channel)
        return settle(&item, by: placement, at: now, in: snapshot)?.rawValue
    }

    /// Gives an item what its category says, and ranks it.
    static func settle(
        _ item: inout WorkItem, by placement: Placement, at now: Instant, in snapshot: TenantSnapshot
    ) -> RankingFailure? {
        item.category = placement.category
        // An endpoint or agent that the configuration has no more gets nothing to wait for.
        if let given = item.endpointGiven, snapshot.endpoints[given] == nil { item.endpointGiven = nil }
        if let preferred = item.preferredAgent, snapshot.agents[preferred] == nil {
            (item.preferredAgent, item.preferredUntil) = (nil, nil)
        }
        item.endpoint = item.endpointGiven ?? placement.endpoint
        item.skills = placement.skills
        item.schemaVersion = placement.schemaVersion
        item.calendarVersion = placement.calendarVersion
        if item.preferredAgent != nil, item.preferredUntil == nil {
            item.preferredUntil = max(now, item.activation) + placement.preferredAgentFor
        }
        return RankWorkItem.rank(&item, by: placement, in: snapshot)
    }
}
