import Domain

/// Who did it: stands in every event.
package struct Actor: Sendable, Hashable {
    package enum Kind: String, Sendable { case source, user, agent, system }
    package var kind: Kind
    /// The source's or agent's name, the user's subject, or the part of the system (`distribution`, `timer`).
    package var id: String
    /// The W3C `traceparent` of the request or command; its events carry it on.
    package var trace: String?

    package init(_ kind: Kind, _ id: String, trace: String? = nil) {
        self.kind = kind
        self.id = id
        self.trace = trace
    }

    package static let distribution = Actor(.system, "distribution")
    package static let timer = Actor(.system, "timer")
    package static let presence = Actor(.system, "presence")
    package static let configuration = Actor(.system, "configuration")
}
