import Domain

/// An event of a tenant, as a projection takes it.
///
/// A tenant's events (of work items, agents and emails) have one gap-free `position`, in the order in which they were
/// committed. A projection is complete up to N when it has applied every position up to N.
public struct ProjectedEvent: Sendable, Hashable {
    /// Its place among the tenant's events; 1 is the first.
    public var position: Int64
    /// Unique for ever: the subject's id in hexadecimal, a hyphen and the revision.
    public var id: String
    /// The work item's or email's id with dashes; for an agent's event the agent's number.
    public var subject: String
    /// `workitem.offer`, `agent.state`, `email.sent`: the CloudEvents type without `millrace.`.
    public var kind: String
    /// The subject's revision after this event.
    public var revision: Int32
    /// When it happened.
    public var at: Instant
    /// What the event says; deploy/asyncapi.yaml describes it by kind.
    public var data: JSONObject

    /// An event.
    public init(
        position: Int64, id: String, subject: String, kind: String, revision: Int32, at: Instant, data: JSONObject
    ) {
        self.position = position
        self.id = id
        self.subject = subject
        self.kind = kind
        self.revision = revision
        self.at = at
        self.data = data
    }

    /// Reads a structured CloudEvent.
    /// - Throws: `malformedEvent`, naming the member.
    public init(cloudEvent value: JSONValue) throws(ProjectionError) {
        func text(_ member: String) throws(ProjectionError) -> String {
            guard let text = value[member]?.stringValue else { throw Self.malformed(member) }
            return text
        }
        let id = try text("id")
        let type = try text("type")
        guard let position = value["position"]?.integerValue, position > 0 else { throw Self.malformed("position") }
        guard type.hasPrefix("millrace.") else { throw Self.malformed("type") }
        guard let hyphen = id.lastIndex(of: "-"), let revision = Int32(id[id.index(after: hyphen)...]) else {
            throw Self.malformed("id")
        }
        guard let at = Instant(rfc3339: try text("time")) else { throw Self.malformed("time") }
        guard let data = value["data"]?.objectValue else { throw Self.malformed("data") }
        self.init(
            position: position, id: id, subject: try text("subject"), kind: String(type.dropFirst(9)),
            revision: revision, at: at, data: data)
    }

    private static func malformed(_ member: String) -> ProjectionError {
        ProjectionError(.malformedEvent, "an event's \(member) is missing or not what it should be")
    }
}
