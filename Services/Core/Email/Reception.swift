import Domain
import Foundation
import Storage

/// The messages of one call on their way: what each of them is, decided one after the other on what is locked. No I/O.
struct Reception {
    let mailbox: MailboxConfiguration
    let source: Int32
    let snapshot: TenantSnapshot
    var known: ReceiveEmails.Known
    let actor: Actor
    let now: Instant
    let tokens: ReplyTokens
    let capture: CaptureWorkItems

    private(set) var outcomes: [ReceiveEmails.Outcome] = []
    /// New items by id, in the order of their messages.
    private(set) var newItems: [WorkItem] = []
    private(set) var requests: [ChangeRequest] = []
    /// Which outcome each request settles.
    private var requested: [Int] = []
    private(set) var taken: [Taken] = []
    private(set) var answers: [Email] = []
    private(set) var reported: [(email: Email, from: EmailState)] = []
    /// Conversations that go on with another item.
    private(set) var moved: [(from: UUID, to: UUID)] = []

    /// A message that was taken, and under which key.
    struct Taken {
        var received: ReceivedEmail
        /// Under which digest it is found again.
        var message: UUID
        var email: Email?
        var workItem: UUID?
    }

    init(
        mailbox: MailboxConfiguration, source: Int32, snapshot: TenantSnapshot, known: ReceiveEmails.Known,
        actor: Actor,
        now: Instant, tokens: ReplyTokens, capture: CaptureWorkItems
    ) {
        self.mailbox = mailbox
        self.source = source
        self.snapshot = snapshot
        self.known = known
        self.actor = actor
        self.now = now
        self.tokens = tokens
        self.capture = capture
    }

    mutating func take(_ email: ReceivedEmail) {
        if let same = known.keys[EmailIdentity.key(email.key)] {
            return tell(email, .duplicate, item: same.workItem, email: same.email, isIncomplete: same.isIncomplete)
        }
        if let same = copied(email) {
            keep(email, nil, item: same.workItem)
            return tell(email, .duplicate, item: same.workItem, email: same.email)
        }
        guard email.contents.allSatisfy(known.contents.contains) else {
            return tell(email, .retry, reason: "A content that it refers to is not stored; store it and send it again.")
        }
        let ours = known.sent[EmailDigest.of(email.reference)]
        if let ours, ours.content["autoSubmitted"] != nil || ours.mailbox == mailbox.name {
            keep(email, nil, item: ours.workItem)
            return tell(email, .loop, item: ours.workItem, reason: "It is a message of our own.")
        }
        if let status = email.deliveryStatus, let original = status.originalMessageId,
            let sent = known.sent[EmailDigest.of(original)]
        {
            return report(status, on: sent, in: email)
        }
        if let reason = email.failed { return create(email, failed: reason) }
        if let ours { return takeOwn(email, ours) }
        guard let item = conversation(of: email) else { return create(email) }
        add(email, to: item)
    }

    // MARK: What it is

    /// The item of its conversation: by the Message-IDs that it refers to, the nearest first, then by token. Never by subject.
    /// - Parameter other: an item that it is not.
    private func conversation(of email: ReceivedEmail, otherThan other: UUID? = nil) -> UUID? {
        // A copy that counts as a message of its own does not belong where the first one does.
        let isCopy = email.identities.contains { known.messages[EmailDigest.of($0)] != nil }
        for id in (isCopy ? [] : [email.reference]) + email.references {
            guard let item = known.threads[EmailDigest.of(id)], item != other else { continue }
            if known.locked.items[item] != nil || newItems.contains(where: { $0.id == item }) { return item }
        }
        return email.tokens.lazy.compactMap { known.tokens[$0.lowercased()] }.first {
            known.locked.items[$0] != nil && $0 != other
        }
    }

    // MARK: What it does

    /// A message that a person sent out of another mailbox of ours: it is part of its item there already. Here it goes on with
    /// the item whose conversation it answers. Otherwise an answer is a copy as the mailbox's rule says, and what was written
    /// or forwarded to this mailbox is work for it.
    private mutating func takeOwn(_ email: ReceivedEmail, _ ours: Email) {
        var email = email
        // The mark says where it comes from, not that nobody wrote it.
        if email.automatic == ReceivedEmail.marked { email.automatic = nil }
        if let item = conversation(of: email, otherThan: ours.workItem) { return add(email, to: item) }
        if ours.content["inReplyTo"] != nil, mailbox.inbound?.duplicates ?? .messageId == .messageId {
            keep(email, nil, item: ours.workItem)
            return tell(email, .duplicate, item: ours.workItem, email: ours.id)
        }
        create(email)
    }

    /// Whether nobody wrote it to us: then nothing begins again for it. To an automatic answer more speaks against it.
    private func isUnattended(_ email: ReceivedEmail) -> Bool {
        email.isUnattended { mark in UUID(anyText: mark).map(known.marks.contains) ?? false }
    }

    private mutating func create(
        _ email: ReceivedEmail, failed: String? = nil, preferring agent: Int32? = nil, instead of: UUID? = nil
    ) {
        var item = prepared(email, preferring: agent)
        if let preferred = item.preferredAgent, desk.refusalToServe(item, by: preferred) != nil {
            item = prepared(email, preferring: nil)
        }
        if let failed {
            (item.status, item.reason, item.completedAt) = (.errorheld, failed, nil)
            item.wakeAt = item.nextWake
        }
        newItems.append(item)
        let row = incoming(email, item.id, failed: failed)
        keep(email, row, item: item.id)
        tell(email, failed == nil ? .created : .failed, item: item.id, email: row.id, reason: failed)
        if let of {
            moved.append((of, item.id))
            for (id, present) in known.threads where present == of { known.threads[id] = item.id }
        }
        if failed == nil { acknowledge(email, item) }
    }

    private func prepared(_ email: ReceivedEmail, preferring agent: Int32?) -> WorkItem {
        var submit = SubmitCommand(
            captureId: EmailIdentity.captureId(email, in: mailbox, apart: message(email)),
            attributes: Self.attributes(of: email, in: mailbox, snapshot: snapshot))
        submit.preferredAgent = agent.flatMap { snapshot.agents[$0]?.key }
        return capture.prepare(
            CaptureRequest(source: source, submit: submit, contentHash: email.raw, actor: actor), in: snapshot, at: now)
    }

    /// Who may have what.
    private var desk: CommandDesk { CommandDesk(snapshot: snapshot, now: now, agents: AgentLedger([])) }

    private mutating func add(_ email: ReceivedEmail, to id: UUID) {
        if let index = newItems.firstIndex(where: { $0.id == id }) {
            // Its first message came in the same call.
            let row = incoming(email, id)
            keep(email, row, item: id)
            var attributes = JSONObject(stored: newItems[index].attributes)
            attributes["emails"] = .integer((attributes["emails"]?.integerValue ?? 1) + 1)
            newItems[index].setAttributes(attributes, snapshot: snapshot)
            return tell(email, .followUp, item: id, email: row.id)
        }
        guard let item = known.locked.items[id] else { return create(email) }
        let answering = known.answering[id]
        let isUnattended = isUnattended(email)
        if item.status.isFinal, !isUnattended, ruleForFinal(item) == .new {
            return create(email, preferring: answering, instead: id)
        }
        let row = incoming(email, id)
        keep(email, row, item: id)
        known.counts[id, default: 0] += 1
        let news: JSONValue = [
            "attributes": [
                "emails": .integer(known.counts[id] ?? 1), "lastEmailAt": .string(email.receivedAt.rfc3339),
            ]
        ]
        if let update = try? UpdateCommand(body: news) {
            requests.append(
                ChangeRequest(
                    reference: .id(id),
                    command: .followUp(FollowUp(update: update, reopens: !isUnattended, preferredAgent: answering)),
                    actor: actor))
            requested.append(outcomes.count)
        }
        tell(email, .followUp, item: id, email: row.id)
    }

    private func ruleForFinal(_ item: WorkItem) -> ReplyToFinal {
        item.category.flatMap { snapshot.placements[$0]?.replyToFinal } ?? mailbox.replyToFinal
    }

    /// What became of the items that the messages were added to.
    mutating func settle(_ decided: [ChangeOutcome]) {
        for (index, outcome) in zip(requested, decided) {
            if case .changed(let change) = outcome, change.action == .restart { outcomes[index].kind = .restarted }
        }
    }

    /// Another item has the number: the message is one that the source handed in itself.
    mutating func refuse(_ item: WorkItem) {
        for index in outcomes.indices where outcomes[index].workItem == item.id {
            outcomes[index].kind = .duplicate
            (outcomes[index].workItem, outcomes[index].email) = (nil, nil)
            outcomes[index].reason = "An item \(item.captureId) was there already."
        }
        taken = taken.map { $0.workItem == item.id ? Taken(received: $0.received, message: $0.message) : $0 }
        answers.removeAll { $0.workItem == item.id }
        newItems.removeAll { $0.id == item.id }
        moved.removeAll { $0.to == item.id }
    }

    /// A notification tells what became of a message of ours.
    private mutating func report(_ status: ReceivedEmail.DeliveryStatus, on sent: Email, in email: ReceivedEmail) {
        let after = status.told(of: sent, at: now)
        if after.revision != sent.revision {
            known.sent = known.sent.mapValues { $0.id == sent.id ? after : $0 }
            reported.append((after, sent.state))
        }
        let row = incoming(email, sent.workItem)
        keep(email, row, item: sent.workItem)
        tell(email, .deliveryStatus, item: sent.workItem, email: row.id, reason: after.reason)
    }

    /// Answers a first message by the template of its category, which says more than a receipt, else by the mailbox's: not
    /// what no person wrote, and not the same correspondent again and again.
    private mutating func acknowledge(_ email: ReceivedEmail, _ item: WorkItem) {
        guard email.automatic == nil, known.sent[EmailDigest.of(email.reference)] == nil, !item.status.isFinal,
            let name = item.category.flatMap({ snapshot.placements[$0]?.autoResponse }) ?? mailbox.acknowledgement,
            let template = snapshot.configuration.template(named: name),
            let to = EmailReplying.recipients(
                of: .reply, from: email.from, replyTo: email.replyTo, to: [], cc: [], own: mailbox.ownAddresses
            ).to.first
        else { return }
        let correspondent = EmailDigest.of(to.key)
        guard known.automatic[correspondent, default: 0] < Int64(EmailLimits.automaticAnswers) else { return }
        let compose = ComposeEmail(snapshot: snapshot, mailbox: mailbox, tokens: tokens, now: now)
        guard let answer = compose.acknowledgement(to: to, of: email, item: item, template: template) else { return }
        known.automatic[correspondent, default: 0] += 1
        answers.append(answer)
    }

    // MARK: What is kept

    private func incoming(_ email: ReceivedEmail, _ item: UUID?, failed: String? = nil) -> Email {
        var content = email.content
        if isUnattended(email) { content["unattended"] = true }
        return Email(
            direction: .incoming, state: failed == nil ? .received : .failed, mailbox: mailbox.name, workItem: item,
            messageId: email.messageId, at: now, reason: failed, content: content)
    }

    private mutating func keep(_ email: ReceivedEmail, _ row: Email?, item: UUID?) {
        let message = message(email)
        taken.append(Taken(received: email, message: message, email: row, workItem: item))
        known.keys[EmailIdentity.key(email.key)] = (row?.id, item, ReceiveEmails.isIncomplete(row?.content))
        known.messages[message, default: []].append(
            .init(
                mailbox: mailbox.name, place: EmailIdentity.place(email.key), email: row?.id, workItem: item, at: now,
                head: row.map { EmailIdentity.head(of: $0.content) }))
        guard let item, row != nil else { return }
        for id in [email.reference] + email.references where known.threads[EmailDigest.of(id)] == nil {
            known.threads[EmailDigest.of(id)] = item
        }
    }

    private mutating func tell(
        _ email: ReceivedEmail, _ kind: ReceiveEmails.Outcome.Kind, item: UUID? = nil, email row: UUID? = nil,
        reason: String? = nil, isIncomplete: Bool = false
    ) {
        outcomes.append(
            .init(key: email.key, kind: kind, workItem: item, email: row, reason: reason, isIncomplete: isIncomplete))
    }

    /// What the rules look at.
    static func attributes(
        of email: ReceivedEmail, in mailbox: MailboxConfiguration, snapshot: TenantSnapshot
    ) -> JSONObject {
        var attributes: JSONObject = ["channel": "email"]
        for (name, value) in mailbox.attributes.members { attributes[name] = value }
        attributes["mailbox"] = .string(mailbox.name)
        attributes["emails"] = 1
        attributes["attachments"] = .integer(Int64(email.attachments.count { $0.contentId == nil }))
        attributes["subject"] = email.subject.map(JSONValue.string)
        if let from = email.from {
            attributes["from"] = .string(from.key)
            attributes["fromName"] = from.name.map(JSONValue.string)
            if snapshot.configuration.customerAttribute == "customer" { attributes["customer"] = .string(from.key) }
        }
        if let automatic = email.automatic { attributes["automatic"] = .string(automatic) }
        for (result, name) in mailbox.attributesFromHeaders { attributes[name] = email.results[result] }
        return attributes
    }
}
