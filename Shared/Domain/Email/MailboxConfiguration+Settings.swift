extension MailboxConfiguration {
    /// Reads a mailbox out of its document, as `document` writes it and the email service is handed it.
    /// - Throws: everything that is wrong with it; nothing is when this version wrote it.
    public init(settings: JSONValue) throws(BodyProblems) {
        let problems = ProblemCollector()
        let mailbox = Self.read(settings, at: .root, problems: problems)
        try problems.check()
        guard let mailbox else { throw BodyProblems([]) }
        self = mailbox
    }
}
