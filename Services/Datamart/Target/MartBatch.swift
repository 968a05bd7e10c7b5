import Domain
import Foundation
import Projection
import Storage

/// One batch: events in, statements out.
struct MartBatch: Sendable {
    var memory: MartMemory
    let settings: MartSettings
    private let reader: ReadSteps
    private var facts: [WriteFacts.Task] = []
    private var agentFacts: [AgentStep] = []
    private var emailFacts: [EmailStep] = []
    private var changedTasks: Set<UUID> = []
    private var changedEmails: Set<UUID> = []
    private var changedAgents: Set<Int32> = []
    private var works: [LoadStates.WorkId: TaskWork] = [:]
    /// What an erasure takes out of an item's steps.
    private var erased: [UUID: WriteFacts.Erasure] = [:]
    /// Up to which position an item's messages tell nothing any more.
    private var erasedMessages: [UUID: Int64] = [:]
    /// Customers that an item no longer names.
    private var left: Set<Int32> = []

    init(memory: MartMemory, settings: MartSettings) {
        self.memory = memory
        self.settings = settings
        reader = ReadSteps(settings: settings)
        self.memory.contributions.clear()
    }

    /// Reads what is not remembered of the items, messages and names that the events concern, in one round trip.
    /// - Parameter missed: new rows of an attempt before, whose names the database has after all.
    mutating func load(
        for events: [ProjectedEvent], missed: MissedNames = MissedNames(), from pool: PostgresPool
    ) async throws {
        var items: Set<UUID> = []
        var emails: Set<UUID> = []
        var customers = Set(missed.customers)
        var customs = Set(missed.customs)
        for event in events {
            if event.kind.hasPrefix("workitem.") {
                // The first step of an item has no state before it.
                if event.revision > 1, let id = UUID(dashedText: event.subject), memory.tasks[id] == nil {
                    items.insert(id)
                }
            } else if event.kind.hasPrefix("email.") {
                if event.revision > 1, let id = UUID(dashedText: event.subject), memory.emails[id] == nil {
                    emails.insert(id)
                }
            }
            for (item, _) in reader.goneItems(event) where memory.tasks[item] == nil { items.insert(item) }
            reader.names(in: event) { dimension, name in
                guard !memory.keys.knows(dimension, name) else { return }
                if dimension == .customer {
                    customers.insert(name)
                } else if let value = CustomValue(name: name) {
                    customs.insert(value)
                }
            }
        }
        if items.isEmpty, emails.isEmpty, customers.isEmpty, customs.isEmpty { return }
        let results = try await pool.batch([
            LoadStates.tasks(Array(items)), LoadStates.emails(Array(emails)), LoadStates.customers(Array(customers)),
            LoadStates.customs(Array(customs)),
        ])
        for row in results[0] {
            let state = try LoadStates.task(row)
            memory.tasks[state.item] = state
        }
        for row in results[1] {
            let state = try LoadStates.email(row)
            memory.emails[state.email] = state
        }
        for row in results[2] { memory.keys.remember(.customer, try row[0].text, key: try row[1].int32) }
        for row in results[3] {
            let value = CustomValue(slot: try row[0].int, attribute: try row[1].text, value: try row[2].text)
            memory.keys.remember(.custom, value.name, key: try row[3].int32)
        }
    }

    /// Applies the events in order.
    mutating func fold(_ events: [ProjectedEvent]) {
        for event in events {
            if let step = reader.taskStep(event, &memory.keys) {
                apply(step)
            } else if let step = reader.agentStep(event, &memory.keys) {
                apply(step)
            } else if let step = reader.emailStep(event, &memory.keys) {
                emailFacts.append(step)
                if FoldEmail.apply(step, to: &memory.emails[step.email], &memory.contributions) {
                    changedEmails.insert(step.email)
                }
            } else {
                for (item, isFormer) in reader.goneItems(event) { forget(item, isFormer, at: event.position) }
            }
        }
    }

    /// Core has the item no longer, and no step of it will come: it stays as it is but for its customer.
    private mutating func forget(_ item: UUID, _ isFormer: Bool, at position: Int64) {
        // Where the item is too old for the mart as well, facts of its messages may still be there.
        if !isFormer { erasedMessages[item] = position }
        guard var state = memory.tasks[item] else { return }
        // What is another customer's stays; whose reasons they were is not known.
        let isAnothers = isFormer && state.customer > 0
        erased[item] = .init(before: .max, results: !isAnothers)
        if !isAnothers {
            erasedMessages[item] = position
            state.resultCode = 0
            if state.customer > 0 { left.insert(state.customer) }
            state.forgetCustomer()
            state.captureId = "erased:\(item.uuidString.lowercased())"
        }
        memory.tasks[item] = state
        changedTasks.insert(item)
    }

    private mutating func apply(_ step: TaskStep) {
        let customer = memory.tasks[step.item]?.customer ?? 0
        let outcome = memory.fold.apply(step, to: &memory.tasks[step.item], &memory.contributions)
        guard let state = memory.tasks[step.item] else { return }
        facts.append(
            WriteFacts.Task(
                step: step, effectiveAt: outcome?.effectiveAt ?? max(step.at, state.effectiveAt),
                mediaType: state.mediaType, segment: state.segment, product: state.product,
                businessValueBand: state.businessValueBand))
        guard let outcome else { return }
        changedTasks.insert(step.item)
        for work in outcome.works { works[.init(item: step.item, number: work.number)] = work }
        if customer > 0, state.customer != customer { left.insert(customer) }
        if step.action == .erase {
            erased[step.item] = .init(before: step.revision, results: true)
            if state.customer == -1 { erasedMessages[step.item] = step.position }
        }
        if outcome.releasedFrom != 0 {
            change(outcome.releasedFrom, at: outcome.effectiveAt) { $0.items = max(0, $0.items - 1) }
        }
        if outcome.assignedTo != 0 { change(outcome.assignedTo, at: outcome.effectiveAt) { $0.items += 1 } }
    }

    private mutating func apply(_ step: AgentStep) {
        agentFacts.append(step)
        if let known = memory.agents[step.agent], step.revision <= known.revision { return }
        change(step.agent, at: step.at) {
            $0.declared = AgentState.Declared(rawValue: step.to) ?? .offline
            $0.revision = step.revision
        }
    }

    private mutating func change(_ agent: Int32, at time: Int64, _ body: (inout AgentState) -> Void) {
        var state =
            memory.agents[agent] ?? AgentState(agent: agent, effectiveAt: time, countedThrough: time)
        memory.agentFold.change(&state, at: time, &memory.contributions, body)
        memory.agents[agent] = state
        changedAgents.insert(agent)
    }

    /// What is to be written, in order.
    mutating func statements() -> [SQLStatement] {
        var statements = partitions()
        statements += WriteDimensions.statements(memory.keys)
        if !facts.isEmpty { statements.append(WriteFacts.tasks(facts)) }
        if !agentFacts.isEmpty { statements.append(WriteFacts.agents(agentFacts)) }
        if !emailFacts.isEmpty { statements.append(WriteFacts.emails(emailFacts)) }
        let tasks = changedTasks.compactMap { memory.tasks[$0] }
        if !tasks.isEmpty { statements.append(WriteTasks.tasks(tasks)) }
        if !works.isEmpty { statements.append(WriteTasks.works(works)) }
        let emails = changedEmails.compactMap { memory.emails[$0] }
        if !emails.isEmpty { statements.append(WriteTasks.emails(emails)) }
        let agents = changedAgents.compactMap { memory.agents[$0] }
        if !agents.isEmpty { statements.append(WriteTasks.agents(agents)) }
        statements += WriteAggregates.statements(memory.contributions)
        if !erased.isEmpty { statements.append(WriteFacts.erasing(erased)) }
        if !erasedMessages.isEmpty { statements.append(WriteFacts.erasing(messagesOf: erasedMessages)) }
        if !left.isEmpty { statements.append(WriteFacts.forgetting(customers: Array(left))) }
        return statements
    }

    private mutating func partitions() -> [SQLStatement] {
        var days = Set(facts.map { dayOf($0.step.at) })
        days.formUnion(agentFacts.map { dayOf($0.at) })
        days.formUnion(emailFacts.map { dayOf($0.at) })
        return memory.partitions.statements(facts: days, memory.contributions)
    }

    /// The memory after the batch has been written.
    mutating func remember(position: Int64) -> MartMemory {
        memory.position = position
        memory.keys.written()
        // A customer that was deleted may come again, under another key.
        if !left.isEmpty { memory.keys.forget(.customer) }
        memory.contributions.clear()
        memory.trim(keeping: changedTasks, emails: changedEmails)
        return memory
    }
}
