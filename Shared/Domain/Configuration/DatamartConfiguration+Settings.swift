extension DatamartConfiguration {
    /// Reads a section out of its document, as `document` writes it and the service is handed it.
    /// - Throws: everything that is wrong with it; nothing is when this version wrote it.
    public init(settings: JSONValue) throws(BodyProblems) {
        let problems = ProblemCollector()
        // The time zones were there when core took the section.
        let mart = Self.read(settings, at: .root, now: Instant(milliseconds: 1_767_225_600_000), problems: problems)
        try problems.check()
        guard let mart else { throw BodyProblems([]) }
        self = mart
    }
}
