import Domain
import Testing
import millrace

@Suite struct DemoMailVerdictTests {
    private typealias Email = DemoMailVerdict.Email
    private static let start = Instant(milliseconds: 1_800_000_000_000)
    private var ledger = DemoMailLedger()
    private var emails: [Email] = []
    private var items: [String: DemoMailVerdict.Item] = [:]
    private let customers = [1: "ann@example.test", 2: "bob@example.test"]

    /// A customer's message that was taken as it should be, at second `second`.
    private mutating func write(
        _ id: String, _ conversation: Int, item: String, second: Int64 = 0, attachments: Int = 0
    ) {
        let at = Self.start + second * 1000
        ledger.write(
            .init(messageId: id, mailbox: "support", conversation: conversation, attachments: attachments, at: at))
        emails.append(
            Email(
                id: "email-\(id)", isIncoming: true, state: "received", mailbox: "support", workItem: item,
                messageId: id, attachments: attachments, createdAt: at + 200))
        items[item] = .init(status: "completed", emails: (items[item]?.emails ?? 0) + 1)
    }

    /// An agent's answer to a message, as it should be.
    private mutating func answer(_ id: String, to message: String, item: String, customer: String = "ann@example.test")
    {
        ledger.answer(emailId: "email-\(id)", messageId: id)
        emails.append(
            Email(
                id: "email-\(id)", isIncoming: false, state: "sent", mailbox: "support", workItem: item, messageId: id,
                createdAt: Self.start))
        arrive(id, inReplyTo: message, customer)
    }

    private mutating func arrive(_ id: String, inReplyTo: String, _ customer: String = "ann@example.test") {
        let head = DemoAnswerHead(Array("Message-ID: <\(id)>\r\nIn-Reply-To: <\(inReplyTo)>\r\n\r\n".utf8))
        ledger.arrive(head, at: customer, when: Self.start + 3000)
    }

    private mutating func conversation() {
        write("a1", 1, item: "one")
        answer("x1", to: "a1", item: "one")
        write("a2", 1, item: "one", second: 4, attachments: 1)
        answer("x2", to: "a2", item: "one")
        write("b1", 2, item: "two")
    }

    private var verdict: DemoMailVerdict {
        DemoMailVerdict(ledger, emails: emails, items: items, customers: customers)
    }

    @Test mutating func whatIsAsItShouldBeIsCounted() {
        conversation()
        items["two"]?.status = "queued"
        let verdict = verdict
        #expect(verdict.faults == [])
        #expect((verdict.written, verdict.items, verdict.followUps, verdict.answers) == (3, 2, 1, 2))
        #expect(verdict.unfinished == ["queued": 1])
        #expect(verdict.taking.count == 3)
        #expect(verdict.answering.quantile(1) == 3_000_000)
        #expect(verdict.lines[0].contains("3 written = 2 items + 1 follow-ups"))
        #expect(verdict.lines[1].contains("2 answers, each delivered exactly once"))
    }

    @Test mutating func aLostMessageIsFound() {
        conversation()
        emails.removeAll { $0.messageId == "a2" }
        items["one"]?.emails = 1
        #expect(
            verdict.faults == [
                "the message a2 was taken by the mail server and by nobody else",
                "3 messages were written; the items have 2",
            ])
    }

    @Test mutating func aMessageOfWhichTheServerDidNotSayWhetherItTookItMayBeThereOrNot() {
        conversation()
        ledger.write(
            .init(
                messageId: "b2", mailbox: "support", conversation: 2, attachments: 0, at: Self.start, isCertain: false))
        #expect(verdict.faults == [])
        #expect(verdict.written == 3)
    }

    @Test mutating func aDoubledMessageIsFound() {
        conversation()
        var copy = emails.first { $0.messageId == "b1" }!
        (copy.id, copy.workItem) = ("copy", "three")
        emails.append(copy)
        items["three"] = .init(status: "completed", emails: 1)
        #expect(
            verdict.faults == [
                "the message b1 was taken 2 times", "the conversation 2 became 2 items",
                "3 messages were written; the items have 4",
            ])
    }

    @Test mutating func twoConversationsInOneItemAreFound() {
        write("a1", 1, item: "one")
        write("b1", 2, item: "one")
        #expect(verdict.faults == ["the conversations 1 and 2 became one item, one"])
    }

    @Test mutating func aMessageThatIsNotWholeIsFound() {
        conversation()
        let index = emails.firstIndex { $0.messageId == "a2" }!
        emails[index].attachments = 0
        (emails[index].mailbox, emails[index].state) = ("sales", "failed")
        #expect(
            verdict.faults == [
                "the message a2 is failed", "the message a2 to support came by sales",
                "the message a2 has 0 attachments instead of 1",
            ])
    }

    @Test mutating func anAnswerThatCameTwiceOrNotOrToSomebodyElseIsFound() {
        conversation()
        arrive("x1", inReplyTo: "a1")
        answer("x3", to: "b1", item: "two", customer: "ann@example.test")
        ledger.answer(emailId: "email-x4", messageId: "x4")
        emails.append(
            Email(
                id: "email-x4", isIncoming: false, state: "queued", mailbox: "support", workItem: "two",
                messageId: "x4", createdAt: Self.start))
        #expect(
            verdict.faults == [
                "the answer x1 has arrived 2 times", "the answer x3 to bob@example.test came to ann@example.test",
                "the answer x4 is queued", "the answer x4 has not arrived",
            ])
    }

    @Test mutating func anAnswerThatNobodyWroteOrThatIsNotListedIsFound() {
        conversation()
        emails.append(
            Email(
                id: "other", isIncoming: false, state: "sent", mailbox: "support", workItem: "one", messageId: "y1",
                createdAt: Self.start))
        arrive("y1", inReplyTo: "a1")
        arrive("y2", inReplyTo: "a1")
        emails.removeAll { $0.messageId == "x2" }
        #expect(
            Set(verdict.faults) == [
                "the answer y1 was written by no agent of the demonstration",
                "the answer x2 was acknowledged and is not in the list",
                "the answer x2 came to ann@example.test and is not in the list",
                "the answer y2 came to ann@example.test and is not in the list",
            ])
    }

    @Test mutating func mailOfAnEarlierRunIsNobodysFault() {
        conversation()
        emails.append(
            Email(
                id: "old", isIncoming: true, state: "received", mailbox: "support", workItem: "old", messageId: "o1",
                createdAt: Self.start))
        answer("z1", to: "o1", item: "old")
        #expect(verdict.faults == [])
        #expect((verdict.written, verdict.answers) == (3, 2))
    }

    @Test mutating func theFeedTellsWhenAllIsSettled() {
        func event(_ type: String, _ action: String?, to: String, captureId: String? = "mail-1") -> JSONValue {
            var data: JSONObject = ["workItemId": "one", "to": .string(to)]
            data["captureId"] = captureId.map(JSONValue.string)
            data["action"] = action.map(JSONValue.string)
            return ["type": .string("millrace.\(type)"), "data": .object(data)]
        }
        ledger.planned = 1
        write("a1", 1, item: "one")
        #expect(!ledger.isSettled)
        ledger.take(event("email.received", nil, to: "received", captureId: nil))
        ledger.take(event("workitem.queued", "submit", to: "queued"))
        #expect(ledger.isSettled && !ledger.isFinished)
        ledger.take(event("workitem.assigned", "accept", to: "assigned"))
        #expect(!ledger.isSettled)
        ledger.answer(emailId: "email-x1", messageId: "x1")
        ledger.take(event("workitem.completed", "complete", to: "completed"))
        #expect(!ledger.isSettled)
        arrive("x1", inReplyTo: "a1")
        #expect(ledger.isSettled && !ledger.isFinished)
        ledger.planned = 0
        #expect(ledger.isFinished)
        ledger.take(event("workitem.queued", "restart", to: "queued"))
        #expect(ledger.restarts == ["one": 1])
        #expect(!ledger.isFinished)
        #expect(verdict.restarts == 1)
    }
}
