/// A command as it comes over Kafka: a CloudEvent 1.0 in structured JSON.
///
/// ```json
/// {"specversion": "1.0", "type": "millrace.workitem.submit", "source": "vinst", "id": "4711",
///  "tenant": "demo", "data": {"captureId": "INC-1", "attributes": {"channel": "incident"}}}
/// ```
/// Every extension attribute is taken, as CloudEvents asks. `data` is the body that HTTP takes, with
/// `captureId` in every command, because it says which item is meant.
public struct CloudEventEnvelope: Sendable, Hashable {
    /// The sender's id of this event; with tenant and source it is answered once.
    public var id: String
    /// The source's name.
    public var source: String
    /// The tenant's name; nil where the topic is bound to one and the event names none.
    public var tenant: String?
    /// What is commanded.
    public var action: WorkItemAction
    /// The source's own number of the item.
    public var captureId: String
    /// When the event happened, says the source.
    public var time: Instant?
    /// `data` as sent, for `SubmitCommand.content(of:)`.
    public var data: JSONValue
    /// The command that `data` holds.
    public var command: WorkItemCommand

    /// What the types of commands begin with.
    public static let typePrefix = "millrace.workitem."

    /// Reads and checks an event with its command; throws everything that is wrong with either. The paths of
    /// problems with the command start with `/data`. `tenantRequired` is false on a topic that is bound to one
    /// tenant.
    public init(event: JSONValue, tenantRequired: Bool = true) throws(BodyProblems) {
        let problems = ProblemCollector()
        let known = event.objectValue?.keys ?? []
        guard let reader = ObjectReader(event, at: .root, known: known, problems: problems) else {
            throw BodyProblems(problems.problems)
        }
        Self.checkAttributes(reader)
        id = reader.requiredText("id", .longName) ?? ""
        source = reader.requiredText("source", .pathName) ?? ""
        tenant = tenantRequired ? reader.requiredText("tenant", .name) : reader.text("tenant", .name)
        time = reader.instant("time", in: WorkItemLimits.dates)
        let action = Self.action(reader)
        let captureId = Self.captureId(reader)
        var command: WorkItemCommand?
        if let action, let data = reader.value("data"), data.objectValue != nil {
            do throws(BodyProblems) {
                command = try WorkItemCommand(
                    action: action, body: Self.body(of: data, action), at: reader.pointer.appending("data"))
            } catch {
                problems.add(error)
            }
        }
        try problems.check()
        guard let action, let captureId, let command, let data = reader.value("data") else {
            throw BodyProblems(path: "", message: "Expected a command.")
        }
        self.action = action
        self.captureId = captureId
        self.command = command
        self.data = data
    }

    /// What can be said of an event that could not be read, so that its sender can be answered: whatever of
    /// tenant, source, id and captureId is a usable string.
    public static func address(
        of event: JSONValue
    ) -> (tenant: String?, source: String?, id: String?, captureId: String?) {
        func text(_ value: JSONValue?) -> String? {
            value?.stringValue.flatMap { TextRule.captureId.problem(with: $0) == nil ? $0 : nil }
        }
        return (text(event["tenant"]), text(event["source"]), text(event["id"]), text(event["data"]?["captureId"]))
    }

    private static func action(_ reader: ObjectReader) -> WorkItemAction? {
        reader.require("type", "\(typePrefix)submit or another command")
        guard let value = reader.value("type") else { return nil }
        guard let type = value.stringValue else { return reader.mismatch("type", expected: "a string", found: value) }
        if type.hasPrefix(typePrefix), let action = WorkItemAction(rawValue: String(type.dropFirst(typePrefix.count))),
            WorkItemAction.commands.contains(action)
        {
            return action
        }
        let types = WorkItemAction.commands.map { typePrefix + $0.rawValue }
        reader.report("type", NearestName.complaint(about: type, what: "type of command", known: types))
        return nil
    }

    /// Every command names its item by `captureId`. That of a submit is checked with the rest of its body.
    private static func captureId(_ reader: ObjectReader) -> String? {
        guard let data = reader.value("data"), data.objectValue != nil else {
            let found = reader.value("data")?.kindDescription ?? "nothing"
            reader.report("data", "Expected an object with captureId, found \(found).")
            return nil
        }
        let place = reader.pointer.appending("data")
        if reader.value("type") == .string(typePrefix + "submit") { return data["captureId"]?.stringValue }
        let known = data.objectValue?.keys ?? []
        return ObjectReader(data, at: place, known: known, problems: reader.problems)?
            .requiredText("captureId", .captureId)
    }

    private static func body(of data: JSONValue, _ action: WorkItemAction) -> JSONValue {
        guard action != .submit, var object = data.objectValue else { return data }
        object["captureId"] = nil
        return .object(object)
    }

    /// `specversion`, the kind of `data`, and the names of extension attributes (CloudEvents 1.0, 3.1).
    private static func checkAttributes(_ reader: ObjectReader) {
        if reader.value("specversion") != "1.0" {
            reader.report("specversion", "Expected \"1.0\": a CloudEvent in structured JSON.")
        }
        if let type = reader.text("datacontenttype", .longName), !isJSON(type) {
            reader.report("datacontenttype", "Expected application/json, or leave it out.")
        }
        for (key, value) in reader.object.members where key != "data" {
            if key == "data_base64" {
                reader.report(key, "Expected the command in data, as JSON.")
            } else if !isAttributeName(key) {
                reader.report(key, "Expected lower-case letters and digits in the name of an attribute.")
            } else if value.arrayValue != nil || value.objectValue != nil {
                reader.report(key, "Expected a string, a number, true or false, found \(value.kindDescription).")
            }
        }
    }

    private static func isAttributeName(_ key: String) -> Bool {
        key.utf8.allSatisfy { (97...122).contains($0) || (48...57).contains($0) } && (1...100).contains(key.utf8.count)
    }

    private static func isJSON(_ type: String) -> Bool {
        let name = type.prefix { $0 != ";" }.lowercased().filter { $0 != " " }
        return name == "application/json" || name.hasSuffix("+json")
    }
}
