import Domain
import Foundation
import ServiceKit
import Storage

/// Messages become work: each is known already, or belongs to a conversation, or makes a new item. One transaction for a
/// call, under the mailbox's term: messages, items, events, outbox and progress are there together or not at all.
///
/// Two calls that concern one conversation wait for each other, whatever mailboxes they come from, so that its first two
/// messages make one item.
struct ReceiveEmails: Sendable {
    let runtime: TenantRuntime
    let mailbox: MailboxConfiguration
    let term: Int64
    let trace: String?
    var tenant: Int32 { runtime.tenant }

    /// What became of a message.
    struct Outcome: Sendable {
        enum Kind: String, Sendable, CaseIterable {
            case created, followUp, restarted, duplicate, deliveryStatus, loop, failed
            /// Not taken: it is to be sent again.
            case retry
        }
        var key: ReceivedEmail.Key
        var kind: Kind
        var workItem: UUID?
        var email: UUID?
        var reason: String?
        /// Whether it was taken before and was not kept whole then: the server has the only copy.
        var isIncomplete = false

        func write(to writer: inout JSONWriter) {
            writer.object { json in
                json.member("key", key.document)
                json.member("outcome", kind.rawValue)
                json.member("workItemId", workItem?.dashedText)
                json.member("emailId", email?.dashedText)
                json.member("reason", reason)
                if isIncomplete { json.member("incomplete", true) }
            }
        }
    }

    /// How far the mailbox has been read, says the service.
    enum Progress: Sendable {
        case place(Place)
        case cursor(String)
    }

    /// How far a folder has been read.
    struct Place: Sendable {
        var folder: String
        var uidValidity: Int64
        var uid: Int64
        /// How often UIDs began anew while UIDVALIDITY stayed.
        var epoch: Int64 = 0
        /// Whose mailbox it is.
        var account: String?
        /// From when on mail is taken, where another account began anew.
        var from: Instant?
    }

    /// What a transaction did, for those who act on it after the commit.
    private struct Committed: Sendable {
        var outcomes: [Outcome]
        var created: [WorkItem]
        var createdBatch: Int64?
        var changes: [WorkItemChange]
        var agents: [AgentRow]
        var changedBatch: Int64?
        /// Whether something is to be sent.
        var answers = false
    }

    func perform(_ emails: [ReceivedEmail], _ progress: Progress?, at now: Instant) async throws -> [Outcome] {
        let emails = emails.map { $0.got(by: mailbox.name) }
        let snapshot = runtime.snapshot
        guard let source = snapshot.names.id(of: .source, mailbox.source) else {
            throw Problem.notFound("The mailbox's source is not part of the configuration.")
        }
        let fence = MailboxLease(runtime: runtime, mailbox: mailbox).fence(term)
        let order = Self.order(of: emails)
        // Repeatable: what a lost COMMIT has written is found again by its keys.
        let done = try await runtime.dependencies.pool.transaction(tenant: tenant, fence: fence, idempotent: true) {
            transaction in
            let known = try await look(for: emails, at: now, on: transaction)
            var reception = Reception(
                mailbox: mailbox, source: source, snapshot: snapshot, known: known,
                actor: Actor(.source, mailbox.source, trace: trace), now: now,
                tokens: ReplyTokens(box: runtime.dependencies.secrets, tenant: tenant),
                capture: CaptureWorkItems(
                    pool: runtime.dependencies.pool, tenant: tenant, arrivals: runtime.arrivals))
            for place in order { reception.take(emails[place]) }
            return try await write(&reception, progress, on: transaction)
        }
        if !done.created.isEmpty { runtime.after(.entered(done.created, batch: done.createdBatch)) }
        if !done.changes.isEmpty {
            runtime.announceOffers(in: done.changes)
            runtime.after(.changed(done.changes, agents: done.agents, batch: done.changedBatch))
        }
        runtime.committed.raise()
        if done.answers { runtime.announceMail() }
        CoreMetrics.note(done.changes, at: now)
        return zip(order, done.outcomes).sorted { $0.0 < $1.0 }.map(\.1)
    }

    /// Places of messages in the order in which they are looked at: those first that others of them refer to. Mail servers
    /// hand over what was sent within a moment in any order, and an answer to a message that is not known yet would begin
    /// another conversation.
    private static func order(of emails: [ReceivedEmail]) -> [Int] {
        let places = Dictionary(emails.enumerated().map { ($1.reference, $0) }, uniquingKeysWith: { first, _ in first })
        var order: [Int] = []
        var seen: Set<Int> = []
        func visit(_ place: Int) {
            guard seen.insert(place).inserted else { return }
            for id in emails[place].references { places[id].map(visit) }
            order.append(place)
        }
        for place in emails.indices { visit(place) }
        return order
    }

    private func write(
        _ reception: inout Reception, _ progress: Progress?, on transaction: Transaction
    ) async throws -> Committed {
        let (snapshot, now) = (reception.snapshot, reception.now)
        var committed = Committed(
            outcomes: [], created: [], createdBatch: nil, changes: [], agents: [], changedBatch: nil)
        let items = reception.newItems
        if !items.isEmpty {
            let traces = Dictionary(items.map { ($0.id, trace) }, uniquingKeysWith: { $1 })
            let rows = try await transaction.query(
                reception.capture.insertion(of: items, traces: traces, in: snapshot, at: now))
            let (inserted, batch) = try CaptureWorkItems.inserted(rows)
            // The source has made an item of that number itself.
            for item in items where !inserted.contains(item.id) { reception.refuse(item) }
            committed.created = items.filter { inserted.contains($0.id) }
            committed.createdBatch = committed.created.contains { $0.status == .queued } ? batch : nil
        }
        var statements: [SQLStatement] = []
        var changedBatch: Int?
        if !reception.requests.isEmpty {
            let change = ChangeWorkItems(pool: runtime.dependencies.pool, tenant: tenant)
            let decided = change.decide(reception.requests, locked: reception.known.locked, in: snapshot, at: now)
            reception.settle(decided.outcomes)
            if !decided.changes.isEmpty {
                (statements, changedBatch) = change.statements(for: decided, in: snapshot, at: now)
            }
            let done = decided.committed
            (committed.changes, committed.agents) = (done.changes, done.agents)
        }
        statements += try reception.statements(tenant: tenant, progress)
        let results = try await transaction.commit(with: statements)
        if let changedBatch { committed.changedBatch = try results[changedBatch][0, 0].int64 }
        committed.outcomes = reception.outcomes
        committed.answers = !reception.answers.isEmpty
        return committed
    }
}
