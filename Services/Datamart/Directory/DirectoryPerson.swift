/// What a directory says of an agent.
package struct DirectoryPerson: Sendable, Hashable {
    /// A stretch of time in which something held, in milliseconds since 1970.
    package struct Period: Sendable, Hashable {
        package var from: Int64
        /// The first instant at which it holds no longer; nil while it does.
        package var to: Int64?

        package init(from: Int64, to: Int64? = nil) {
            self.from = from
            self.to = to
        }
    }

    /// The agent's name in Millrace.
    package var agent: String
    package var displayName: String?
    /// The groups with the time of membership, the team first. The team is the group that holds now and began first.
    package var groups: [(name: String, period: Period)]

    /// What the agent can do; nil where the directory does not say.
    package var skills: [String]?

    package init(
        agent: String, displayName: String?, groups: [(name: String, period: Period)], skills: [String]? = nil
    ) {
        self.skills = skills
        self.agent = agent
        self.displayName = displayName
        self.groups = groups
    }

    /// The team at an instant.
    package func team(at milliseconds: Int64) -> String? {
        groups.first { group in
            group.period.from <= milliseconds && (group.period.to.map { milliseconds < $0 } ?? true)
        }?.name
    }

    package static func == (left: Self, right: Self) -> Bool {
        left.agent == right.agent && left.displayName == right.displayName && left.skills == right.skills
            && left.groups.elementsEqual(right.groups) { $0.name == $1.name && $0.period == $1.period }
    }

    package func hash(into hasher: inout Hasher) { hasher.combine(agent) }

    /// The teams over time: each from the instant on at which it came to be the team.
    package var teams: [(name: String?, from: Int64)] {
        let instants = Set(groups.flatMap { [$0.period.from, $0.period.to].compactMap { $0 } }).sorted()
        var teams: [(name: String?, from: Int64)] = []
        for instant in instants {
            let team = team(at: instant)
            if teams.isEmpty || teams.last?.name != team { teams.append((team, instant)) }
        }
        return teams
    }
}
