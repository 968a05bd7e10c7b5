import Domain

/// The end of the demonstration: the reports of what was just seen, held against the feed and the live table.
struct DemoReports: Sendable {
    /// Of the reports.
    let client: APIClient
    /// Of the live table.
    let live: APIClient
    /// The whole period: long enough for a demonstration that takes its time.
    let from: Domain.Instant
    let to: Domain.Instant

    /// Which totals of which reports must be what the feed tells; of task work detail how many rows of each kind.
    private static let compared = [
        ("intraday-process", ["entered", "offered", "accepted", "missed", "declined", "transferred", "completed"]),
        ("customer-segment-service-level", ["entered", "completed"]),
        ("capture-point-duration", ["entered", "completed"]),
        ("resource-performance", ["offered", "accepted", "pulled", "given"]),
        ("queue-priority-range", ["offered", "pulled", "given", "completed"]), ("task-age", ["completed"]),
        (
            email,
            [
                "received", "drafted", "awaitingApproval", "queued", "sent", "delivered", "bounced", "failed",
                "uncertain",
            ]
        ),
    ]
    private static let email = "email"
    private static let details = "task-work-detail"
    private static let detailRows = ["assignment", "entered"]

    /// Reports in the order shown, with what is asked for.
    private static let shown: [(name: String, parameters: [(String, String)])] = [
        ("intraday-process", [("by", "queue")]), ("customer-segment-service-level", [("by", "category")]),
        ("capture-point-duration", []), ("resource-performance", []), ("queue-priority-range", []), ("task-age", []),
        (email, []), (details, []),
    ]
    private static let rowsShown = 12
    private static let patience = Duration.seconds(40)
    /// For a mart that is built anew first, as after a restore.
    private static let patienceBefore = Duration.seconds(180)

    init(_ credentials: Credentials, from: Domain.Instant, length: Double) {
        live = APIClient(address: credentials.api, key: credentials.adminKey)
        client = APIClient(address: credentials.reports ?? credentials.api, key: credentials.adminKey)
        self.from = from
        to = from + Int64((length + 3600) * 1000)
    }

    private var period: [(String, String)] { [("from", from.rfc3339), ("to", to.rfc3339)] }

    /// Of lists, which are not widened to quarters of an hour by themselves: what was there before is left out all the same.
    private var periodOfLists: [(String, String)] {
        [("from", (from - from.milliseconds % 900_000).rfc3339), ("to", to.rfc3339)]
    }

    /// What the reports say before the demonstration: its quarter of an hour may have seen other work.
    /// - Parameter position: of the feed's last event, which must be in them.
    /// - Returns: nil where there is no data mart.
    func before(_ position: Int64) async throws -> [String: JSONValue]? {
        let known = try await client.send(.GET, "/reports/intraday-process" + PercentEncoding.query(period))
        if known.status == 404 { return nil }
        let end = ContinuousClock.now + Self.patienceBefore
        while true {
            var totals: [String: JSONValue] = [:]
            var reached = Int64.max
            for (name, _) in Self.compared {
                let answer = try await report(name)
                totals[name] = answer["totals"] ?? .null
                reached = min(reached, answer["asOf"]?["position"]?.integerValue ?? 0)
            }
            let (details, place) = try await detailCounts()
            totals[Self.details] = .object(details)
            if min(reached, place) >= position { return totals }
            guard ContinuousClock.now < end else {
                throw CommandFailure(
                    .unavailable, "The data mart has come to event \(reached) of \(position) and does not go on.")
            }
            try await Task.sleep(for: .milliseconds(500))
        }
    }

    /// Waits until the mart has everything, and compares.
    /// - Parameter counts: what the feed has told by now: messages are delivered and items returned for a moment longer.
    /// - Returns: what does not agree, a line each.
    func faults(
        since before: [String: JSONValue], counts: () async throws -> DemoCounts
    ) async throws -> [String] {
        let end = ContinuousClock.now + Self.patience
        while true {
            let counts = try await counts()
            var faults = try await differences(since: before, counts) + liveDifferences()
            // Lists are long: they are read when the rest agrees.
            if faults.isEmpty { faults = try await listDifferences(since: before, counts) }
            if faults.isEmpty || ContinuousClock.now > end { return faults }
            try await Task.sleep(for: .milliseconds(500))
        }
    }

    private func differences(since before: [String: JSONValue], _ counts: DemoCounts) async throws -> [String] {
        var faults: [String] = []
        for (name, measures) in Self.compared {
            let answer = try await report(name)
            let position = answer["asOf"]?["position"]?.integerValue ?? 0
            guard position >= counts.position else {
                return ["\(name): the mart has come to event \(position) of \(counts.position)"]
            }
            for measure in measures {
                let now = answer["totals"]?[measure]?.integerValue ?? 0
                let seen = now - (before[name]?[measure]?.integerValue ?? 0)
                let told = (name == Self.email ? counts.messages : counts.counts)[measure] ?? 0
                if seen != told { faults.append("\(name): \(measure) \(seen), and the feed tells of \(told)") }
            }
        }
        return faults
    }

    /// The backlog of each queue, in the report and in the live table.
    private func liveDifferences() async throws -> [String] {
        let rows = QueueRow.byEndpoint(QueueRow.read(try await live.call(.GET, "/queues")))
        let answer = try await report("intraday-process", [("by", "queue"), ("limit", "5000")])
        var reported: [String: Int] = [:]
        for row in answer["items"]?.arrayValue ?? [] {
            let name = row["queue"]?.stringValue ?? ""
            reported[name == "(none)" ? "" : name] = Int(row["backlog"]?.integerValue ?? 0)
        }
        var faults: [String] = []
        for row in rows {
            let open = row.depth + row.offered + row.assigned + row.held + row.parked
            let shown = reported.removeValue(forKey: row.endpoint) ?? 0
            if open != shown { faults.append("backlog of \(row.endpoint): \(shown), and the live table shows \(open)") }
        }
        for (name, shown) in reported where shown != 0 {
            faults.append("backlog of \(name): \(shown), and the live table shows none")
        }
        return faults
    }

    /// What is listed: assignments and items that entered against the feed, open items of each queue against the live table.
    private func listDifferences(since before: [String: JSONValue], _ counts: DemoCounts) async throws -> [String] {
        let (details, place) = try await detailCounts()
        guard place >= counts.position else {
            return ["\(Self.details): the mart has come to event \(place) of \(counts.position)"]
        }
        var faults: [String] = []
        for row in Self.detailRows {
            let seen = (details[row]?.integerValue ?? 0) - (before[Self.details]?[row]?.integerValue ?? 0)
            let told = counts.counts[row] ?? 0
            if seen != told { faults.append("\(Self.details): \(seen) of \(row), and the feed tells of \(told)") }
        }
        let live = QueueRow.byEndpoint(QueueRow.read(try await self.live.call(.GET, "/queues")))
        var listed: [String: Int] = [:]
        for row in try await rows(of: "open").rows {
            let queue = row["queue"]?.stringValue ?? ""
            listed[queue == "(none)" ? "" : queue, default: 0] += 1
        }
        for row in live {
            let open = row.depth + row.offered + row.assigned + row.held + row.parked
            let shown = listed.removeValue(forKey: row.endpoint) ?? 0
            if open != shown {
                faults.append("open items of \(row.endpoint): \(shown) listed, and the live table shows \(open)")
            }
        }
        for (queue, shown) in listed {
            faults.append("open items of \(queue): \(shown), and the live table shows none")
        }
        return faults
    }

    private func detailCounts() async throws -> (counts: JSONObject, position: Int64) {
        var counts: JSONObject = [:]
        var position = Int64.max
        for row in Self.detailRows {
            let (first, rows) = try await rows(of: row)
            counts[row] = .integer(Int64(rows.count))
            position = min(position, first["asOf"]?["position"]?.integerValue ?? 0)
        }
        return (counts, position)
    }

    private func rows(of kind: String) async throws -> (first: JSONValue, rows: [JSONValue]) {
        let pages = ReportPages(
            client: client, path: "/reports/\(Self.details)", parameters: [("by", kind)] + periodOfLists, limit: nil)
        let (first, rows, _) = try await pages.rows()
        return (first, rows)
    }

    private func report(_ name: String, _ parameters: [(String, String)] = []) async throws -> JSONValue {
        try await client.call(.GET, "/reports/\(name)" + PercentEncoding.query(parameters + period))
    }

    /// Prints the reports, the first rows of each.
    func show() async throws {
        for (name, parameters) in Self.shown {
            let answer = try await report(name, parameters + [("limit", "\(Self.rowsShown)")])
            var lines = ReportText(answer: answer, rows: answer["items"]?.arrayValue ?? []).lines
            if answer["next"]?.stringValue != nil { lines.append("… `millrace report \(name)` shows the rest.") }
            Terminal.write("\n" + lines.joined(separator: "\n") + "\n")
        }
    }
}
