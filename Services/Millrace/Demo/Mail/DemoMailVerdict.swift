import Domain

/// Whether mail was lost or doubled: each message that a customer sent must be kept exactly once, each conversation must be
/// exactly one item, and each answer must have come to its customer exactly once.
package struct DemoMailVerdict: Sendable {
    /// An item as `GET /workitems` lists it.
    package struct Item: Sendable, Hashable {
        package var status: String
        /// How many messages it says that it has.
        package var emails: Int

        package init(status: String, emails: Int) {
            self.status = status
            self.emails = emails
        }
    }
    /// A message as `GET /emails` lists it.
    package struct Email: Sendable, Hashable {
        package var id: String
        package var isIncoming: Bool
        package var state: String
        package var mailbox: String
        package var workItem: String?
        package var messageId: String
        package var attachments: Int
        package var createdAt: Domain.Instant

        package init(
            id: String, isIncoming: Bool, state: String, mailbox: String, workItem: String?, messageId: String,
            attachments: Int = 0, createdAt: Domain.Instant
        ) {
            self.id = id
            self.isIncoming = isIncoming
            self.state = state
            self.mailbox = mailbox
            self.workItem = workItem
            self.messageId = messageId
            self.attachments = attachments
            self.createdAt = createdAt
        }
    }

    /// Everything that must not be; empty when nothing was lost or doubled.
    package private(set) var faults: [String] = []
    /// Messages that customers sent.
    package private(set) var written = 0
    /// Items that they became.
    package private(set) var items = 0
    /// Messages that were added to items that were there.
    package private(set) var followUps = 0
    /// Items that a follow-up restarted, each time counted.
    package private(set) var restarts = 0
    /// Answers that came to customers.
    package private(set) var answers = 0
    /// Items that are not completed, by status: they are there, and waiting.
    package private(set) var unfinished: [String: Int] = [:]
    /// From the mail server's taking a message to the service's.
    package private(set) var taking = LatencyHistogram()
    /// From the customer's message to the arrival of its answer.
    package private(set) var answering = LatencyHistogram()

    /// Compares what customers and agents know with the lists of messages and items.
    /// - Parameters:
    ///   - items: by id.
    ///   - customers: the customers' addresses by conversation.
    package init(_ ledger: DemoMailLedger, emails: [Email], items: [String: Item], customers: [Int: String]) {
        let conversations = compareWritten(ledger, emails)
        compareItems(ledger, conversations, items)
        let own = Set(conversations.values.joined())
        compareAnswers(
            ledger, emails.filter { !$0.isIncoming && $0.workItem.map(own.contains) == true }, conversations, customers)
        restarts = ledger.restarts.reduce(0) { $0 + (own.contains($1.key) ? $1.value : 0) }
    }

    /// - Returns: the items of each conversation.
    private mutating func compareWritten(_ ledger: DemoMailLedger, _ emails: [Email]) -> [Int: Set<String>] {
        let kept = Dictionary(grouping: emails.filter(\.isIncoming), by: \.messageId)
        var conversations: [Int: Set<String>] = [:]
        for message in ledger.written {
            let copies = kept[message.messageId] ?? []
            if copies.isEmpty, !message.isCertain { continue }
            written += 1
            let name = "the message \(message.messageId)"
            if copies.isEmpty { fault("\(name) was taken by the mail server and by nobody else") }
            if copies.count > 1 { fault("\(name) was taken \(copies.count) times") }
            for copy in copies {
                if let item = copy.workItem { conversations[message.conversation, default: []].insert(item) }
                if copy.workItem == nil { fault("\(name) is at no item") }
                if copy.state != "received" { fault("\(name) is \(copy.state)") }
                if copy.mailbox != message.mailbox { fault("\(name) to \(message.mailbox) came by \(copy.mailbox)") }
                if copy.attachments != message.attachments {
                    fault("\(name) has \(copy.attachments) attachments instead of \(message.attachments)")
                }
                taking.record(microseconds: (copy.createdAt - message.at) * 1000)
            }
        }
        return conversations
    }

    private mutating func compareItems(
        _ ledger: DemoMailLedger, _ conversations: [Int: Set<String>], _ listed: [String: Item]
    ) {
        var owners: [String: Int] = [:]
        for (conversation, ids) in conversations.sorted(by: { $0.key < $1.key }) {
            if ids.count > 1 { fault("the conversation \(conversation) became \(ids.count) items") }
            for id in ids.sorted() {
                if let other = owners.updateValue(conversation, forKey: id) {
                    fault("the conversations \(other) and \(conversation) became one item, \(id)")
                }
            }
        }
        items = owners.count
        var said = 0
        for id in owners.keys.sorted() {
            guard let item = listed[id] else {
                fault("the item \(id) is not in the list of items")
                continue
            }
            said += item.emails
            if item.status != "completed" { unfinished[item.status, default: 0] += 1 }
        }
        followUps = said - items
        if said != written { fault("\(written) messages were written; the items have \(said)") }
    }

    private mutating func compareAnswers(
        _ ledger: DemoMailLedger, _ sent: [Email], _ conversations: [Int: Set<String>], _ customers: [Int: String]
    ) {
        let arrivals = Dictionary(grouping: ledger.arrivals, by: \.messageId)
        let known = Set(ledger.answers.map(\.emailId))
        let writtenAt = Dictionary(
            ledger.written.map { ($0.messageId, $0.at) }, uniquingKeysWith: { first, _ in first })
        var addresses: [String: String] = [:]
        for (conversation, ids) in conversations { for id in ids { addresses[id] = customers[conversation] } }
        for email in sent {
            let name = "the answer \(email.messageId)"
            let came = arrivals[email.messageId] ?? []
            if !known.contains(email.id) { fault("\(name) was written by no agent of the demonstration") }
            if !["sent", "delivered"].contains(email.state) { fault("\(name) is \(email.state)") }
            if came.isEmpty { fault("\(name) has not arrived") }
            if came.count > 1 { fault("\(name) has arrived \(came.count) times") }
            if let customer = email.workItem.flatMap({ addresses[$0] }),
                let other = came.first(where: { $0.customer != customer })
            {
                fault("\(name) to \(customer) came to \(other.customer)")
            }
            if let first = came.first {
                answers += 1
                if let asked = first.inReplyTo.flatMap({ writtenAt[$0] }) {
                    answering.record(microseconds: (first.at - asked) * 1000)
                }
            }
        }
        let listed = Set(sent.map(\.messageId))
        for answer in ledger.answers where !sent.contains(where: { $0.id == answer.emailId }) {
            // An item that was there before the demonstration is answered too.
            guard let arrival = arrivals[answer.messageId]?.first, let asked = arrival.inReplyTo,
                writtenAt[asked] == nil
            else {
                fault("the answer \(answer.messageId) was acknowledged and is not in the list")
                continue
            }
        }
        for arrival in ledger.arrivals where !listed.contains(arrival.messageId) {
            guard let asked = arrival.inReplyTo, writtenAt[asked] != nil else { continue }
            fault("the answer \(arrival.messageId) came to \(arrival.customer) and is not in the list")
        }
    }

    private mutating func fault(_ text: String) { faults.append(text) }
}
