import Domain
import Synchronization

/// What customers of the demonstration wrote and got, what agents answered, and what the reporting feed says of it.
package struct DemoMailLedger: Sendable {
    /// A message that a customer sent.
    package struct Written: Sendable, Hashable {
        /// Without angle brackets.
        package var messageId: String
        /// The mailbox that it went to.
        package var mailbox: String
        /// The conversation's number.
        package var conversation: Int
        /// Files that go along.
        package var attachments: Int
        /// When the mail server had taken it.
        package var at: Domain.Instant
        /// False when the server's answer was lost: it may have been taken or not.
        package var isCertain = true

        /// A message that the mail server has taken.
        package init(
            messageId: String, mailbox: String, conversation: Int, attachments: Int, at: Domain.Instant,
            isCertain: Bool = true
        ) {
            self.messageId = messageId
            self.mailbox = mailbox
            self.conversation = conversation
            self.attachments = attachments
            self.at = at
            self.isCertain = isCertain
        }
    }
    /// An answer that an agent wrote and the service acknowledged.
    package struct Answer: Sendable, Hashable {
        package var emailId: String
        package var messageId: String
    }
    /// A message that came to a customer.
    package struct Arrival: Sendable, Hashable {
        package var messageId: String
        package var inReplyTo: String?
        package var customer: String
        package var at: Domain.Instant
    }

    package private(set) var written: [Written] = []
    package private(set) var answers: [Answer] = []
    package private(set) var arrivals: [Arrival] = []
    /// Items restarted by customers who wrote again, by id.
    package private(set) var restarts: [String: Int] = [:]
    /// Messages that customers will write, as far as they know by now.
    package var planned = 0
    /// Messages that the feed shows as received.
    private var received = 0
    /// Items from mail in the feed, by id.
    private var statuses: [String: String] = [:]

    package init() {}

    package mutating func write(_ message: Written) { written.append(message) }

    package mutating func answer(emailId: String, messageId: String) {
        answers.append(Answer(emailId: emailId, messageId: messageId))
    }

    /// A message has come; one that came before is counted again.
    package mutating func arrive(_ head: DemoAnswerHead, at customer: String, when: Domain.Instant) {
        arrivals.append(
            Arrival(messageId: head.messageId, inReplyTo: head.inReplyTo, customer: customer, at: when))
    }

    /// The next event of the feed.
    package mutating func take(_ event: JSONValue) {
        guard let data = event["data"], let item = data["workItemId"]?.stringValue else { return }
        if event["type"]?.stringValue == "millrace.email.received" { received += 1 }
        guard data["captureId"]?.stringValue?.hasPrefix("mail-") == true else { return }
        if let status = data["to"]?.stringValue { statuses[item] = status }
        if data["action"]?.stringValue == "restart" { restarts[item, default: 0] += 1 }
    }

    /// Whether everything written was taken, no agent is at work on mail, and every answer has arrived.
    package var isSettled: Bool {
        let arrived = Set(arrivals.map(\.messageId))
        return received >= written.count { $0.isCertain }
            && !statuses.values.contains("assigned")
            && answers.allSatisfy { arrived.contains($0.messageId) }
    }

    /// Whether besides nobody wants to write anything more and every item is done.
    package var isFinished: Bool { planned == 0 && isSettled && statuses.values.allSatisfy { $0 == "completed" } }

    /// One line while it runs.
    package var line: String {
        let waiting = statuses.values.count { $0 != "completed" }
        return "mail: written \(written.count), taken \(received), at work or waiting \(waiting), "
            + "restarted \(restarts.values.reduce(0, +)), answered \(answers.count), arrived \(arrivals.count)"
    }
}

/// The ledger, shared by those who write it.
final class SharedMailLedger: Sendable {
    private let state = Mutex(DemoMailLedger())

    var value: DemoMailLedger { state.withLock { $0 } }

    func read<Value: Sendable>(_ body: (borrowing DemoMailLedger) -> Value) -> Value { state.withLock { body($0) } }

    func change(_ body: (inout DemoMailLedger) -> Void) { state.withLock { body(&$0) } }
}
