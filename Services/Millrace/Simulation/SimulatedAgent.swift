import Domain
import NIOCore
import NIOHTTP1
import Synchronization

/// One agent's day.
struct SimulatedAgent: Sendable {
    let id: String
    /// For waiting and answering, one after the other.
    let connection: HTTPConnection
    /// For what happens while the agent waits for the next offer.
    let pool: HTTPConnectionPool
    let behaviour: any AgentBehaviour
    let recorder: SimulationRecorder
    let stop: StopSignal
    private let inHand = InHand()

    init(
        id: String, connection: HTTPConnection, pool: HTTPConnectionPool, behaviour: any AgentBehaviour,
        recorder: SimulationRecorder, stop: StopSignal
    ) {
        self.id = id
        self.connection = connection
        self.pool = pool
        self.behaviour = behaviour
        self.recorder = recorder
        self.stop = stop
    }

    private var path: String { "/agents/\(PercentEncoding.segment(id))" }
    private static let pollSeconds = 30

    func run() async {
        // The poll that is under way would last up to half a minute longer.
        stop.observe { connection.drop() }
        await withDiscardingTaskGroup { group in
            while !stop.isSet, !Task.isCancelled {
                do {
                    try await setState("ready")
                    for item in try await assigned() { work(on: item, in: &group) }
                    try await takeOffers(in: &group)
                } catch {
                    guard !stop.isSet else { break }
                    recorder.record { $0.failures += 1 }
                    try? await Task.sleep(for: .milliseconds(Int.random(in: 100...600)))
                }
            }
            await insist { try await setState("notReady") }
        }
        await insist { try await setState("offline") }
        connection.close()
    }

    /// Waits for offers and answers them, until it is time to end or the agent has to become ready again.
    private func takeOffers(in group: inout DiscardingTaskGroup) async throws {
        while !stop.isSet {
            let answer = try await connection.send(
                .GET, "\(path)/offers?wait=\(Self.pollSeconds)", timeout: .seconds(Int64(Self.pollSeconds + 15)))
            guard answer.status == 200 else { throw HTTPConnection.Broken(cause: "HTTP status \(answer.status)") }
            let arrival = Instant.now
            let offers = try JSONValue(parsing: answer.bytes.readableBytesView)["offers"]?.arrayValue ?? []
            // Half a minute without an offer: perhaps the service no longer counts this agent as ready.
            if offers.isEmpty, inHand.isEmpty { return }
            var ignored: Instant?
            for offer in offers.compactMap({ OfferedItem(offer: $0) }) {
                recorder.record { statistics in
                    statistics.offers += 1
                    if let offered = offer.offeredAt {
                        statistics.delivery.record(microseconds: (arrival - offered) * 1000)
                    }
                }
                switch behaviour.choice(for: offer) {
                case .accept: if try await accept(offer) { work(on: offer, in: &group) }
                case .decline: try await decline(offer)
                case .ignore:
                    recorder.record { $0.missed += 1 }
                    ignored = max(ignored ?? arrival, offer.deadline ?? arrival)
                }
            }
            if let ignored {
                await stay(awayUntil: ignored + 500)
                return
            }
        }
    }

    private func accept(_ offer: OfferedItem) async throws -> Bool {
        guard let offerId = offer.offerId else { return false }
        let start = ContinuousClock.now
        let answer = try await connection.send(.POST, "/offers/\(offerId)/accept")
        let time = start.duration(to: .now)
        guard answer.status < 500 else { throw HTTPConnection.Broken(cause: "HTTP status \(answer.status)") }
        let accepted = answer.status < 300
        recorder.record { statistics in
            statistics.accepting.record(time)
            if accepted { statistics.accepted += 1 } else { statistics.gone += 1 }
        }
        return accepted
    }

    private func decline(_ offer: OfferedItem) async throws {
        guard let offerId = offer.offerId else { return }
        let answer = try await connection.send(.POST, "/offers/\(offerId)/decline")
        let declined = answer.status < 300
        recorder.record { if declined { $0.declined += 1 } else { $0.gone += 1 } }
    }

    /// Away from the desk: no poll, no answer.
    private func stay(awayUntil end: Instant) async {
        while !stop.isSet, !Task.isCancelled {
            let left = end - Instant.now
            guard left > 0 else { return }
            try? await Task.sleep(for: .milliseconds(min(left, 500)))
        }
    }

    /// Works on an item beside everything else, and hands it in.
    private func work(on item: OfferedItem, in group: inout DiscardingTaskGroup) {
        guard inHand.insert(item.id) else { return }
        let plan = behaviour.plan(for: item)
        group.addTask {
            await handle(plan.handling)
            await behaviour.conclude(item, by: id)
            await finish(item, plan)
            inHand.remove(item.id)
        }
    }

    /// The handling time; at the end of the simulation it is cut after 10 s more.
    private func handle(_ time: Duration) async {
        let end = ContinuousClock.now + time
        while ContinuousClock.now < end, !Task.isCancelled {
            if let since = stop.since, since + .seconds(10) < .now { return }
            try? await Task.sleep(for: min(.seconds(1), ContinuousClock.now.duration(to: end)))
        }
    }

    private func finish(_ item: OfferedItem, _ plan: WorkPlan) async {
        let path: String
        var body: [UInt8]?
        var transfers = false
        switch plan.ending {
        case .complete: path = "/workitems/\(item.id)/complete"
        case .transfer(let endpoint, let reason):
            path = "/workitems/\(item.id)/transfer"
            body = JSONValue.object(["endpoint": .string(endpoint), "reason": .string(reason)]).bytes
            transfers = true
        }
        var isRepeat = false
        await insist {
            defer { isRepeat = true }
            let start = ContinuousClock.now
            let answer = try await pool.send(.POST, path, body: body)
            let time = start.duration(to: .now)
            guard answer.status < 500, answer.status != 429 else { throw HTTPConnection.Broken(cause: "busy") }
            var done = answer.status < 300
            if !done, isRepeat { done = try await hasHappened(to: item, transfers: transfers) }
            recorder.record { statistics in
                statistics.completing.record(time)
                switch (done, transfers) {
                case (true, true): statistics.transferred += 1
                case (true, false):
                    statistics.completed += 1
                    statistics.completedByAgent[id, default: 0] += 1
                    statistics.handling.record(plan.handling)
                case (false, _): statistics.withdrawn += 1
                }
            }
        }
    }

    /// Whether a request whose answer was lost had its effect.
    private func hasHappened(to item: OfferedItem, transfers: Bool) async throws -> Bool {
        let answer = try await pool.send(.GET, "/workitems/\(item.id)")
        guard answer.status == 200 else { return false }
        let now = try JSONValue(parsing: answer.bytes.readableBytesView)
        return transfers ? now["assignee"]?.stringValue != id : now["status"]?.stringValue == "completed"
    }

    private func setState(_ state: String) async throws {
        let answer = try await connection.send(.PUT, "\(path)/state", body: Array("{\"state\":\"\(state)\"}".utf8))
        guard answer.status < 300 else { throw HTTPConnection.Broken(cause: "HTTP status \(answer.status)") }
    }

    /// What the agent has already, from before a lost answer or an earlier run.
    private func assigned() async throws -> [OfferedItem] {
        let answer = try await connection.send(.GET, "\(path)/workitems")
        guard answer.status == 200 else { throw HTTPConnection.Broken(cause: "HTTP status \(answer.status)") }
        let items = try JSONValue(parsing: answer.bytes.readableBytesView)["items"]?.arrayValue ?? []
        return items.filter { $0["status"]?.stringValue == "assigned" }.compactMap { OfferedItem(item: $0) }
    }

    /// Repeats until it is done, for at most a minute: an answer may be lost, the work may not.
    private func insist(_ body: () async throws -> Void) async {
        let end = ContinuousClock.now + .seconds(60)
        while ContinuousClock.now < end, !Task.isCancelled {
            do { return try await body() } catch {
                recorder.record { $0.failures += 1 }
                try? await Task.sleep(for: .milliseconds(Int.random(in: 100...600)))
            }
        }
    }
}

/// The items that an agent is working on.
private final class InHand: Sendable {
    private let ids = Mutex<Set<String>>([])

    var isEmpty: Bool { ids.withLock(\.isEmpty) }
    func insert(_ id: String) -> Bool { ids.withLock { $0.insert(id).inserted } }
    func remove(_ id: String) { ids.withLock { _ = $0.remove(id) } }
}
