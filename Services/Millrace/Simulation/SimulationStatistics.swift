import Domain

/// What simulated agents did and how long the service took to answer them.
public struct SimulationStatistics: Sendable {
    /// Offers that reached an agent.
    public var offers = 0
    /// Offers that were accepted.
    public var accepted = 0
    /// Offers that were declined.
    public var declined = 0
    /// Offers that were left unanswered on purpose.
    public var missed = 0
    /// Offers that were gone when the agent answered.
    public var gone = 0
    /// Items completed.
    public var completed = 0
    /// Items handed on.
    public var transferred = 0
    /// Items that could not be completed because they had been taken away meanwhile.
    public var withdrawn = 0
    /// Requests that got no answer or one of the server's faults; they are repeated.
    public var failures = 0
    /// From the offer to its arrival at the agent.
    public var delivery = LatencyHistogram()
    /// The answer to `accept`.
    public var accepting = LatencyHistogram()
    /// The answer to `complete`.
    public var completing = LatencyHistogram()
    /// The time that agents worked on items.
    public var handling = LatencyHistogram()
    /// Items completed by each agent.
    public var completedByAgent: [String: Int] = [:]

    /// Statistics of nothing yet.
    public init() {}

    /// The agents with most completed items, busiest first; equal ones by name.
    public func busiest(_ count: Int) -> [(agent: String, completed: Int)] {
        completedByAgent.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.prefix(count)
            .map { (agent: $0.key, completed: $0.value) }
    }

    /// One JSON object; latencies in milliseconds.
    /// - Parameter seconds: how long it took, for the rates.
    public func json(agents: Int, seconds: Double) -> JSONValue {
        func rate(_ count: Int) -> JSONValue { .number(seconds > 0 ? Double(count) / seconds : 0) }
        return [
            "agents": .integer(Int64(agents)), "seconds": .number(seconds), "offers": .integer(Int64(offers)),
            "accepted": .integer(Int64(accepted)), "declined": .integer(Int64(declined)),
            "missed": .integer(Int64(missed)), "gone": .integer(Int64(gone)),
            "completed": .integer(Int64(completed)), "transferred": .integer(Int64(transferred)),
            "withdrawn": .integer(Int64(withdrawn)), "failures": .integer(Int64(failures)),
            "offersPerSecond": rate(offers), "completedPerSecond": rate(completed),
            "delivery": Self.json(delivery), "accept": Self.json(accepting), "complete": Self.json(completing),
            "handling": Self.json(handling),
        ]
    }

    private static func json(_ histogram: LatencyHistogram) -> JSONValue {
        func milliseconds(_ value: Int64?) -> JSONValue { value.map { .number(Double($0) / 1000) } ?? .null }
        return [
            "count": .integer(Int64(histogram.count)), "mean": histogram.mean.map { .number($0 / 1000) } ?? .null,
            "p50": milliseconds(histogram.quantile(0.5)), "p99": milliseconds(histogram.quantile(0.99)),
            "max": milliseconds(histogram.count > 0 ? histogram.longest : nil),
        ]
    }

    /// The summary for a person.
    public func lines(agents: Int, seconds: Double) -> [String] {
        func latency(_ histogram: LatencyHistogram) -> String {
            guard let median = histogram.quantile(0.5), let high = histogram.quantile(0.99) else { return "-" }
            return
                "p50 \(TextFormats.number(Double(median) / 1000)) ms, p99 \(TextFormats.number(Double(high) / 1000)) ms"
        }
        let handled = handling.mean.map { TextFormats.span(seconds: $0 / 1_000_000) } ?? "-"
        let rate = seconds > 0 ? Double(completed) / seconds : 0
        return [
            "\(agents) agents, \(TextFormats.span(seconds: seconds))",
            "completed    \(completed) (\(TextFormats.number(rate)) /s), transferred \(transferred)",
            "offers       \(offers): accepted \(accepted), declined \(declined), missed \(missed), gone \(gone)",
            "handling     mean \(handled)",
            "delivery     \(latency(delivery))",
            "accept       \(latency(accepting))",
            "complete     \(latency(completing))",
            "withdrawn    \(withdrawn); failed requests \(failures), repeated",
        ]
    }
}
