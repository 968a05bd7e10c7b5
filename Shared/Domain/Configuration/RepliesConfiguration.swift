/// Where and about what a source is told of its items. Without topic and webhook it is told on the common topic of
/// replies.
public struct RepliesConfiguration: Sendable, Hashable {
    /// The source's own topic.
    public var topic: String?
    /// The source's own address.
    public var webhook: Webhook?
    /// What the source wants to hear of: names of actions (`assign`) and of statuses that an item comes to
    /// (`assigned`); nil is every change of status.
    public var events: Set<String>?

    /// An address that takes signed requests.
    public struct Webhook: Sendable, Hashable {
        /// The address.
        public var url: String
        /// The name under which the service's configuration holds the signing secret.
        public var secretRef: String

        /// An address with the name of its secret.
        public init(url: String, secretRef: String) {
            self.url = url
            self.secretRef = secretRef
        }
    }

    /// Replies about these events, by default every change of status.
    public init(topic: String? = nil, webhook: Webhook? = nil, events: Set<String>? = nil) {
        self.topic = topic
        self.webhook = webhook
        self.events = events
    }

    /// Whether the source wants to hear of this step.
    public func wants(action: WorkItemAction, from old: WorkItemStatus?, to new: WorkItemStatus) -> Bool {
        guard let events else { return old != new }
        return events.contains(action.rawValue) || (old != new && events.contains(new.rawValue))
    }

    /// Every name that `events` takes.
    public static let eventNames = WorkItemAction.allCases.map(\.rawValue) + WorkItemStatus.allCases.map(\.rawValue)

    static func read(
        _ value: JSONValue, at pointer: JSONPointer, problems: ProblemCollector
    ) -> RepliesConfiguration? {
        let known = ["topic", "webhook", "events"]
        guard let reader = ObjectReader(value, at: pointer, known: known, problems: problems) else { return nil }
        var replies = RepliesConfiguration()
        replies.topic = SourceConfiguration.topic(reader, "topic")
        replies.webhook = webhook(reader)
        if let events = reader.texts("events", .name) {
            for (name, place) in events where !eventNames.contains(name) {
                problems.add(place, NearestName.complaint(about: name, what: "action or status", known: eventNames))
            }
            replies.events = Set(events.map(\.text))
        }
        return replies
    }

    private static func webhook(_ reader: ObjectReader) -> Webhook? {
        let place = reader.pointer.appending("webhook")
        guard let value = reader.value("webhook"),
            let webhook = ObjectReader(value, at: place, known: ["url", "secretRef"], problems: reader.problems)
        else { return nil }
        let secretRef = webhook.requiredText("secretRef", .name)
        guard let url = webhook.requiredText("url", TextRule(bytes: 8...2000)), let secretRef else { return nil }
        let rest = ["https://", "http://"].first { url.lowercased().hasPrefix($0) }.map { url.dropFirst($0.count) }
        let host = rest?.prefix { $0 != "/" && $0 != "?" && $0 != "#" } ?? ""
        guard !host.isEmpty, !host.hasPrefix(":"), !host.contains("@"), !url.contains(" ") else {
            webhook.report("url", "Expected an address with host and without credentials: https://host/path.")
            return nil
        }
        return Webhook(url: url, secretRef: secretRef)
    }

    var document: JSONValue {
        var object = JSONObject()
        object["topic"] = topic.map(JSONValue.string)
        if let webhook {
            var address: JSONObject = ["url": .string(webhook.url)]
            address["secretRef"] = .string(webhook.secretRef)
            object["webhook"] = .object(address)
        }
        object["events"] = events.map { .array($0.sorted().map(JSONValue.string)) }
        return .object(object)
    }
}
