import Domain

/// How the demonstration ended.
struct DemoResult: Sendable {
    var verdict: DemoVerdict
    /// The reports of it; nil where there is no data mart.
    var reports: DemoReports?
    /// Nil: nobody wrote mail.
    var mail: DemoMailVerdict?
    var ledger: DemoLedger
    var statistics: SimulationStatistics
    var agents: Int
    /// Incidents that were to be submitted; a machine that is too slow for them gets fewer.
    var planned: Int
    var seconds: Double
    /// Commands that were sent again because no answer had come in time.
    var repeats: Int

    /// Prints the summary.
    /// - Throws: when anything was lost.
    func report(asJSON: Bool) async throws {
        if asJSON {
            Terminal.line(json.text)
        } else {
            for line in lines { Terminal.line(line) }
            try await reports?.show()
        }
        guard verdict.faults.isEmpty else {
            let shown = verdict.faults.prefix(20).map { "  \($0.captureId): \($0.problem)" }
            throw CommandFailure(
                .refused,
                "\(verdict.faults.count) faults in what became of the incidents:\n" + shown.joined(separator: "\n")
                    + (verdict.faults.count > 20 ? "\n  …" : ""))
        }
        try mail?.requireNoFault()
    }

    private var lines: [String] {
        func latency(_ histogram: LatencyHistogram) -> String {
            guard let median = histogram.quantile(0.5), let high = histogram.quantile(0.99) else { return "-" }
            return
                "p50 \(TextFormats.number(Double(median) / 1000)) ms, p99 \(TextFormats.number(Double(high) / 1000)) ms"
        }
        let unfinished = verdict.unfinished.sorted { $0.key < $1.key }.map { "\($0.value) \($0.key)" }.joined(
            separator: ", ")
        return [
            "",
            "Summary after \(TextFormats.span(seconds: seconds.rounded())) with \(agents) agents",
            "  submitted      \(ledger.submitted) of \(planned) over Kafka; \(repeats) sent again",
            "  acknowledged   \(ledger.acknowledged); refused \(ledger.refused); \(latency(ledger.acknowledging)) to the answer",
            "  offers         \(ledger.offers); missed \(ledger.missed), declined \(ledger.declined); \(latency(ledger.waiting)) from arrival to offer",
            "  completed      \(ledger.completed), handed on from team to team \(ledger.transferred)",
            "  unfinished     \(unfinished.isEmpty ? "none" : unfinished + " (all there, waiting)")",
            "  within SLA     \(TextFormats.percent(ledger.withinServiceLevel, of: ledger.dated))",
            "  accept         \(latency(statistics.accepting))",
            "  complete       \(latency(statistics.completing))",
            "  reports        \(reports == nil ? "there is no data mart" : "of the data mart follow; compared with the feed and the live table")",
            "  lost           \(verdict.faults.isEmpty ? "nothing" : "\(verdict.faults.count) faults")",
        ] + (mail?.lines ?? [])
    }

    private var json: JSONValue {
        var object = statistics.json(agents: agents, seconds: seconds).objectValue ?? [:]
        object["submitted"] = .integer(Int64(ledger.submitted))
        object["acknowledged"] = .integer(Int64(ledger.acknowledged))
        object["refused"] = .integer(Int64(ledger.refused))
        object["repeats"] = .integer(Int64(repeats))
        object["completedOnce"] = .integer(Int64(verdict.completedOnce))
        object["unfinished"] = .object(
            JSONObject(verdict.unfinished.sorted { $0.key < $1.key }.map { ($0.key, .integer(Int64($0.value))) }))
        object["withinServiceLevel"] = .integer(Int64(ledger.withinServiceLevel))
        object["reportsCompared"] = .bool(reports != nil)
        object["faults"] = .array(
            verdict.faults.map { ["captureId": .string($0.captureId), "problem": .string($0.problem)] })
        object["mail"] = mail?.json
        return .object(object)
    }
}
