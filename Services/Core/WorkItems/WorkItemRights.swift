import Domain
import ServiceKit

/// Who may command what. A source acts on its own items, an agent on those that it has, a supervisor on all.
package enum WorkItemRights {
    /// The roles that may give a command; others are answered 403.
    package static func roles(for action: WorkItemAction) -> [Role] {
        switch action {
        case .hold, .resume, .complete: [.source, .supervisor, .agent]
        case .update, .cancel, .restart, .activate: [.source, .supervisor]
        case .transfer, .park, .unpark, .accept, .decline: [.supervisor, .agent]
        case .assign, .takeBack: [.supervisor]
        default: []
        }
    }
}

extension ChangeRequest {
    /// Narrows the request to what the caller may see of the tenant: other items do not exist for the caller (404).
    /// - Throws: ``Problem`` 403 when an agent's credential stands for no agent of the configuration, or a source's for no
    ///   source.
    package mutating func restrict(to principal: Principal, in snapshot: TenantSnapshot) throws(Problem) {
        guard !principal.has(.supervisor) else { return }
        if let source = principal.source {
            // A name that no configuration has had is no item's source.
            requiredSource = snapshot.names.id(of: .source, source) ?? -1
        } else {
            if !principal.has(.agent) { try principal.requireOwnSource() }
            requiredAgent = try snapshot.agent(of: principal)
        }
    }
}

extension Principal {
    /// The source whose items are all that it sees, unless another role shows it more.
    /// - Throws: ``Problem`` 403 when it is bound to none: then it may submit, and sees nothing.
    @discardableResult
    func requireOwnSource() throws(Problem) -> String {
        guard let source else {
            throw Problem.forbidden(
                "The credential has the role source and is bound to no source: it may submit and sees no work items. "
                    + "Use a key that names its source.")
        }
        return source
    }
}

extension TenantSnapshot {
    /// The agent that a credential stands for.
    func agent(of principal: Principal) throws(Problem) -> AgentSettings {
        guard let agent = principal.agent.flatMap({ agent(named: $0) }) else {
            throw Problem.forbidden("The credential stands for no agent of the configuration.")
        }
        return agent
    }
}
