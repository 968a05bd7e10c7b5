/// The topics that are Millrace's own, so that no tenant may name one: it would read what others send, or speak as them.
public enum ServiceTopics {
    /// Their names, without the prefix that the installation puts before every topic, a tenant's as well.
    public static let names: Set<String> = [
        "workitems.commands", "workitems.replies", "workitems.events", "agents.events", "emails.outbound",
        "emails.status", "schedules.requests", "schedules.results", "notifications.requests",
    ]

    /// What is put behind a command topic's name for the messages of it that could not be taken.
    public static let deadSuffix = ".dead"

    /// Whether a topic is the service's or the broker's own: one of ``names``, where the dead letters of any topic go, or
    /// with Kafka's own mark.
    public static func isReserved(_ topic: String) -> Bool {
        names.contains(topic) || topic.hasSuffix(deadSuffix) || topic.hasPrefix("__")
    }
}

extension TenantConfiguration {
    /// A topic that the document names, and where.
    public struct NamedTopic: Sendable, Hashable {
        /// Its name, without the installation's prefix.
        public var topic: String
        /// JSON pointer to the place: `/sources/0/replies/topic`.
        public var path: String
    }

    /// The topics that sources take commands from and are told on, in the order of the document.
    public var namedTopics: [NamedTopic] {
        sources.enumerated().flatMap { index, source in
            [
                source.topic.map { NamedTopic(topic: $0, path: "/sources/\(index)/topic") },
                source.replies?.topic.map { NamedTopic(topic: $0, path: "/sources/\(index)/replies/topic") },
            ].compactMap(\.self)
        }
    }

    /// What is wrong with topics that are the service's own.
    var problemsOfTopics: [ConfigurationProblem] {
        namedTopics.filter { ServiceTopics.isReserved($0.topic) }.map {
            ConfigurationProblem(
                path: $0.path,
                message: $0.topic == "workitems.replies" && $0.path.hasSuffix("/replies/topic")
                    ? "This is where sources are told that name no topic; leave it away."
                    : "This topic is Millrace's own, as are all that end in \(ServiceTopics.deadSuffix); name another.")
        }
    }
}
