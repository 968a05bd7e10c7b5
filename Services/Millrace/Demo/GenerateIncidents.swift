import Foundation

/// Incidents as the log has them, drawn from its profile: one working day, pressed into so many seconds.
public struct GenerateIncidents: Sendable {
    private let profile = IncidentProfile()
    /// The hour (UTC) at which the day begins: when Europe comes to work.
    private let firstHour = 5

    /// A generator that follows the profile.
    public init() {}

    /// Incidents in order of arrival.
    /// - Parameters:
    ///   - count: how many.
    ///   - seconds: how long the day is.
    ///   - prefix: what their numbers begin with.
    ///   - seed: the same seed gives the same incidents.
    public func journeys(count: Int, seconds: Double, prefix: String, seed: UInt64) -> [IncidentJourney] {
        var generator = SeededGenerator(seed: seed)
        let hours = WeightedChoice(profile.hourly.enumerated().map { (($0.offset - firstHour + 24) % 24, $0.element) })
        let arrivals = (0..<count).map { _ in
            (Double(hours.draw(using: &generator) ?? 0) + Double.random(in: 0..<1, using: &generator)) / 24 * seconds
        }.sorted()
        return arrivals.enumerated().map { index, arrival in
            journey("\(prefix)\(index + 1)", at: arrival, using: &generator)
        }
    }

    private func journey(
        _ captureId: String, at arrival: Double, using generator: inout SeededGenerator
    ) -> IncidentJourney {
        let team = profile.teams.draw(using: &generator)
        let impact = profile.impacts.draw(using: &generator) ?? "Medium"
        var stays: [IncidentJourney.Stay] = []
        var name = team?.name ?? "G96"
        for _ in 0..<(profile.stays.draw(using: &generator) ?? 1) {
            stays.append(.init(team: name, work: work(impact, using: &generator)))
            guard let next = profile.handOvers[name]?.draw(using: &generator) else { break }
            name = next
        }
        return IncidentJourney(
            captureId: captureId,
            attributes: IncidentJourney.attributes(
                team: stays[0].team, impact: impact, country: team?.countries.draw(using: &generator) ?? "0",
                organisation: team?.organisations.draw(using: &generator) ?? "Other",
                product: team?.products.draw(using: &generator) ?? "PROD424"),
            arrival: arrival, stays: stays)
    }

    private func work(_ impact: String, using generator: inout SeededGenerator) -> Double {
        guard let (median, sigma) = profile.work[impact],
            Double.random(in: 0..<1, using: &generator) >= profile.idleStays
        else { return 0 }
        // Cut where the log's reading of a stay is.
        return min(median * exp(sigma * HandleTime.normal(using: &generator)), 8 * 3600)
    }
}
