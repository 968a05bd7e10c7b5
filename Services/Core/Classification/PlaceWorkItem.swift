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
        let placement = snapshot.classify(attributes)
        item.channel = placement?.channel ?? attributes["channel"]?.stringValue
        item.weight = snapshot.weight(ofChannel: item.channel)
        guard let placement else {
            item.category = nil
            return .rejected(reason: "no category takes it")
        }
        if let failure = settle(&item, by: placement, at: now, in: snapshot) { return .failed(reason: failure.rawValue) }
        if arriving, placement.rejectWhenOverdue, let due = item.due, due <= now {
            return .rejected(reason: "its due date had passed on arrival")
        }
        return item.activation > now ? .waitingForActivation : .queued
    }

    /// Gives an item what its category says, and ranks it.
    static func settle(
        _ item: inout WorkItem, by placement: Placement, at now: Instant, in snapshot: TenantSnapshot
    ) -> RankingFailure? {
        item.category = placement.category
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
