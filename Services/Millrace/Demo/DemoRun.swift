import Domain
import Foundation
import Synchronization

/// The demonstration: incidents go in over Kafka while agents work over HTTP and the feed is read; at the end all three must
/// agree.
struct DemoRun: Sendable {
    let credentials: Credentials
    let client: APIClient
    let routes: [DemoRoute]
    /// Nil: nobody writes mail.
    let mail: DemoMail?
    /// Seconds in all.
    let length: Double
    /// Seconds during which incidents arrive.
    let submitting: Double
    let showsTable: Bool
    let isQuiet: Bool

    /// Of the whole length, the seconds at the end during which only what is there is worked off.
    static func drain(of length: Double) -> Double { min(25, max(5, length * 0.2)) }

    /// More items than so many are not let in at a time: a machine too slow for the stream gets less of it instead of a
    /// backlog that nobody works off.
    private static let crowd = 1000

    /// Seconds after the end for answers and events that are on their way.
    private static let patience = 30.0

    func perform(over intake: KafkaIntake) async throws -> DemoResult {
        let position = try await EventFeed.lastPosition(client)
        let startedAt = Instant.now
        let reports = DemoReports(credentials, from: startedAt, length: length)
        let reportedBefore = try await reports.before(position)
        let start = ContinuousClock.now
        let stop = StopSignal()
        let recorder = SimulationRecorder(stop: stop)
        let ledger = SharedLedger(after: position)
        let agents = try await agentIds()
        // The longest time that agents have to accept an offer is a minute, unless configured longer.
        let behaviour = DemoBehaviour(
            routes: routes, missesUntil: start + .seconds(length - 70), mail: mail?.desk)
        let simulation = SimulateAgents(
            address: credentials.api, key: credentials.adminKey, behaviour: behaviour, recorder: recorder, stop: stop)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await simulation.run(agents: agents) }
            group.addTask { try await follow(ledger, from: position) }
            group.addTask { try await show(ledger, recorder, intake, start: start, stop: stop) }
            if let mail {
                group.addTask {
                    try await mail.run(start: start, lastWriting: start + .seconds(submitting), stop: stop)
                }
            }
            group.addTask {
                for await _ in Interruption.signals() {
                    stop.set()
                    return
                }
            }
            try await submit(over: intake, ledger, start: start, stop: stop)
            await waitForEnd(ledger, start: start, stop: stop)
            stop.set()
            // Simulation and whatever else ends by itself; the feed is followed until it has told everything.
            await settle(ledger)
            await mail?.settle(within: .seconds(Self.patience))
            group.cancelAll()
            while let result = await group.nextResult() {
                if case .failure(let error) = result, !(error is CancellationError) { throw error }
            }
        }
        var verdict = DemoVerdict(ledger.value, listed: try await listed(since: startedAt))
        if let reportedBefore {
            verdict.note(try await reports.faults(since: reportedBefore) { try await counts(ledger) })
        }
        return DemoResult(
            verdict: verdict, reports: reportedBefore.map { _ in reports },
            mail: try await mail?.verdict(since: startedAt), ledger: ledger.value,
            statistics: recorder.statistics, agents: agents.count, planned: routes.count,
            seconds: start.duration(to: .now).inSeconds,
            repeats: intake.repeats)
    }

    private func agentIds() async throws -> [String] {
        var ids: [String] = []
        try await client.forEach("/agents") { agent in
            if let id = agent["id"]?.stringValue { ids.append(id) }
            return true
        }
        return ids
    }

    /// Each incident at its time; returns when all have been answered or patience is over.
    private func submit(
        over intake: KafkaIntake, _ ledger: SharedLedger, start: ContinuousClock.Instant, stop: StopSignal
    ) async throws {
        let due = DueDates(factor: submitting / 95)
        let end = start + .seconds(length + Self.patience)
        let lastArrival = start + .seconds(submitting)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                try await Task.sleep(until: end, clock: .continuous)
                throw TimeIsUp()
            }
            group.addTask {
                try await withThrowingTaskGroup(of: Void.self) { submits in
                    var delay = Duration.zero
                    for route in routes {
                        try await Task.sleep(until: start + delay + .seconds(route.journey.arrival), clock: .continuous)
                        while ledger.read(\.open) > Self.crowd, ContinuousClock.now < lastArrival, !stop.isSet {
                            try await Task.sleep(for: .milliseconds(50))
                            delay += .milliseconds(50)
                        }
                        if stop.isSet || ContinuousClock.now >= lastArrival { break }
                        submits.addTask { try await submit(route, due, over: intake, ledger) }
                    }
                    try await submits.waitForAll()
                }
            }
            // Whichever is first: all answered, or the time.
            do { try await group.next() } catch is TimeIsUp {}
            group.cancelAll()
        }
    }

    private struct TimeIsUp: Error {}

    private func submit(
        _ route: DemoRoute, _ due: DueDates, over intake: KafkaIntake, _ ledger: SharedLedger
    ) async throws {
        let captureId = route.journey.captureId
        var body: JSONObject = ["captureId": .string(captureId)]
        body["due"] = .string(due.due(impact: route.journey.attributes["impact"]?.stringValue, from: .now).rfc3339)
        body["attributes"] = .object(route.journey.attributes)
        ledger.change { $0.submit(captureId) }
        let sent = ContinuousClock.now
        let answer = try await intake.submit(captureId: captureId, body: JSONValue.object(body).bytes)
        ledger.change { ledger in
            ledger.answer(
                captureId, item: answer.isAccepted ? answer.workItemId : nil, problem: answer.problem,
                after: sent.duration(to: .now))
        }
    }

    /// Reads the reporting feed until cancelled.
    private func follow(_ ledger: SharedLedger, from position: Int64) async throws {
        var feed = EventFeed(client: client, after: position)
        while !Task.isCancelled {
            do {
                let events = try await feed.next()
                if !events.isEmpty {
                    ledger.change { ledger in
                        for event in events { ledger.take(event) }
                    }
                    mail?.ledger.change { ledger in
                        for event in events { ledger.take(event) }
                    }
                    continue
                }
            } catch let failure as CommandFailure where failure.code == .unavailable {}
            try await Task.sleep(for: .milliseconds(200))
        }
    }

    /// What all items did by now, also after the feed was followed.
    private func counts(_ ledger: SharedLedger) async throws -> DemoCounts {
        var feed = EventFeed(client: client, after: ledger.read(\.position))
        while true {
            let events = try await feed.next()
            if events.isEmpty { return ledger.read(\.counts) }
            ledger.change { ledger in
                for event in events { ledger.take(event) }
            }
        }
    }

    /// Until everything is done, or the time is.
    private func waitForEnd(_ ledger: SharedLedger, start: ContinuousClock.Instant, stop: StopSignal) async {
        let end = start + .seconds(length)
        while ContinuousClock.now < end, !stop.isSet,
            !(ledger.read(\.isFinished) && mail?.ledger.read(\.isFinished) != false)
        {
            try? await Task.sleep(for: .milliseconds(200))
        }
    }

    /// The feed is behind by a moment: until what agents finished at the end stands there too.
    private func settle(_ ledger: SharedLedger) async {
        let end = ContinuousClock.now + .seconds(Self.patience)
        var last = (completed: 0, at: ContinuousClock.now)
        while ContinuousClock.now < end {
            let (isFinished, completed) = ledger.read { ($0.isFinished, $0.completed) }
            if isFinished { return }
            if completed != last.completed { last = (completed, .now) }
            // Nothing more comes: agents give up long work 10 s after the end.
            if last.at + .seconds(12) < .now { return }
            try? await Task.sleep(for: .milliseconds(200))
        }
    }

    private func show(
        _ ledger: SharedLedger, _ recorder: SimulationRecorder, _ intake: KafkaIntake, start: ContinuousClock.Instant,
        stop: StopSignal
    ) async throws {
        guard !isQuiet else { return }
        var block = RedrawnBlock()
        var recent: [(at: ContinuousClock.Instant, offers: Int, completed: Int)] = []
        var lines = 0
        while !Task.isCancelled {
            try await Task.sleep(for: .seconds(1))
            // A service that starts again does not end the show.
            guard let answer = try? await client.call(.GET, "/queues") else { continue }
            let now = ledger.value
            recent.append((.now, now.offers, now.completed))
            recent.removeFirst(max(0, recent.count - 6))
            let span = recent[0].at.duration(to: .now).inSeconds
            func rate(_ count: Int, _ before: Int) -> Double { span > 0 ? Double(count - before) / span : 0 }
            let elapsed = start.duration(to: .now).inSeconds
            let phase = stop.isSet ? "ending" : elapsed < submitting ? "submitting" : "working off"
            let screen = DemoScreen(
                clock: (elapsed, length), phase: phase, planned: routes.count,
                unanswered: now.submitted - now.acknowledged - now.refused, ledger: now,
                queues: QueueRow.byEndpoint(QueueRow.read(answer)),
                time: answer["time"]?.stringValue.flatMap { Instant(rfc3339: $0) } ?? .now,
                rates: (rate(now.offers, recent[0].offers), rate(now.completed, recent[0].completed)),
                accepting: recorder.statistics.accepting, mail: mail?.ledger.read(\.line))
            lines += 1
            if showsTable { block.draw(screen.table) } else if lines % 5 == 0 { Terminal.line(screen.line) }
        }
    }

    /// The items of this run as the list shows them.
    private func listed(since start: Domain.Instant) async throws -> [String: [(id: String, status: String)]] {
        let own = Set(routes.map(\.journey.captureId))
        var listed: [String: [(id: String, status: String)]] = [:]
        try await client.forEach("/workitems", query: [("limit", "500"), ("sort", "-receivedAt")]) { item in
            if let received = item["receivedAt"]?.stringValue.flatMap({ Instant(rfc3339: $0) }),
                received < start - 60_000
            {
                return false
            }
            if let captureId = item["captureId"]?.stringValue, own.contains(captureId) {
                listed[captureId, default: []].append(
                    (item["id"]?.stringValue ?? "", item["status"]?.stringValue ?? ""))
            }
            return true
        }
        return listed
    }
}

/// When the source wants an incident done, in the pressed time of the demonstration.
struct DueDates: Sendable {
    /// Longer runs have longer days.
    var factor: Double

    func due(impact: String?, from now: Domain.Instant) -> Domain.Instant {
        let seconds: Double =
            switch impact {
            case "Major": 8
            case "High": 12
            case "Medium": 30
            default: 60
            }
        return now + Int64(seconds * max(0.3, factor) * 1000)
    }
}

/// The ledger, shared by those who write it and the screen.
final class SharedLedger: Sendable {
    private let state: Mutex<DemoLedger>

    init(after position: Int64) { state = Mutex(DemoLedger(after: position)) }

    var value: DemoLedger { state.withLock { $0 } }

    func read<Value: Sendable>(_ body: (borrowing DemoLedger) -> Value) -> Value { state.withLock { body($0) } }

    func change(_ body: (inout DemoLedger) -> Void) { state.withLock { body(&$0) } }
}
