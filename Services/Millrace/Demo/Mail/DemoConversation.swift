/// What a customer of the demonstration has to write about.
package struct DemoConversation: Sendable, Hashable {
    /// Unique in the run.
    package var number: Int
    /// The customer's place in the list of customers.
    package var customer: Int
    /// The mailbox's place in the list of mailboxes.
    package var mailbox: Int
    /// Seconds from the start to the first message.
    package var arrival: Double
    /// What the first message is about.
    package var subject: String
    /// What it says.
    package var text: String
    /// Lines of the log that is attached to the first message; none without.
    package var attachedLines: Int
    /// Seconds after which the customer adds something, answered or not; nil: nothing.
    package var addition: Double?
    /// How many answers the customer writes back to.
    package var replies: Int
    /// The customer's mail program does not say what it answers: only the address that the answer gave tells.
    package var forgetsThread: Bool

    /// Conversations in order of arrival; the same seed gives the same.
    /// - Parameters:
    ///   - seconds: within which they begin.
    ///   - customers: how many there are.
    ///   - mailboxes: how many there are.
    package static func make(
        count: Int, seconds: Double, customers: Int, mailboxes: Int, seed: UInt64
    ) -> [DemoConversation] {
        var generator = SeededGenerator(seed: seed)
        func chance(_ share: Double) -> Bool { Double.random(in: 0..<1, using: &generator) < share }
        let arrivals = (0..<count).map { _ in Double.random(in: 0..<max(seconds, 0.001), using: &generator) }.sorted()
        return arrivals.enumerated().map { index, arrival in
            let topic = topics[Int.random(in: 0..<topics.count, using: &generator)]
            return DemoConversation(
                number: index + 1,
                // Everybody has something to do, however few there are.
                customer: index % customers, mailbox: (index / customers + index) % mailboxes, arrival: arrival,
                subject: topic.subject, text: topic.text,
                attachedLines: chance(0.25) ? Int.random(in: 40...2000, using: &generator) : 0,
                addition: chance(0.2) ? Double.random(in: 0.2...3, using: &generator) : nil,
                replies: chance(0.5) ? Int.random(in: 1...2, using: &generator) : 0, forgetsThread: chance(0.2))
        }
    }

    private static let topics: [(subject: String, text: String)] = [
        (
            "Order has not arrived",
            "Good morning,\n\nmy order was to come last Tuesday and has not. Could you find out where it is?"
        ),
        (
            "Invoice is wrong",
            "Hello,\n\nyour last invoice has a part twice that I ordered once. Please send a new one."
        ),
        (
            "Cannot sign in",
            "Since this morning the portal says that my password is wrong. It is not; I tried three times."
        ),
        ("Spare part for pump", "Do you still have seals for the older pump? The catalogue only lists the new ones."),
        (
            "Change of address – Änderung",
            "Wir ziehen um. Bitte ändern Sie unsere Anschrift zum Monatsende, vielen Dank."
        ),
        (
            "Question about delivery",
            "Which carrier brings it, and do you deliver on Saturdays?\n\n.\nA line with a dot above."
        ),
        ("Machine stops", "The machine stops every two hours with error 1729. What can I do until somebody comes?"),
        ("Tillfällig störning", "Hej,\n\nvi ser störningar i tjänsten sedan i går kväll. Är felet känt hos er?"),
    ]
}
