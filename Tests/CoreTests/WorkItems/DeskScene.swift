import Core
import Domain
import Foundation

/// A tenant of two desks and three agents, and an item in any status, for the command desk.
struct DeskScene {
    static let start = Instant(milliseconds: 1_767_607_200_000)
    static let hour: Int64 = 3_600_000
    /// An hour after the item's activation.
    static let now = start + hour
    /// How long the held item has been held: its category pauses the service level.
    static let pause: Int64 = 600_000
    /// The revision of every item.
    static let revision: Int32 = 7

    let snapshot: TenantSnapshot

    init(_ text: String = Self.configuration) throws {
        let document = try JSONValue(parsing: text.utf8, limits: .configuration)
        let configuration = try TenantConfiguration.validate(document, now: Self.start).get()
        var builder = SnapshotBuilder(tenant: 1, name: "demo", version: 3, configuration: configuration)
        var next: Int32 = 0
        func add(_ kind: ConfigurationNames.Kind, _ names: [String]) {
            for name in names {
                next += 1
                builder.names.append((kind, next, name))
            }
        }
        add(.skill, configuration.skills)
        add(.endpoint, configuration.endpoints.map(\.name))
        add(.agent, configuration.agents.map(\.id))
        add(.source, configuration.sources.map(\.name))
        add(.category, configuration.categoryTree().categories.map(\.name))
        let horizon = CalendarConfiguration.horizon(at: Self.start)
        for calendar in configuration.calendars + [configuration.calendar(named: nil)] {
            next += 1
            builder.add(
                calendar: try calendar.compile(from: CalendarConfiguration.origin, through: horizon), id: next,
                name: calendar.name, digest: calendar.digest(horizon: horizon))
        }
        for schema in configuration.schemas {
            next += 1
            builder.add(schema: schema.schema, id: next, name: schema.name, digest: schema.digest)
        }
        snapshot = try builder.build()
    }

    func agent(_ name: String) -> Int32 { snapshot.names.id(of: .agent, name) ?? 0 }
    func endpoint(_ name: String) -> Int32 { snapshot.names.id(of: .endpoint, name) ?? 0 }

    /// A desk at which every agent is ready, and anna has the item if its status says that an agent has it.
    func desk(_ item: WorkItem, at now: Instant = Self.now) -> CommandDesk {
        let rows = ["anna", "bert", "carl"].map { name in
            AgentRow(
                id: agent(name), state: .ready,
                load: item.status.isWithAgent && item.assignee == agent(name) ? item.weight : 0)
        }
        return CommandDesk(
            snapshot: snapshot, now: now, agents: AgentLedger(rows), endpointLoads: [endpoint("desk"): 0])
    }

    /// An item as DESIGN says that one looks in this status. Anna has, had or keeps it where somebody does.
    func item(_ status: WorkItemStatus) throws -> WorkItem {
        var item = WorkItem(
            id: UUID(), source: snapshot.names.id(of: .source, "vinst") ?? 0, captureId: "INC-1", contentHash: [],
            receivedAt: Self.start, arrival: 1, activation: status == .new ? Self.now + Self.hour : Self.start,
            configurationVersion: 3)
        item.setAttributes(["kind": "work"], snapshot: snapshot)
        let placement = snapshot.placements.values.first { $0.path == "Work" }
        item.status = status
        item.revision = Self.revision
        item.category = placement?.category
        item.endpoint = placement?.endpoint
        item.skills = placement?.skills ?? []
        item.schemaVersion = placement?.schemaVersion
        item.calendarVersion = placement?.calendarVersion
        item.due = item.activation + 8 * Self.hour
        item.autocompleteAt = item.activation + 72 * Self.hour
        let calendar = item.calendarVersion.flatMap { snapshot.calendars[$0] }
        item.anchor = calendar?.businessTime(at: item.activation)
        let anna = agent("anna")
        switch status {
        case .offered:
            (item.assignee, item.offeredAt, item.offerRevision) = (anna, Self.now - 10_000, Self.revision)
            item.deadline = Self.now + 20_000
        case .assigned: (item.assignee, item.offeredAt) = (anna, Self.now - 10_000)
        case .held:
            (item.heldFrom, item.heldAt, item.heldBy) = (.assigned, Self.now - Self.pause, anna)
            item.reason = "waits"
        case .parked: (item.workbin, item.deadline) = ("agent:anna", Self.now + Self.hour)
        case .errorheld: item.reason = "failed"
        case .completed, .canceled, .rejected: item.completedAt = Self.now - 1000
        case .new, .captured, .queued: break
        }
        item.wakeAt = item.nextWake
        return item
    }

    static let configuration = """
        {"tenant": "demo", "groups": ["night"], "skills": ["java"],
         "schemas": [{"name": "standard", "unit": "hours", "sla": 8, "points": [[0, 100], [8, 1000]],
           "autocompleteAfter": 72}],
         "endpoints": [{"name": "desk", "acceptWithin": "30s", "missedOffersUntilNotReady": 1}, {"name": "other"}],
         "categories": [{"name": "Work", "when": {"attribute": "kind", "is": "work"}, "endpoint": "desk",
           "schema": "standard", "requiredSkills": ["java"], "holdPausesSLA": true}],
         "agents": [
          {"id": "anna", "skills": ["java"], "endpoints": ["desk"], "capacity": 1},
          {"id": "bert", "skills": ["java"], "endpoints": ["desk", "other"], "capacity": 1, "groups": ["night"]},
          {"id": "carl", "endpoints": ["desk"], "capacity": 1}],
         "sources": [{"name": "vinst"}, {"name": "crm"}]}
        """
}
