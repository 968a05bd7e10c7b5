/// Names a lane: everything that decides who may take its items and how they age. All values are ids of one tenant, never names.
///
/// All items of a lane share one curve and one eligibility, so their order among themselves follows from the anchor alone.
package struct LaneKey: Sendable, Hashable {
    package let endpoint: Int32
    /// Skills that an agent must all have, ascending and without repetition.
    package let requiredSkills: [Int32]
    /// Capacity units that one item of the lane takes, at least 1.
    package let weight: Int32
    /// The only agent who may take the lane's items, if there is one.
    package let preferredAgent: Int32?
    package let schemaVersion: Int32
    package let calendarVersion: Int32

    /// Ids must be positive; `weight` below 1 counts as 1.
    package init(
        endpoint: Int32, requiredSkills: [Int32], weight: Int32, preferredAgent: Int32? = nil,
        schemaVersion: Int32, calendarVersion: Int32
    ) {
        self.endpoint = endpoint
        self.requiredSkills = requiredSkills.isStrictlyAscending ? requiredSkills : Array(Set(requiredSkills)).sorted()
        self.weight = max(1, weight)
        self.preferredAgent = preferredAgent
        self.schemaVersion = schemaVersion
        self.calendarVersion = calendarVersion
    }

    /// The lane's name in Redis: `e<endpoint>.s<skill>-<skill>.w<weight>.p<agent or 0>.c<schema version>.k<calendar version>`.
    package var name: String {
        var skills = ""
        for skill in requiredSkills { skills += skills.isEmpty ? "\(skill)" : "-\(skill)" }
        return "e\(endpoint).s\(skills).w\(weight).p\(preferredAgent ?? 0).c\(schemaVersion).k\(calendarVersion)"
    }

    /// The lane named so; nil when the text is not a lane's name.
    package init?(name: some StringProtocol) {
        let parts = name.split(separator: ".", omittingEmptySubsequences: false)
        func number(_ index: Int, _ letter: Character) -> Int32? {
            parts[index].first == letter ? Int32(parts[index].dropFirst()) : nil
        }
        guard parts.count == 6, parts[1].first == "s",
            let endpoint = number(0, "e"), let weight = number(2, "w"), weight > 0, let agent = number(3, "p"),
            let schema = number(4, "c"), let calendar = number(5, "k")
        else { return nil }
        var skills: [Int32] = []
        for part in parts[1].dropFirst().split(separator: "-", omittingEmptySubsequences: true) {
            guard let skill = Int32(part) else { return nil }
            skills.append(skill)
        }
        self.init(
            endpoint: endpoint, requiredSkills: skills, weight: weight, preferredAgent: agent == 0 ? nil : agent,
            schemaVersion: schema, calendarVersion: calendar)
    }
}

extension [Int32] {
    /// Whether each element is greater than the one before.
    var isStrictlyAscending: Bool { zip(self, dropFirst()).allSatisfy { $0 < $1 } }
}
