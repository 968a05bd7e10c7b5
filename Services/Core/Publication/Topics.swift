/// The topics' names, with the configured prefix.
public struct Topics: Sendable {
    public let prefix: String

    public init(prefix: String) { self.prefix = prefix }

    public var commands: String { prefix + "workitems.commands" }
    public var replies: String { prefix + "workitems.replies" }
    public var workItemEvents: String { prefix + "workitems.events" }
    public var agentEvents: String { prefix + "agents.events" }

    public var emailStatus: String { prefix + "emails.status" }

    /// Where what could not be taken from a consumed topic goes.
    public static func dead(of topic: String) -> String { topic + ".dead" }

    /// All that the core needs, for explicit creation.
    public var all: [String] {
        [commands, Topics.dead(of: commands), replies, workItemEvents, agentEvents, emailStatus]
    }

    static let jsonHeaders = [(name: "content-type", value: "application/cloudevents+json; charset=utf-8")]
}
