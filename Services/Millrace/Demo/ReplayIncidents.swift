import Domain
import Foundation

/// The incident log itself, event by event, as a stream that is faster than real time.
public struct ReplayIncidents {
    /// The columns that the log must have.
    public static let columns = [
        "time", "incident", "status", "substatus", "support_team", "country", "organisation", "impact", "product",
    ]
    /// Between two arrivals at most so many seconds count: nights, weekends and the log's first two years, which hold few
    /// incidents, would otherwise leave no time for the rest.
    public static let longestGap = 60.0
    /// Of the time that the log calls in progress at most so many seconds in a row count as work.
    static let longestSession = 8 * 3600.0

    private struct Event {
        var incident: String
        var time: Domain.Instant
        var isInProgress: Bool
        var team: String
    }
    private struct Incident {
        var journey: IncidentJourney
        var last: Event
    }

    private let index: [String: Int]
    private var incidents: [String: Incident] = [:]
    private var order: [String] = []

    /// A replay of a log with this header line.
    /// - Throws: `MappingProblem` when a column is missing.
    public init(header: [String]) throws(MappingProblem) {
        for column in Self.columns where !header.contains(column) {
            throw MappingProblem("The log has no column \(column); expected \(Self.columns.joined(separator: ", ")).")
        }
        index = Dictionary(header.enumerated().map { ($0.element, $0.offset) }, uniquingKeysWith: { first, _ in first })
    }

    /// Takes the next event; the log must be sorted by time.
    public mutating func add(_ record: CSVReader.Record, prefix: String) throws(MappingProblem) {
        func cell(_ column: String) -> String { index[column].map { record.fields[$0] } ?? "" }
        guard let time = Instant(rfc3339: cell("time")) else {
            throw MappingProblem("line \(record.line): the time is not RFC 3339")
        }
        let event = Event(
            incident: cell("incident"), time: time,
            isInProgress: cell("status") == "Accepted" && cell("substatus") == "In Progress", team: cell("support_team")
        )
        guard var incident = incidents[event.incident] else {
            order.append(event.incident)
            incidents[event.incident] = Incident(
                journey: IncidentJourney(
                    captureId: prefix + event.incident,
                    attributes: IncidentJourney.attributes(
                        team: event.team, impact: cell("impact"), country: cell("country"),
                        organisation: cell("organisation"), product: cell("product")),
                    arrival: Double(time.milliseconds) / 1000, stays: [.init(team: event.team, work: 0)]),
                last: event)
            return
        }
        if incident.last.isInProgress {
            let seconds = Double(event.time - incident.last.time) / 1000
            incident.journey.stays[incident.journey.stays.count - 1].work += min(max(0, seconds), Self.longestSession)
        }
        if event.team != incident.last.team { incident.journey.stays.append(.init(team: event.team, work: 0)) }
        incident.last = event
        incidents[event.incident] = incident
    }

    /// The incidents in order of arrival, which is pressed into so many seconds.
    public func journeys(seconds: Double) -> [IncidentJourney] {
        var journeys = order.compactMap { incidents[$0]?.journey }.sorted { $0.arrival < $1.arrival }
        var clock = 0.0
        var before = journeys.first?.arrival ?? 0
        for position in journeys.indices {
            let arrival = journeys[position].arrival
            clock += min(arrival - before, Self.longestGap)
            before = arrival
            journeys[position].arrival = clock
        }
        let factor = clock > 0 ? seconds / clock : 0
        for position in journeys.indices { journeys[position].arrival *= factor }
        return journeys
    }

    /// Reads a log from a file.
    static func journeys(file: String, seconds: Double, prefix: String) throws -> [IncidentJourney] {
        let input = try CSVFile(file)
        defer { input.close() }
        var reader = CSVReader(read: input.read)
        guard case .record(let header) = try reader.nextRow() else {
            throw CommandFailure(.badInput, "\(file) has no header line.")
        }
        do {
            var replay = try ReplayIncidents(header: header.fields)
            while let row = try reader.nextRow() {
                switch row {
                case .record(let record): try replay.add(record, prefix: prefix)
                case .faulty(let line, let problem): throw MappingProblem("line \(line) \(problem)")
                }
            }
            return replay.journeys(seconds: seconds)
        } catch let problem as MappingProblem {
            throw CommandFailure(.badInput, "\(file): \(problem)")
        }
    }
}
