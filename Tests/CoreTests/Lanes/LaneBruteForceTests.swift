import Coordination
import Core
import Foundation
import Testing

import struct Domain.Instant

/// Random worlds, step by step, beside the reference that looks at every item.
@Suite(.enabled(if: laneTestRedisURL != nil), .serialized) struct LaneBruteForceTests {
    static let seeds: ClosedRange<UInt64> = {
        let environment = ProcessInfo.processInfo.environment
        let first = environment["LANE_SEED"].flatMap { UInt64($0) } ?? 1
        return first...(first + (environment["LANE_WORLDS"].flatMap { UInt64($0) } ?? 24) - 1)
    }()

    @Test("Every pick, match and recall is the brute-force best, whatever happened before")
    func agreesWithReference() async throws {
        var picks = 0
        for seed in Self.seeds {
            try await withLanes { store, _ in
                var world = LaneWorld(seed: seed, store: store)
                try await world.prepare()
                for _ in 0..<150 { try await world.step() }
                picks += world.picks
            }
        }
        #expect(picks > Self.seeds.count * 20)
    }
}

/// One random world: the store under test and the reference, told the same.
struct LaneWorld {
    let seed: UInt64
    let store: LaneStore
    var random: SeededGenerator
    var reference = ReferenceLanes()
    var moment = LaneMoment(now: Instant(milliseconds: 1_000_000), business: [1: 0, 2: 5, 3: 1_000_000])
    var arrival: Int64 = 1_700_000_000_000_000
    var revision: Int64 = 1
    var picks = 0

    init(seed: UInt64, store: LaneStore) {
        self.seed = seed
        self.store = store
        random = SeededGenerator(seed: seed)
    }

    mutating func prepare() async throws {
        for version in Int32(1)...4 {
            let curve = random.curve()
            reference.curves[version] = curve
            try await store.putCurve(curve, version: version)
        }
        for id in Int32(1)...6 { try await setAgent(id) }
    }

    mutating func step() async throws {
        switch Int.random(in: 0..<100, using: &random) {
        case 0..<30: try await add()
        case 30..<36: try await remove()
        case 36..<56: try await pick()
        case 56..<70: try await match()
        case 70..<82: try await settle()
        case 82..<86: try await setAgent(Int32.random(in: 1...8, using: &random))
        case 86..<89: try await limit()
        case 89..<93: try await passOver()
        case 93..<96: try await recall()
        case 96..<98: try await counts()
        case 98: try await forget()
        default: try await assign()
        }
        moment.now = Instant(milliseconds: moment.now.milliseconds + Int64.random(in: 0...3, using: &random))
        for calendar in Int32(1)...3 where random.chance(60) {
            moment.business[calendar, default: 0] += Int64.random(in: 0...9, using: &random)
        }
    }

    private mutating func some(_ range: ClosedRange<Int32>, _ percent: Int) -> [Int32] {
        var some: [Int32] = []
        for value in range where random.chance(percent) { some.append(value) }
        return some
    }

    private mutating func newLane() -> LaneKey {
        LaneKey(
            endpoint: Int32.random(in: 1...3, using: &random), requiredSkills: some(1...3, 25),
            weight: random.chance(75) ? 1 : Int32.random(in: 2...3, using: &random),
            preferredAgent: random.chance(12) ? Int32.random(in: 1...6, using: &random) : nil,
            schemaVersion: Int32.random(in: 1...4, using: &random),
            calendarVersion: Int32.random(in: 1...3, using: &random))
    }

    private mutating func newEntry() -> LaneEntry {
        let lane = newLane()
        if random.chance(90) { arrival += 1 }
        let age = Int64.random(in: -60...120, using: &random)
        return LaneEntry(
            lane: lane, anchor: (moment.business[lane.calendarVersion] ?? 0) - age,
            member: LaneMember(
                arrival: arrival, item: random.uuid(), revision: Int32.random(in: 1...12, using: &random)))
    }

    private mutating func add() async throws {
        var entries: [LaneEntry] = []
        for _ in 0..<Int.random(in: 1...8, using: &random) { entries.append(newEntry()) }
        let answer = try await store.add(entries)
        for entry in entries { reference.waiting[entry.lane, default: []].insert(entry) }
        #expect(answer.added == entries.count, "seed \(seed)")
        let expected = Set(entries.map(\.lane)).filter { !reference.eligible($0).isEmpty }
        #expect(Set(answer.lanesToMatch) == expected, "seed \(seed)")
    }

    private mutating func remove() async throws {
        let all = reference.waiting.values.flatMap { $0 }.sorted { $0.member.text < $1.member.text }
        guard let entry = all.randomElement(using: &random) else { return }
        let late = LaneEntry(
            lane: entry.lane, anchor: entry.anchor,
            member: LaneMember(
                arrival: entry.member.arrival, item: entry.member.item, revision: entry.member.revision + 1))
        #expect(try await store.remove([late]) == 0)
        #expect(try await store.remove([entry, late]) == 1)
        reference.waiting[entry.lane]?.remove(entry)
    }

    private mutating func pick() async throws {
        let id = Int32.random(in: 1...8, using: &random)
        let most = Int.random(in: 1...4, using: &random)
        let trigger: PickTrigger = random.chance(20) ? .next : .agent
        let answer = try await store.pick(agent: id, trigger: trigger, at: moment, deadline: farDeadline, most: most)
        let (expected, end) = reference.pick(id, trigger: trigger, at: moment, most: most)
        compare(answer, expected, [end])
    }

    private mutating func match() async throws {
        let lanes = reference.waiting.keys.sorted { $0.name < $1.name }.shuffled(using: &random).prefix(4)
        let most = Int.random(in: 1...6, using: &random)
        let answer = try await store.match(lanes: Array(lanes), at: moment, deadline: farDeadline, most: most)
        let (expected, ends) = reference.match(Array(lanes), at: moment, most: most)
        compare(answer, expected, ends)
    }

    private mutating func compare(_ answer: PickAnswer, _ expected: [ReferenceLanes.Pick], _ ends: [PickEnd]) {
        #expect(answer.ends == ends, "seed \(seed)")
        #expect(answer.picks.count == expected.count, "seed \(seed)")
        for (pick, best) in zip(answer.picks, expected) {
            picks += 1
            let why = pick.explanation
            #expect(pick.agent == best.agent, "seed \(seed)")
            #expect([why.chosen] + why.competitors == Array(best.order.prefix(11)), "seed \(seed)")
            #expect(why.furtherLanes == best.order.count - 1 - why.competitors.count, "seed \(seed)")
            #expect(why.agents == Array(best.agents.prefix(10)), "seed \(seed)")
            #expect(why.furtherAgents == best.agents.count - why.agents.count, "seed \(seed)")
            #expect(Set(why.limitedEndpoints) == best.limited, "seed \(seed)")
            #expect(why.business == moment.business[pick.entry.lane.calendarVersion], "seed \(seed)")
        }
    }

    private func heldItems() -> [(Int32, ReferenceLanes.Held)] {
        reference.agents.flatMap { id, agent in agent.held.values.map { (id, $0) } }
            .sorted { $0.1.entry.member.text < $1.1.entry.member.text }
    }

    private mutating func settle() async throws {
        guard let (id, held) = heldItems().randomElement(using: &random) else { return }
        let item = held.entry.member.item
        let known = AgentItem(agent: id, item: item, at: held.entry.member.revision + 1)
        switch Int.random(in: 0..<4, using: &random) {
        case 0:
            #expect(try await store.confirm([known]) == [held.stage])
            if held.stage == .reserved { reference.agents[id]?.held[item]?.stage = .offered }
        case 1:
            #expect(try await store.accept([known]) == [held.stage])
            reference.agents[id]?.held[item]?.stage = .accepted
        case 2:
            let released = try await store.refuse([known, known])
            let goes = held.stage == .reserved
            #expect(released.map(\.weight) == [goes ? Int(held.entry.lane.weight) : 0, 0])
            if goes {
                reference.agents[id]?.held[item] = nil
                reference.agents[id]?.idleSince = held.idleBefore
            }
        default:
            let released = try await store.release([Release(known, idle: .since(moment.now))])
            reference.agents[id]?.held[item] = nil
            reference.agents[id]?.idleSince = moment.now.milliseconds
            let agent = reference.agents[id]
            #expect(released.first?.mayTakeMore == (agent.map { $0.readiness == .ready && $0.free > 0 }))
        }
    }

    private mutating func setAgent(_ id: Int32) async throws {
        revision += 1
        let profile = AgentProfile(endpoints: some(1...3, 60), skills: some(1...3, 50))
        let known = reference.agents[id]
        var agent = LaneAgent(
            id: id, profile: random.chance(50) ? known?.profile ?? profile : profile,
            capacity: Int32.random(in: 1...4, using: &random),
            readiness: random.chance(80) ? .ready : AgentReadiness.allCases.randomElement(using: &random) ?? .ready,
            revision: revision, idleSince: moment.now.milliseconds - Int64.random(in: 0...5, using: &random))
        let state = ReferenceLanes.Agent(
            profile: agent.profile, capacity: agent.capacity, readiness: agent.readiness,
            idleSince: max(agent.idleSince, known?.idleSince ?? .min),
            held: known?.held ?? [:], missed: known?.missed ?? [:])
        reference.agents[id] = state
        let answer = try await store.setAgent(agent)
        #expect(
            answer == AgentPlacement(applied: true, mayTakeMore: state.readiness == .ready && state.free > 0),
            "seed \(seed)")
        agent.revision -= 1
        agent.readiness = .offline
        #expect(try await store.setAgent(agent).applied == false)
    }

    private mutating func limit() async throws {
        reference.limits = [:]
        for endpoint in Int32(1)...3 where random.chance(40) {
            reference.limits[endpoint] = Int.random(in: 0...4, using: &random)
        }
        try await store.setLimits(reference.limits)
    }

    private mutating func passOver() async throws {
        let id = Int32.random(in: 1...6, using: &random)
        guard reference.agents[id] != nil, let head = reference.heads(for: id, at: moment).order.first else { return }
        guard reference.agents[id]?.missed.filter({ $0.value > moment.now.milliseconds }).count ?? 0 < 16 else {
            return
        }
        let until = moment.now.milliseconds + Int64.random(in: 1...20, using: &random)
        reference.agents[id]?.missed[head.entry.member.item] = until
        try await store.passOver(
            item: head.entry.member.item, agent: id, until: Instant(milliseconds: until), now: moment.now)
    }

    private mutating func recall() async throws {
        for endpoint in Int32(1)...3 {
            let answer = try await store.recall(endpoint: endpoint, at: moment)
            let expected = reference.recall(endpoint, at: moment)
            #expect(answer?.agent == expected?.agent, "seed \(seed)")
            #expect(answer?.recalled.entry == expected?.recalled, "seed \(seed)")
            #expect(answer?.newcomer.entry == expected?.newcomer, "seed \(seed)")
        }
    }

    private mutating func counts() async throws {
        if random.chance(60) { try await store.pruneEmptyLanes() }
        let counts = try await store.counts()
        let expected = reference.waiting.filter { !$0.value.isEmpty }
        #expect(counts.reduce(0) { $0 + $1.size } == expected.values.reduce(0) { $0 + $1.count }, "seed \(seed)")
        for count in counts { #expect(count.size == expected[count.lane]?.count ?? 0, "seed \(seed)") }
    }

    private mutating func forget() async throws {
        let id = Int32.random(in: 5...8, using: &random)
        #expect(try await store.forgetAgent(id, before: revision + 1) == (reference.agents[id] != nil))
        reference.agents[id] = nil
    }

    private mutating func assign() async throws {
        let id = Int32.random(in: 1...4, using: &random)
        guard let agent = reference.agents[id] else { return }
        let entry = newEntry()
        try await store.reserve([Reservation(agent: id, entry: entry)], deadline: farDeadline)
        let accepted = AgentItem(agent: id, item: entry.member.item, at: entry.member.revision)
        #expect(try await store.accept([accepted]) == [.reserved])
        reference.hold(id, entry, .accepted, before: agent.idleSince)
    }
}
