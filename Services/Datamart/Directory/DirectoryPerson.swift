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

    /// A name with the instant from which on the agent had it, in milliseconds since 1970.
    package struct Name: Sendable, Hashable {
        package var text: String?
        package var from: Int64

        package init(text: String?, from: Int64) {
            self.text = text
            self.from = from
        }
    }

    /// The agent's name in Millrace.
    package var agent: String
    package var displayName: String?
    /// What the agent was called over time, oldest first; empty where the directory only knows the present.
    package var names: [Name]
    /// The groups with the time of membership, the team first. The team is the group that holds now and began first.
    package var groups: [(name: String, period: Period)]

    /// What the agent can do; nil where the directory does not say.
    package var skills: [String]?
    /// Whether the directory has the agent still; of one who has gone, name and team stay what they were last.
    package var isActive: Bool

    package init(
        agent: String, displayName: String?, names: [Name] = [], groups: [(name: String, period: Period)],
        skills: [String]? = nil, isActive: Bool = true
    ) {
        self.names = names
        self.isActive = isActive
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
            && left.names == right.names && left.isActive == right.isActive
            && left.groups.elementsEqual(right.groups) { $0.name == $1.name && $0.period == $1.period }
    }

    package func hash(into hasher: inout Hasher) { hasher.combine(agent) }

    /// The name at an instant; from before the first is known, the first.
    package func name(at milliseconds: Int64) -> String? {
        guard let first = names.first else { return displayName }
        return (names.last { $0.from <= milliseconds } ?? first).text
    }

    /// Name and team over time: each pair from the instant on at which one of them came to be.
    package var stretches: [Stretch] {
        let periods = groups.map(\.period)
        let instants = Set(names.map(\.from) + periods.map(\.from) + periods.compactMap(\.to)).sorted()
        var stretches: [Stretch] = []
        for instant in instants {
            let next = Stretch(from: instant, name: name(at: instant), team: team(at: instant))
            if let last = stretches.last, last.name == next.name, last.team == next.team { continue }
            stretches.append(next)
        }
        return stretches
    }

    /// What an agent was called and whose team it was, from an instant on.
    package struct Stretch: Sendable, Hashable {
        package var from: Int64
        package var name: String?
        package var team: String?

        package init(from: Int64, name: String? = nil, team: String? = nil) {
            self.from = from
            self.name = name
            self.team = team
        }
    }
}
