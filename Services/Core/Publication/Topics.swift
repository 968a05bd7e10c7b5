import Domain

/// The topics' names, with the configured prefix.
package struct Topics: Sendable {
    package let prefix: String

    package init(prefix: String) { self.prefix = prefix }

    package var commands: String { prefix + "workitems.commands" }
    package var replies: String { prefix + "workitems.replies" }
    package var workItemEvents: String { prefix + "workitems.events" }
    package var agentEvents: String { prefix + "agents.events" }

    /// What becomes of outgoing messages.
    package var emailStatus: String { prefix + "emails.status" }

    /// Where what could not be taken from a consumed topic goes.
    package static func dead(of topic: String) -> String { topic + ServiceTopics.deadSuffix }

    /// All that the core needs, for explicit creation.
    package var all: [String] {
        [commands, Topics.dead(of: commands), replies, workItemEvents, agentEvents, emailStatus]
    }

    static let jsonHeaders = [(name: "content-type", value: "application/cloudevents+json; charset=utf-8")]
}
