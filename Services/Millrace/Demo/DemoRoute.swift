import Domain

/// A journey through the desks of a tenant: where each of its stays is worked on, and for how long in the demonstration.
public struct DemoRoute: Sendable, Hashable {
    /// A stay at an endpoint.
    public struct Step: Sendable, Hashable {
        /// The endpoint that the item waits for.
        public var endpoint: String
        /// The team that the log names, as the reason of the hand-over.
        public var team: String
        /// Seconds of work.
        public var work: Double
    }

    /// The incident.
    public var journey: IncidentJourney
    /// What agents need for it, from its classification.
    public var requiredSkills: [String]
    /// The stays; never none.
    public var steps: [Step]
}

/// Who can work on what in the tenant, to plan routes that can be gone to their end.
public struct DemoDesks: Sendable {
    private struct Agent: Sendable {
        var skills: Set<String>
        var endpoints: [String]
        var capacity: Double
    }
    private let tree: CategoryTree
    private let defaults: JSONObject
    private let agents: [Agent]
    /// Work in the demonstration is never shorter than this, in seconds.
    static let shortestWork = 0.02
    /// An item takes its agent's capacity from the offer on, not only while it is worked on, in seconds.
    static let offerTime = 0.05
    /// Of the log's work at most this counts, in seconds: the rare long ones would outlast the demonstration.
    static let longestWork = 7200.0

    /// The desks of a tenant as items of that source see them.
    public init(_ configuration: TenantConfiguration, source: String) {
        tree = configuration.categoryTree()
        defaults = configuration.sources.first { $0.name == source }?.defaults ?? [:]
        agents = configuration.agents.map {
            Agent(skills: Set($0.skills), endpoints: $0.endpoints, capacity: Double($0.capacity))
        }
    }

    /// Plans the routes. A hand-over to a desk where nobody could do the item is left out, its work stays where it was. All
    /// work is scaled by one factor so that the busiest desk is busy for the given share of its time on average.
    public func routes(for journeys: [IncidentJourney], seconds: Double, occupancy: Double) -> [DemoRoute] {
        var routes = journeys.compactMap(route)
        let factor = scale(routes, seconds: seconds, occupancy: occupancy)
        for index in routes.indices {
            for step in routes[index].steps.indices {
                let work = min(routes[index].steps[step].work, Self.longestWork) * factor
                routes[index].steps[step].work = max(work, Self.shortestWork)
            }
        }
        return routes
    }

    private func route(_ journey: IncidentJourney) -> DemoRoute? {
        var attributes = journey.attributes.addingDefaults(defaults)
        guard let category = tree.category(for: attributes) else { return nil }
        var steps: [DemoRoute.Step] = []
        for stay in journey.stays {
            attributes["team"] = .string(stay.team)
            let endpoint = steps.isEmpty ? category.endpoint : tree.category(for: attributes)?.endpoint
            if let endpoint, steps.isEmpty || canWork(at: endpoint, skills: category.requiredSkills) {
                steps.append(.init(endpoint: endpoint, team: stay.team, work: stay.work))
            } else {
                steps[steps.count - 1].work += stay.work
            }
        }
        return DemoRoute(journey: journey, requiredSkills: category.requiredSkills, steps: steps)
    }

    private func canWork(at endpoint: String, skills: [String]) -> Bool { share(of: endpoint, skills: skills) > 0 }

    /// Items at a time that agents give to an endpoint, when each splits the capacity evenly among the endpoints served.
    private func share(of endpoint: String, skills: [String]) -> Double {
        agents.reduce(0) { sum, agent in
            guard agent.endpoints.contains(endpoint), agent.skills.isSuperset(of: skills) else { return sum }
            return sum + agent.capacity / Double(agent.endpoints.count)
        }
    }

    private func scale(_ routes: [DemoRoute], seconds: Double, occupancy: Double) -> Double {
        struct Demand: Hashable {
            var endpoint: String
            var skills: [String]
        }
        var load: [Demand: (work: Double, steps: Int)] = [:]
        func add(_ work: Double, _ demand: Demand) {
            load[demand, default: (0, 0)].work += work
            load[demand, default: (0, 0)].steps += 1
        }
        for route in routes {
            for step in route.steps {
                let work = min(step.work, Self.longestWork)
                add(work, Demand(endpoint: step.endpoint, skills: []))
                if !route.requiredSkills.isEmpty {
                    add(work, Demand(endpoint: step.endpoint, skills: route.requiredSkills))
                }
            }
        }
        let factors = load.compactMap { demand, load -> Double? in
            let share = share(of: demand.endpoint, skills: demand.skills)
            guard load.work > 0, share > 0 else { return nil }
            let time = occupancy * share * seconds
            // At least a tenth of it is work, however many items come.
            return max(time - Double(load.steps) * Self.offerTime, time / 10) / load.work
        }
        return factors.min() ?? 0
    }
}
