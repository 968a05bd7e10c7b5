import Core
import Domain
import ServiceKit
import Testing

@Suite("Who may command what")
struct CommandRightsTests {
    /// By DESIGN and the HTTP contract: a source for its own items, an agent for those that it has, a supervisor for all.
    private static let rights: [WorkItemAction: Set<Role>] = [
        .update: [.source, .supervisor], .hold: [.source, .agent, .supervisor],
        .resume: [.source, .agent, .supervisor], .cancel: [.source, .supervisor],
        .complete: [.source, .agent, .supervisor], .restart: [.source, .supervisor],
        .activate: [.source, .supervisor], .assign: [.supervisor], .transfer: [.agent, .supervisor],
        .park: [.agent, .supervisor], .unpark: [.agent, .supervisor], .takeBack: [.supervisor],
        .accept: [.agent, .supervisor], .decline: [.agent, .supervisor],
    ]

    enum Caller: CaseIterable { case ownSource, otherSource, agentWithItem, otherAgent, supervisor, reader }

    @Test("an action that nobody may command has no roles", arguments: WorkItemAction.allCases)
    func roles(_ action: WorkItemAction) {
        #expect(Set(WorkItemRights.roles(for: action)) == Self.rights[action] ?? [])
    }

    @Test("each caller, in every status", arguments: Caller.allCases, CommandTable.statuses)
    func caller(_ caller: Caller, _ status: WorkItemStatus) throws {
        let scene = try DeskScene()
        let item = try scene.item(status)
        let principal = principal(caller)
        for (action, roles) in Self.rights {
            let may = WorkItemRights.roles(for: action).contains { principal.has($0) }
            #expect(may == !roles.isDisjoint(with: principal.roles.members), "\(action)")
            guard may else { continue }
            var request = ChangeRequest(reference: .id(item.id), command: .resume, actor: Actor(.user, "x"))
            try request.restrict(to: principal, in: scene.snapshot)
            let sees: Bool =
                switch caller {
                case .ownSource, .supervisor: true
                // Offered or assigned, held while it was, or in the own workbin.
                case .agentWithItem: [.offered, .assigned, .held, .parked].contains(status)
                case .otherSource, .otherAgent, .reader: false
                }
            #expect(request.mayTouch(item) == sees, "\(action)")
        }
    }

    @Test("whoever is in the group takes from the group's workbin")
    func groupWorkbin() throws {
        let scene = try DeskScene()
        var item = try scene.item(.parked)
        item.workbin = "group:night"
        for (agent, sees) in [("bert", true), ("anna", false)] {
            var request = ChangeRequest(reference: .id(item.id), command: .resume, actor: Actor(.agent, agent))
            try request.restrict(to: self.agent(agent), in: scene.snapshot)
            #expect(request.mayTouch(item) == sees)
        }
    }

    @Test("a credential for an agent whom the configuration lacks is refused")
    func goneAgent() throws {
        let scene = try DeskScene()
        var request = ChangeRequest(reference: .id(try scene.item(.assigned).id), command: .resume, actor: .timer)
        #expect(throws: Problem.self) { try request.restrict(to: agent("zoe"), in: scene.snapshot) }
    }

    private func agent(_ name: String) -> Principal {
        Principal(tenant: 1, tenantName: "demo", subject: name, roles: [.agent], agent: name)
    }

    private func principal(_ caller: Caller) -> Principal {
        func plain(_ role: Role, source: String? = nil) -> Principal {
            Principal(tenant: 1, tenantName: "demo", subject: "key", roles: [role], source: source)
        }
        return switch caller {
        case .ownSource: plain(.source, source: "vinst")
        case .otherSource: plain(.source, source: "crm")
        case .agentWithItem: agent("anna")
        case .otherAgent: agent("bert")
        case .supervisor: plain(.supervisor)
        case .reader: plain(.reader)
        }
    }
}
