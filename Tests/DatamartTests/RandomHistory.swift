import Datamart
import Domain
import Foundation
import Projection

/// Repeatable random numbers.
struct Dice: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed &* 0x9E37_79B9_7F4A_7C15 | 1 }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    /// True once in so many times.
    mutating func one(in count: Int) -> Bool { Int.random(in: 0..<count, using: &self) == 0 }
}

/// A tenant's events as core tells them, of items that do whatever is allowed, in any order, at times that clocks
/// differ about.
struct RandomHistory {
    private struct Item {
        var id: UUID
        var revision: Int32 = 0
        var status: WorkItemStatus?
        var category = "Incidents"
        var queue = "desk"
        var agent: String?
        var heldFrom: WorkItemStatus?
        var activation: Int64
        var due: Int64?
        var attributes: JSONObject = [:]
        var businessValue: Double?
        var version: Int64 = 1
        var erased = false
        var captureId: String
    }

    private(set) var events: [ProjectedEvent] = []
    private var dice: Dice
    private var now: Int64
    private var items: [Item] = []
    private var agents: [String: (state: String, revision: Int32)] = [:]
    private var emails: [(id: UUID, revision: Int32, state: EmailState, outgoing: Bool, item: UUID?)] = []
    private let longestPause: Int64
    private static let categories = [
        "Incidents", "Incidents/Major", "Incidents/Minor", "Requests", "Requests/A/B/C/D/E/F/G/H/I/J/K",
    ]

    /// - Parameters:
    ///   - start: milliseconds since 1970 of the first event.
    ///   - longestPause: the most milliseconds between two events.
    init(seed: UInt64, start: Int64, events count: Int, longestPause: Int64) {
        dice = Dice(seed: seed)
        now = start
        self.longestPause = longestPause
        while events.count < count { step() }
    }

    private func number(of id: UUID) -> Int { items.firstIndex { $0.id == id } ?? 0 }

    private mutating func step() {
        // Long pauses now and then, so that items cross midnights and age bands.
        now += Int64.random(in: 0...(dice.one(in: 20) ? longestPause : longestPause / 50), using: &dice)
        switch Int.random(in: 0..<20, using: &dice) {
        case 0, 1: agent()
        case 2: email()
        case 3...6 where items.count < 400: submit()
        default: items.isEmpty ? submit() : act()
        }
    }

    /// The clocks of several instances differ by up to two seconds.
    private mutating func seen() -> Instant {
        Instant(milliseconds: now - (dice.one(in: 4) ? Int64.random(in: 0...2000, using: &dice) : 0))
    }

    private mutating func tell(_ subject: String, _ kind: String, _ revision: Int32, _ data: JSONObject) {
        events.append(
            ProjectedEvent(
                position: Int64(events.count + 1), id: "\(subject)-\(revision)", subject: subject, kind: kind,
                revision: revision, at: seen(), data: data))
    }

    private mutating func content(of item: inout Item) {
        item.attributes = [:]
        for (name, values) in [
            ("customer", ["Ann", "Bob", "Cyd", "Dee", "Élise"]), ("segment", ["gold", "silver"]),
            ("product", ["A", "B"]),
            ("country", ["SE", "DE"]), ("impact", ["1", "2", "3"]),
        ] where !dice.one(in: 4) {
            item.attributes[name] = .string(values.randomElement(using: &dice) ?? "")
        }
        item.businessValue = dice.one(in: 2) ? Double(Int.random(in: -10...2000, using: &dice)) : nil
    }

    private mutating func place(_ item: inout Item) {
        item.category = Self.categories.randomElement(using: &dice) ?? ""
        item.queue = ["desk", "back office", "night"].randomElement(using: &dice) ?? ""
        item.due = dice.one(in: 5) ? nil : now + Int64.random(in: -3_600_000...(4 * longestPause), using: &dice)
        item.version = Int64.random(in: 1...2, using: &dice)
    }

    private mutating func submit() {
        var item = Item(
            id: UUID(uuid: dice.uuid), activation: now, captureId: "INC-\(items.count)")
        content(of: &item)
        place(&item)
        let to: WorkItemStatus =
            switch Int.random(in: 0..<12, using: &dice) {
            case 0: .new
            case 1: .errorheld
            case 2: .rejected
            default: .queued
            }
        if to == .new { item.activation = now + Int64.random(in: 1...longestPause, using: &dice) }
        tell(&item, to == .rejected ? .reject : .submit, from: nil, to: to, agent: nil, withContent: true)
        items.append(item)
    }

    private mutating func act() {
        let index = Int.random(in: 0..<items.count, using: &dice)
        var item = items[index]
        guard let status = item.status else { return }
        // Final items rest, mostly.
        if status.isFinal, !dice.one(in: 6) { return }
        let possible = Transition.actions(in: status).filter {
            ![.submit, .classify, .push, .reject].contains($0) && !($0 == .erase && !dice.one(in: 10))
        }
        guard let action = possible.randomElement(using: &dice) else { return }
        var targets = Transition.targets(from: status, action: action)
        if status == .held, action == .resume {
            targets = [Transition.next(from: .held, action: .resume, heldFrom: item.heldFrom) ?? .captured]
        }
        guard var to = targets.randomElement(using: &dice) else { return }
        if to == .captured {
            to = [.queued, .queued, .queued, .errorheld, .rejected].randomElement(using: &dice) ?? .queued
        }
        change(&item, action, from: status, to: to)
        items[index] = item
    }

    private mutating func change(_ item: inout Item, _ action: WorkItemAction, from: WorkItemStatus, to: WorkItemStatus)
    {
        var concerned: String?
        var withContent = false
        let agent = "agent \(Int.random(in: 1...4, using: &dice))"
        switch action {
        case .offer, .pull, .assign, .unpark:
            item.agent = agent
            concerned = agent
        case .accept: concerned = dice.one(in: 2) ? item.agent : nil
        case .miss, .decline, .recall, .withdraw, .park: concerned = item.agent
        case .complete, .cancel, .hold: concerned = from.isWithAgent && dice.one(in: 2) ? item.agent : nil
        case .transfer: place(&item)
        case .update:
            withContent = !dice.one(in: 3)
            if withContent { content(of: &item) }
            if from == .queued || from == .captured || from == .new { place(&item) }
        case .reprioritise:
            item.due = item.due.map { $0 + Int64.random(in: -longestPause...longestPause, using: &dice) }
        case .activate: item.activation = now
        case .restart:
            item.activation = now
            withContent = true
            place(&item)
        case .erase:
            item.attributes = [:]
            item.erased = true
            item.captureId = "erased:\(item.id.uuidString.lowercased())"
            withContent = true
        default: break
        }
        if to == .held, from != .held { item.heldFrom = from }
        tell(&item, action, from: from, to: to, agent: concerned, withContent: withContent)
        if !to.isWithAgent { item.agent = nil }
    }

    private mutating func tell(
        _ item: inout Item, _ action: WorkItemAction, from: WorkItemStatus?, to: WorkItemStatus, agent: String?,
        withContent: Bool
    ) {
        item.revision += 1
        item.status = to
        var data: JSONObject = [
            "workItemId": .string(item.id.uuidString.lowercased()), "captureId": .string(item.captureId),
            "sourceName": .string(number(of: item.id) % 3 == 0 ? "email" : "vinst"),
            "revision": .integer(Int64(item.revision)),
            "action": .string(action.rawValue), "to": .string(to.rawValue),
            "actor": ["kind": "system", "id": "test"], "weight": 1,
            "activation": .string(Instant(milliseconds: item.activation).rfc3339),
            "configurationVersion": .integer(item.version),
        ]
        data["from"] = from.map { .string($0.rawValue) }
        data["agent"] = agent.map { .string($0) }
        if to != .rejected { data["category"] = .string(item.category) }
        data["endpoint"] = .string(item.queue)
        data["channel"] = "incident"
        data["due"] = item.due.map { .string(Instant(milliseconds: $0).rfc3339) }
        if action == .offer || action == .pull {
            data["priority"] = .number(Double(Int.random(in: -50...300, using: &dice)))
            data["age"] = .number(1.5)
        }
        if action == .complete, dice.one(in: 2) { data["result"] = dice.one(in: 3) ? ["code": "sold"] : "solved" }
        if action == .hold { data["reason"] = "waits" }
        if withContent {
            data["attributes"] = .object(item.attributes)
            data["businessValue"] = item.businessValue.map { .number($0) }
        }
        tell(item.id.uuidString.lowercased(), "workitem.\(action.rawValue)", item.revision, data)
    }

    private mutating func agent() {
        let number = Int.random(in: 1...4, using: &dice)
        let name = "agent \(number)"
        let before = agents[name] ?? ("offline", 0)
        guard let state = ["ready", "notReady", "offline"].filter({ $0 != before.state }).randomElement(using: &dice)
        else { return }
        agents[name] = (state, before.revision + 1)
        tell(
            "\(number)", "agent.state", before.revision + 1,
            [
                "agent": .string(name), "revision": .integer(Int64(before.revision + 1)), "from": .string(before.state),
                "to": .string(state), "actor": ["kind": "agent", "id": .string(name)],
            ])
    }

    private mutating func email() {
        if emails.isEmpty || dice.one(in: 3) {
            let outgoing = dice.one(in: 2)
            emails.append((UUID(uuid: dice.uuid), 0, outgoing ? .draft : .received, outgoing, nil))
            tell(email: emails.count - 1, from: nil)
            return
        }
        let index = Int.random(in: 0..<emails.count, using: &dice)
        let before = emails[index].state
        let actions: [EmailAction] = [
            .send, .approve, .reject, .cancel, .retry, .confirm, .claim, .accept, .postpone, .fail, .lose, .deliver,
            .bounce,
        ]
        let next = actions.compactMap { EmailTransition.next(from: before, action: $0) }.randomElement(using: &dice)
        guard emails[index].outgoing, let next else { return }
        emails[index].state = next
        tell(email: index, from: before)
    }

    private mutating func tell(email index: Int, from: EmailState?) {
        emails[index].revision += 1
        // Some are nobody's, and some come to their item late.
        let kind = emails[index].id.uuid.0 % 4
        if kind > 1 || kind == 1 && emails[index].revision > 1, emails[index].item == nil {
            emails[index].item = items.last?.id
        }
        let email = emails[index]
        var data: JSONObject = [
            "emailId": .string(email.id.uuidString.lowercased()), "revision": .integer(Int64(email.revision)),
            "direction": email.outgoing ? "out" : "in", "mailbox": .string(index % 2 == 0 ? "support" : "sales"),
            "to": .string(email.state.rawValue), "actor": ["kind": "system", "id": "mailbox:support"],
        ]
        data["from"] = from.map { .string($0.rawValue) }
        data["workItemId"] = email.item.map { .string($0.uuidString.lowercased()) }
        if email.outgoing { data["attempt"] = .integer(Int64(email.revision / 3)) }
        tell(email.id.uuidString.lowercased(), "email.\(email.state.rawValue)", email.revision, data)
    }
}

extension Dice {
    mutating func uuidBytes() -> (UInt64, UInt64) { (next(), next()) }

    var uuid: uuid_t {
        mutating get {
            let halves = uuidBytes()
            return withUnsafeBytes(of: halves) { $0.loadUnaligned(as: uuid_t.self) }
        }
    }
}
