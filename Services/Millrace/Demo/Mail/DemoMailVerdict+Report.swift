import Domain

extension DemoMailVerdict {
    /// The summary's lines.
    package var lines: [String] {
        func latency(_ histogram: LatencyHistogram) -> String {
            guard let median = histogram.quantile(0.5), let high = histogram.quantile(0.99) else { return "-" }
            let (low, most) = (Double(median) / 1_000_000, Double(high) / 1_000_000)
            return "p50 \(TextFormats.number(low)) s, p99 \(TextFormats.number(most)) s"
        }
        let waiting = unfinished.sorted { $0.key < $1.key }.map { "\($0.value) \($0.key)" }.joined(separator: ", ")
        return [
            "  mail           \(written) written = \(items) items + \(followUps) follow-ups, \(restarts) of them restarts; "
                + (waiting.isEmpty ? "all done" : waiting),
            "                 \(answers) answers, "
                + (faults.isEmpty ? "each delivered exactly once" : "and \(faults.count) faults")
                + "; \(latency(taking)) until taken, \(latency(answering)) until answered",
        ]
    }

    /// The same for programs.
    package var json: JSONValue {
        [
            "written": .integer(Int64(written)), "items": .integer(Int64(items)),
            "followUps": .integer(Int64(followUps)), "restarts": .integer(Int64(restarts)),
            "answers": .integer(Int64(answers)),
            "unfinished": .object(
                JSONObject(unfinished.sorted { $0.key < $1.key }.map { ($0.key, .integer(Int64($0.value))) })),
            "faults": .array(faults.map(JSONValue.string)),
        ]
    }

    /// - Throws: when anything was lost or doubled.
    func requireNoFault() throws(CommandFailure) {
        guard !faults.isEmpty else { return }
        throw CommandFailure(
            .refused,
            "\(faults.count) faults in what became of the mail:\n"
                + faults.prefix(20).map { "  \($0)" }.joined(separator: "\n") + (faults.count > 20 ? "\n  …" : ""))
    }
}
