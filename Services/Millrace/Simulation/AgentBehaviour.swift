import Domain

/// A work item as an offer or the list of an agent's items shows it: what an agent has to know.
struct OfferedItem: Sendable {
    /// The item's id.
    var id: String
    /// The offer's id; nil for an item that the agent has already.
    var offerId: String?
    var captureId: String
    var attributes: JSONObject
    var endpoint: String
    var requiredSkills: [String]
    var deadline: Domain.Instant?
    var offeredAt: Domain.Instant?

    /// Reads an element of `{"offers": […]}`.
    init?(offer: JSONValue) {
        guard let item = offer["workItem"], let offerId = offer["id"]?.stringValue else { return nil }
        self.init(item: item)
        self.offerId = offerId
        deadline = offer["deadline"]?.stringValue.flatMap { Instant(rfc3339: $0) }
        offeredAt = offer["offeredAt"]?.stringValue.flatMap { Instant(rfc3339: $0) }
    }

    /// Reads a work item.
    init?(item: JSONValue) {
        guard let id = item["id"]?.stringValue else { return nil }
        self.id = id
        captureId = item["captureId"]?.stringValue ?? ""
        attributes = item["attributes"]?.objectValue ?? JSONObject()
        endpoint = item["endpoint"]?.stringValue ?? ""
        requiredSkills = item["requiredSkills"]?.arrayValue?.compactMap(\.stringValue) ?? []
    }
}

/// What an agent answers to an offer.
enum OfferChoice: Sendable {
    case accept, decline
    /// Lets the deadline pass, as somebody who has left the desk does.
    case ignore
}

/// What an agent does with an item.
struct WorkPlan: Sendable {
    enum Ending: Sendable {
        case complete
        /// To everybody who serves that endpoint.
        case transfer(endpoint: String, reason: String)
    }
    /// How long the agent works on it.
    var handling: Duration
    var ending = Ending.complete
}

/// How simulated agents behave.
protocol AgentBehaviour: Sendable {
    func choice(for item: OfferedItem) -> OfferChoice
    func plan(for item: OfferedItem) -> WorkPlan
    /// What the agent does once the item has been worked on, before it is handed in.
    func conclude(_ item: OfferedItem, by agent: String) async
}

extension AgentBehaviour {
    /// Nothing.
    func conclude(_ item: OfferedItem, by agent: String) async {}
}

/// Chance decides: what `agents simulate` is told on its command line.
struct RandomBehaviour: AgentBehaviour {
    var handleTime: HandleTime
    var declineRate: Double
    var missRate: Double

    func choice(for item: OfferedItem) -> OfferChoice {
        guard declineRate > 0 || missRate > 0 else { return .accept }
        let chance = Double.random(in: 0..<1)
        if chance < missRate { return .ignore }
        return chance < missRate + declineRate ? .decline : .accept
    }

    func plan(for item: OfferedItem) -> WorkPlan {
        var generator = SystemRandomNumberGenerator()
        return WorkPlan(handling: handleTime.sample(using: &generator))
    }
}
