extension DatamartConfiguration {
    /// Reads a section out of its document, as `document` writes it and the service is handed it.
    /// - Throws: everything that is wrong with it; nothing is when this version wrote it.
    public init(settings: JSONValue) throws(BodyProblems) {
        let problems = ProblemCollector()
        // Time zones are not looked at: who keeps the mart says which of them are not known.
        let mart = Self.read(settings, at: .root, now: nil, problems: problems)
        try problems.check()
        guard let mart else { throw BodyProblems([]) }
        self = mart
    }
}
