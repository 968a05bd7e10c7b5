import Domain
import Foundation

/// What is done to a work item that exists: a command with its names resolved, or what the system itself does.
/// `submit` is not among them: see `Capture`.
package enum WorkItemOperation: Sendable {
    case update(UpdateCommand)
    case hold(reason: String?)
    case resume
    case cancel(reason: String?)
    /// `result` is JSON text.
    case complete(result: String?)
    case restart
    case activate
    /// A supervisor, or the agent, gives the item to this agent.
    case assign(agent: Int32)
    /// Back to the queue, for this agent first.
    case transferToAgent(Int32, reason: String?)
    case transferToEndpoint(Int32, reason: String?)
    case park(until: Instant?, workbin: String?)
    /// Taken from a workbin by the agent.
    case unpark(agent: Int32)
    /// A supervisor takes an offered or assigned item from its agent.
    case takeBack(reason: String?)
    case accept(OfferId)
    case decline(OfferId, reason: String?)
    /// The pick of distribution, to be confirmed.
    case offer(PickedOffer)
    /// A better-ranked newcomer needs the endpoint's place.
    case recall(revision: Int32, reason: String? = nil)
    /// Time has passed: whatever is due now is done.
    case timer
    /// The agent is gone: offered items return at once, assigned ones too when `evenAssigned`.
    case withdraw(agent: Int32, evenAssigned: Bool)
    /// Ranked again under the active configuration.
    case rerank
    /// The customer has written again.
    case followUp(FollowUp)

    /// Resolves the names of a command.
    package init(_ command: WorkItemCommand, in snapshot: TenantSnapshot) throws(Refusal) {
        func agent(_ key: String, _ path: String) throws(Refusal) -> Int32 {
            guard let agent = snapshot.agent(named: key) else { throw Refusal(unknown: "agent \(key)", at: path) }
            return agent.id
        }
        switch command {
        case .submit: throw Refusal(.invalid, "submit makes an item; it cannot change one.")
        case .update(let update): self = .update(update)
        case .hold(let reason): self = .hold(reason: reason)
        case .resume: self = .resume
        case .cancel(let reason): self = .cancel(reason: reason)
        case .complete(let result): self = .complete(result: result?.text)
        case .restart: self = .restart
        case .activate: self = .activate
        case .assign(let key): self = .assign(agent: try agent(key, "/agent"))
        case .transfer(.agent(let key), let reason): self = .transferToAgent(try agent(key, "/agent"), reason: reason)
        case .transfer(.endpoint(let name), let reason):
            guard let id = snapshot.names.id(of: .endpoint, name), snapshot.endpoints[id] != nil else {
                throw Refusal(unknown: "endpoint \(name)", at: "/endpoint")
            }
            self = .transferToEndpoint(id, reason: reason)
        case .park(let workbin, let until):
            guard let workbin else {
                self = .park(until: until, workbin: nil)
                return
            }
            if snapshot.groups.contains(workbin) {
                self = .park(until: until, workbin: Workbin.ofGroup(workbin))
            } else if snapshot.names.id(of: .agent, workbin) != nil {
                self = .park(until: until, workbin: Workbin.ofAgent(workbin))
            } else {
                throw Refusal(unknown: "agent or group \(workbin)", at: "/workbin")
            }
        }
    }

    /// The action in the table of allowed transitions; nil where time or circumstances decide.
    package var action: WorkItemAction? {
        switch self {
        case .update: .update
        case .hold: .hold
        case .resume: .resume
        case .cancel: .cancel
        case .complete: .complete
        case .restart: .restart
        case .activate: .activate
        case .assign: .assign
        case .transferToAgent, .transferToEndpoint: .transfer
        case .park: .park
        case .unpark: .unpark
        case .takeBack: .takeBack
        case .accept: .accept
        case .decline: .decline
        case .offer: .offer
        case .recall: .recall
        case .rerank: .reprioritise
        case .timer, .withdraw, .followUp: nil
        }
    }

    /// The agent whose row must be locked besides the item's present one.
    var agent: Int32? {
        switch self {
        case .assign(let agent), .unpark(let agent): agent
        case .offer(let pick): pick.agent
        default: nil
        }
    }
}

/// A further message of an item's conversation.
package struct FollowUp: Sendable {
    /// What it changes of the item: attributes.
    package var update: UpdateCommand
    /// Whether an item that has ended begins again.
    package var reopens: Bool
    /// The agent who answered last, and gets an item first that begins again.
    package var preferredAgent: Int32?

    package init(update: UpdateCommand, reopens: Bool, preferredAgent: Int32? = nil) {
        self.update = update
        self.reopens = reopens
        self.preferredAgent = preferredAgent
    }
}

/// An item that distribution has reserved for an agent in Redis; PostgreSQL decides whether it becomes an offer.
package struct PickedOffer: Sendable {
    package var agent: Int32
    /// The agent asked for the next item, so it is assigned without an offer.
    package var pulled: Bool
    package var member: LaneMember
    package var endpoint: Int32?
    package var priority: Double
    /// Business milliseconds.
    package var age: Int64
    /// Why, as JSON text: see `Explanation`.
    package var explanation: String

    package init(
        agent: Int32, pulled: Bool, member: LaneMember, endpoint: Int32?, priority: Double, age: Int64,
        explanation: String
    ) {
        self.agent = agent
        self.pulled = pulled
        self.member = member
        self.endpoint = endpoint
        self.priority = priority
        self.age = age
        self.explanation = explanation
    }
}
