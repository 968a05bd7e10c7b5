import Domain

/// What the demonstration shows while it runs, as lines.
public struct DemoScreen: Sendable {
    /// Seconds since the start, and in all.
    public var clock: (now: Double, total: Double)
    /// What happens: submitting or finishing.
    public var phase: String
    /// Items that will be submitted in all.
    public var planned: Int
    /// Submits that wait for their answer.
    public var unanswered: Int
    /// Submit and feed so far.
    public var ledger: DemoLedger
    /// `GET /queues`, one for each endpoint.
    public var queues: [QueueRow]
    /// The time of the queues.
    public var time: Domain.Instant
    /// Offers and completions per second of late.
    public var rates: (offers: Double, completed: Double)
    /// The answers to `accept`.
    public var accepting: LatencyHistogram
    /// How it goes with mail; nil when nobody writes any.
    public var mail: String?

    /// The whole table.
    public var table: [String] {
        let lines = [
            "Millrace · \(TextFormats.span(seconds: clock.now.rounded())) of \(TextFormats.span(seconds: clock.total))"
                + " · \(phase) · \(ledger.submitted) of \(planned) incidents over Kafka",
            "",
            "  waiting \(padded(depth))   oldest \(pad(oldest(queues), 8))   offers/s \(pad(TextFormats.number(rates.offers), 6))"
                + "   completed/s \(pad(TextFormats.number(rates.completed), 6))"
                + "   within SLA \(TextFormats.percent(ledger.withinServiceLevel, of: ledger.dated))",
            "  acknowledged \(ledger.acknowledged)   unanswered \(unanswered)   completed \(ledger.completed)"
                + "   handed on \(ledger.transferred)   missed \(ledger.missed)   declined \(ledger.declined)"
                + "   accept p99 \(milliseconds(accepting.quantile(0.99)))",
            "",
        ]
        var table = TextTable([
            .text("  endpoint", width: 26), .number("waiting"), .number("oldest"), .number("overdue"),
            .number("offered"),
            .number("assigned"), .number("agents"), .number("free"), .number("completed"),
        ])
        let present = Dictionary(queues.map { ($0.endpoint, $0) }, uniquingKeysWith: { first, _ in first })
        for endpoint in Set(present.keys).union(ledger.completedByEndpoint.keys).sorted() {
            let row = present[endpoint]
            table.add([
                "  " + endpoint, "\(row?.depth ?? 0)", row.map { oldest([$0]) } ?? "-", "\(row?.overdue ?? 0)",
                "\(row?.offered ?? 0)", "\(row?.assigned ?? 0)", row.map { "\($0.agentsReady)" } ?? "-",
                row.map { "\($0.agentsFree)" } ?? "-", "\(ledger.completedByEndpoint[endpoint] ?? 0)",
            ])
        }
        return lines + table.lines + ["", "  busiest: " + busiest] + (mail.map { ["  " + $0] } ?? [])
    }

    /// One line, where the screen cannot be redrawn.
    public var line: String {
        "\(pad(TextFormats.span(seconds: clock.now.rounded()), 6))  \(phase)  submitted \(ledger.submitted)  waiting \(depth)"
            + "  oldest \(oldest(queues))  offers/s \(TextFormats.number(rates.offers))  completed \(ledger.completed)"
            + "  within SLA \(TextFormats.percent(ledger.withinServiceLevel, of: ledger.dated))  busiest \(busiest)"
            + (mail.map { "\n        \($0)" } ?? "")
    }

    private var depth: Int { queues.reduce(0) { $0 + $1.depth } }

    private var busiest: String {
        let agents = ledger.completedByAgent.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.prefix(6)
        return agents.isEmpty ? "-" : agents.map { "\($0.key) \($0.value)" }.joined(separator: ", ")
    }

    private func oldest(_ rows: [QueueRow]) -> String {
        rows.compactMap(\.oldest).min().map { TextFormats.span(milliseconds: max(0, time - $0) / 1000 * 1000) } ?? "-"
    }

    private func milliseconds(_ microseconds: Int64?) -> String {
        microseconds.map { TextFormats.number(Double($0) / 1000) + " ms" } ?? "-"
    }

    private func padded(_ number: Int) -> String { pad(String(number), 6) }

    private func pad(_ text: String, _ width: Int) -> String {
        text.count >= width ? text : text + String(repeating: " ", count: width - text.count)
    }
}
