import Domain

/// An incident from its arrival through the teams that work on it to its end.
public struct IncidentJourney: Sendable, Hashable {
    /// A time with one team.
    public struct Stay: Sendable, Hashable {
        /// The team's name.
        public var team: String
        /// Seconds of work, as in the log.
        public var work: Double

        /// A stay with that team, of so many seconds of work.
        public init(team: String, work: Double) {
            self.team = team
            self.work = work
        }
    }

    /// The source's number.
    public var captureId: String
    /// impact, product, organisation, country and the first team.
    public var attributes: JSONObject
    /// Seconds from the start of the stream.
    public var arrival: Double
    /// The teams in order, at least one.
    public var stays: [Stay]

    /// A journey.
    public init(captureId: String, attributes: JSONObject, arrival: Double, stays: [Stay]) {
        self.captureId = captureId
        self.attributes = attributes
        self.arrival = arrival
        self.stays = stays
    }

    static func attributes(
        team: String, impact: String, country: String, organisation: String, product: String
    ) -> JSONObject {
        [
            "team": .string(team), "impact": .string(impact), "country": .string(country),
            "organisation": .string(organisation), "product": .string(product),
        ]
    }
}
