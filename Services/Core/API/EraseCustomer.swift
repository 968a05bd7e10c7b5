import Domain
import Foundation
import Storage

/// Takes what is known of a customer out of PostgreSQL: out of the customer's items, their events, kept answers and dead
/// letters. Items and events themselves stay, so that every count stays what it was, and each item tells of it by an event.
/// Of those that are gone one event tells: a data mart has facts of them still.
///
/// An item that was the customer's once and is another's now keeps its content; what its events tell of that time goes.
/// Messages already on Kafka age out by the topics' retention.
///
/// It works in pages, each found by an index and erased in one transaction with its events: whatever is asked again, also
/// after a kill in the middle, goes on with what is left. Dead letters come first, since they are known by captureIds that
/// the items lose.
struct EraseCustomer: Sendable {
    let runtime: TenantRuntime
    let name: CustomerName
    let actor: Actor
    /// Items of a transaction; an item has some ten events.
    static let page = 200

    init(runtime: TenantRuntime, customer: String, actor: Actor) {
        self.runtime = runtime
        self.name = CustomerName(text: customer, attribute: runtime.snapshot.configuration.customerAttribute)
        self.actor = actor
    }

    /// - Returns: how many items were erased, those among them that were the customer's once.
    func perform() async throws -> Int {
        let last = try await eraseDeadLetters(after: UUID(high: 0, low: 0))
        var total = 0
        while case let ids = try await presentItems(), !ids.isEmpty { total += try await erase(ids) }
        while case let ids = try await pastItems(), !ids.isEmpty { total += try await erase(ids) }
        try await eraseMessagesElsewhere()
        // Those that came meanwhile.
        _ = try await eraseDeadLetters(after: last)
        try await removeFiles()
        return total
    }

    private func erase(_ ids: [UUID]) async throws -> Int {
        let now = Instant.now
        let (changes, batch) = try await runtime.dependencies.pool.transaction(tenant: runtime.tenant) {
            transaction -> ([WorkItemChange], Int64?) in
            let items = try await transaction.query(locking(ids)).map { try WorkItem(row: $0) }
            let others = items.filter { $0.customer != nil && $0.customer != name.text }.map(\.id)
            let histories = others.isEmpty ? [:] : try await contentEvents(of: others, on: transaction)
            var changes: [WorkItemChange] = []
            // Events may outlive their item, and facts both.
            let gone = Set(ids).subtracting(items.map(\.id))
            let past = try await takePast(of: ids, on: transaction).filter { gone.contains($0.id) }
            var blanks = gone.map { Blank(item: $0, wholly: true) }
            for item in items {
                var after = item
                if others.contains(item.id) {
                    guard let end = Self.end(ofTimeIn: histories[item.id] ?? []) else { continue }
                    blanks.append(Blank(item: item.id, before: end, wholly: false))
                } else {
                    blanks.append(Blank(item: item.id, wholly: true))
                    after.erase()
                }
                changes.append(told(item, as: after, at: now))
            }
            let touchesLanes = changes.contains(where: \.touchesLanes)
            let emails = try await emails(ofItems: blanks, on: transaction)
            blanks += emails.map { Blank(item: $0, wholly: false) }
            // The new events come after: what they tell is how the items are now.
            var statements = [blanking(blanks)]
            statements += forgettingEmails(
                emails, ofItems: blanks.filter(\.wholly).map(\.item), at: now)
            statements += forgettingAnswers(about: blanks.map(\.item), captureIds: changes.map(\.before.captureId))
            statements += telling(changes, past, at: now)
            let results = try await transaction.commit(with: statements)
            return (changes, touchesLanes ? try results.last?[0, 0].int64 : nil)
        }
        if !changes.isEmpty { runtime.after(.changed(changes, agents: [], batch: batch)) }
        return changes.count
    }

    /// The step of an item that lost something to the erasure.
    func told(_ item: WorkItem, as changed: WorkItem? = nil, at now: Instant) -> WorkItemChange {
        var after = changed ?? item
        after.revision += 1
        after.updatedAt = now
        return WorkItemChange(
            before: item, after: after, action: .erase, actor: actor, agent: item.isOut ? item.assignee : nil,
            attributesChanged: true)
    }

    /// Writes the steps, and what there is to tell of items that are gone; the last statement tells the number of their
    /// batch. Words that are searched go at once.
    func telling(_ changes: [WorkItemChange], _ past: [PastItem] = [], at now: Instant) -> [SQLStatement] {
        var events = changes.map { WorkItemEvents.event(of: $0, in: runtime.snapshot) }
        if !past.isEmpty { events.append(GoneItemEvents.erased(past, actor: actor)) }
        guard !events.isEmpty else { return [] }
        var statements: [SQLStatement] = []
        if !changes.isEmpty {
            let items = changes.map(\.after)
            statements = [IndexText.forgetting(items.map(\.id), tenant: runtime.tenant), updating(items)]
        }
        return statements + [
            WorkItemEvents.insertion(
                of: events, tenant: runtime.tenant, at: now, laned: !changes.contains(where: \.touchesLanes))
        ]
    }

    /// The revision at which the item's content became another customer's for good; nil when it never was this one's.
    private static func end(ofTimeIn history: [(revision: Int32, names: Bool)]) -> Int32? {
        guard let last = history.lastIndex(where: \.names) else { return nil }
        return history[(last + 1)...].first?.revision ?? .max
    }
}
