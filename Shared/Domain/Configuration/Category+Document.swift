/// The shape of a category in a document.
extension Category {
    /// Categories inside each other, at most.
    public static let deepest = 10

    static let members = [
        "name", "when", "endpoint", "schema", "calendar", "requiredSkills", "channel", "headStart",
        "businessValueWeight", "holdPausesSLA", "rejectWhenOverdue", "preferredAgentFor", "email", "children",
    ]

    /// Reads and checks a category with its children. `ancestors` are the names around it: one that comes again
    /// would be a category inside itself.
    static func read(
        _ value: JSONValue, at pointer: JSONPointer, ancestors: [String], problems: ProblemCollector
    ) -> Category? {
        guard ancestors.count < deepest else {
            problems.add(pointer, "Categories are nested more than \(deepest) deep, or in a cycle; flatten them.")
            return nil
        }
        guard let reader = ObjectReader(value, at: pointer, known: members, problems: problems) else { return nil }
        let name = reader.requiredText("name", .pathName)
        if let name, ancestors.contains(name) {
            reader.report("name", "\"\(name)\" lies inside a category of that name; the tree must not have cycles.")
            return nil
        }
        var category = Category(name: name ?? "")
        // An empty `when:` is more likely forgotten than meant to take everything, so `null` is refused here.
        category.condition = reader.object["when"].flatMap {
            Condition.read($0, at: pointer.appending("when"), problems: problems)
        }
        category.settings = CategorySettings(reader)
        category.children = readAll(
            reader.list("children", atMost: 1000), ancestors: ancestors + [name ?? ""], problems: problems)
        return category
    }

    /// Reads siblings, whose names must differ.
    static func readAll(
        _ elements: [(value: JSONValue, pointer: JSONPointer)], ancestors: [String], problems: ProblemCollector
    ) -> [Category] {
        var names: Set<String> = []
        return elements.compactMap { element in
            let category = read(element.value, at: element.pointer, ancestors: ancestors, problems: problems)
            if let category, !category.name.isEmpty, !names.insert(category.name).inserted {
                problems.add(element.pointer.appending("name"), "\"\(category.name)\" is the name of a sibling too.")
            }
            return category
        }
    }

    /// The category as JSON, in the shape that `read` takes.
    public var document: JSONValue {
        var object: JSONObject = ["name": .string(name)]
        object["when"] = condition?.document
        for (key, value) in settings.document.members { object[key] = value }
        if !children.isEmpty { object["children"] = .array(children.map(\.document)) }
        return .object(object)
    }
}

extension CategorySettings {
    fileprivate init(_ reader: ObjectReader) {
        self.init()
        endpoint = reader.text("endpoint", .name)
        schema = reader.text("schema", .name)
        calendar = reader.text("calendar", .name)
        requiredSkills = reader.texts("requiredSkills", .name)?.map(\.text)
        channel = reader.text("channel", .name)
        headStart = Self.headStart(reader)
        businessValueWeight = reader.number(
            "businessValueWeight", in: -WorkItemLimits.headStart...WorkItemLimits.headStart)
        holdPausesSLA = reader.bool("holdPausesSLA")
        rejectWhenOverdue = reader.bool("rejectWhenOverdue")
        preferredAgentFor = reader.duration("preferredAgentFor", in: 0...(30 * 86_400_000))
        let known = ["replyToFinal", "approveReplies", "autoResponse"]
        if let value = reader.value("email"),
            let email = ObjectReader(
                value, at: reader.pointer.appending("email"), known: known, problems: reader.problems)
        {
            replyToFinal = email.choice("replyToFinal", "rule")
            approveReplies = email.bool("approveReplies")
            autoResponse = email.text("autoResponse", .name)
        }
    }

    /// A duration with a minus in front makes items younger.
    private static func headStart(_ reader: ObjectReader) -> Int64? {
        guard let value = reader.value("headStart") else { return nil }
        var magnitude = value
        var isNegative = false
        if let number = value.numberValue {
            isNegative = number < 0
            magnitude = .number(number.magnitude)
        } else if let text = value.stringValue, text.hasPrefix("-") {
            isNegative = true
            magnitude = .string(String(text.dropFirst()))
        }
        guard let milliseconds = DurationText.milliseconds(magnitude) else {
            reader.report("headStart", "Expected a duration such as 30m, -30m, 2h, PT30S or a number of seconds.")
            return nil
        }
        return isNegative ? -milliseconds : milliseconds
    }

    fileprivate var document: JSONObject {
        func duration(_ milliseconds: Int64) -> JSONValue {
            .string((milliseconds < 0 ? "-" : "") + DurationText.text(milliseconds: abs(milliseconds)))
        }
        var object = JSONObject()
        object["endpoint"] = endpoint.map(JSONValue.string)
        object["schema"] = schema.map(JSONValue.string)
        object["calendar"] = calendar.map(JSONValue.string)
        object["requiredSkills"] = requiredSkills.map { .array($0.sorted().map(JSONValue.string)) }
        object["channel"] = channel.map(JSONValue.string)
        object["headStart"] = headStart.map(duration)
        object["businessValueWeight"] = businessValueWeight.map(JSONValue.number)
        object["holdPausesSLA"] = holdPausesSLA.map(JSONValue.bool)
        object["rejectWhenOverdue"] = rejectWhenOverdue.map(JSONValue.bool)
        object["preferredAgentFor"] = preferredAgentFor.map(duration)
        var email = JSONObject()
        email["replyToFinal"] = replyToFinal.map { .string($0.rawValue) }
        email["approveReplies"] = approveReplies.map(JSONValue.bool)
        email["autoResponse"] = autoResponse.map(JSONValue.string)
        if !email.isEmpty { object["email"] = .object(email) }
        return object
    }
}
