import Domain

/// Who did it: stands in every event.
public struct Actor: Sendable, Hashable {
    public enum Kind: String, Sendable { case source, user, agent, system }
    public var kind: Kind
    /// The source's or agent's name, the user's subject, or the part of the system (`distribution`, `timer`).
    public var id: String
    /// The W3C `traceparent` of the request or command; its events carry it on.
    public var trace: String?

    public init(_ kind: Kind, _ id: String, trace: String? = nil) {
        self.kind = kind
        self.id = id
        self.trace = trace
    }

    public static let distribution = Actor(.system, "distribution")
    public static let timer = Actor(.system, "timer")
    public static let presence = Actor(.system, "presence")
    public static let configuration = Actor(.system, "configuration")
}
