/// Checks that every name that a document mentions is defined in it. It works on the document itself, so that a thing
/// that is faulty elsewhere still counts as defined.
struct ConfigurationReferences {
    private let reader: ObjectReader
    private var problems: ProblemCollector { reader.problems }
    private let calendars: [String]
    private let schemas: [String]
    private let skills: [String]
    private let channels: [String]
    private let endpoints: [String]
    private let groups: [String]
    private let templates: [String]

    init(reader: ObjectReader) {
        self.reader = reader
        func names(_ section: String) -> [String] {
            reader.value(section)?.arrayValue?.compactMap { $0["name"]?.stringValue } ?? []
        }
        func texts(_ section: String) -> [String] {
            reader.value(section)?.arrayValue?.compactMap(\.stringValue) ?? []
        }
        calendars = names("calendars")
        schemas = names("schemas")
        skills = texts("skills")
        channels = names("channels")
        endpoints = names("endpoints")
        groups = texts("groups")
        templates = names("templates")
    }

    func check() {
        checkCategories(reader.value("categories"), at: place("categories"), outer: (nil, nil), depth: 1)
        checkAgents()
        checkGroups()
        checkSources()
        checkMailboxes()
        checkTargets()
    }

    private func place(_ section: String) -> JSONPointer { reader.pointer.appending(section) }

    private func elements(_ value: JSONValue?, at pointer: JSONPointer) -> [(JSONObject, JSONPointer)] {
        (value?.arrayValue ?? []).enumerated().compactMap { index, element in
            element.objectValue.map { ($0, pointer.appending(index)) }
        }
    }

    private func checkName(
        _ object: JSONObject, _ key: String, at pointer: JSONPointer, what: String, in known: [String]
    ) {
        guard let name = object[key]?.stringValue, !known.contains(name) else { return }
        problems.add(pointer.appending(key), NearestName.complaint(about: name, what: what, known: known))
    }

    private func checkNames(
        _ object: JSONObject, _ key: String, at pointer: JSONPointer, what: String, in known: Set<String>
    ) {
        for (index, element) in (object[key]?.arrayValue ?? []).enumerated() {
            guard let name = element.stringValue, !known.contains(name) else { continue }
            problems.add(
                pointer.appending(key).appending(index),
                NearestName.complaint(about: name, what: what, known: known.sorted()))
        }
    }

    /// A category without children takes items, so it needs an endpoint, and every endpoint needs a schema, be it
    /// from around. `outer` holds both.
    private func checkCategories(
        _ value: JSONValue?, at pointer: JSONPointer, outer: (endpoint: JSONValue?, schema: JSONValue?), depth: Int
    ) {
        guard depth <= Category.deepest else { return }
        for (category, place) in elements(value, at: pointer) {
            checkName(category, "endpoint", at: place, what: "endpoint", in: endpoints)
            checkName(category, "schema", at: place, what: "schema", in: schemas)
            checkName(category, "calendar", at: place, what: "calendar", in: calendars)
            checkName(category, "channel", at: place, what: "channel", in: channels)
            checkNames(category, "requiredSkills", at: place, what: "skill", in: Set(skills))
            if let email = category["email"]?.objectValue {
                checkName(email, "autoResponse", at: place.appending("email"), what: "template", in: templates)
            }
            let endpoint = category["endpoint"].flatMap { $0.isNull ? nil : $0 } ?? outer.endpoint
            let schema = category["schema"].flatMap { $0.isNull ? nil : $0 } ?? outer.schema
            let children = category["children"]?.arrayValue ?? []
            if children.isEmpty, endpoint == nil {
                problems.add(place.appending("endpoint"), "Missing; no category around it gives an endpoint either.")
            }
            if endpoint != nil, schema == nil {
                problems.add(place.appending("schema"), "Missing; no category around it gives a schema either.")
            }
            checkCategories(
                category["children"], at: place.appending("children"), outer: (endpoint, schema), depth: depth + 1)
        }
    }

    private func checkAgents() {
        let skills = Set(skills)
        let endpoints = Set(endpoints)
        let groups = Set(groups)
        var subjects: Set<String> = []
        for (agent, place) in elements(reader.value("agents"), at: place("agents")) {
            checkNames(agent, "skills", at: place, what: "skill", in: skills)
            checkNames(agent, "endpoints", at: place, what: "endpoint", in: endpoints)
            checkNames(agent, "groups", at: place, what: "group", in: groups)
            if let subject = agent["subject"]?.stringValue, !subjects.insert(subject).inserted {
                problems.add(place.appending("subject"), "Another agent has this subject; a token is one agent's.")
            }
        }
    }

    /// A workbin is named by an agent's id or a group's name, so these must differ.
    private func checkGroups() {
        let agents = Set(reader.value("agents")?.arrayValue?.compactMap { $0["id"]?.stringValue } ?? [])
        for (index, group) in groups.enumerated() where agents.contains(group) {
            problems.add(place("groups").appending(index), "An agent has this id; give the group another name.")
        }
    }

    /// A mailbox hands in as a source, and answers by a template.
    private func checkMailboxes() {
        let sources = reader.value("sources")?.arrayValue?.compactMap { $0["name"]?.stringValue } ?? []
        for (mailbox, pointer) in elements(reader.value("mailboxes"), at: place("mailboxes")) {
            checkName(mailbox, "source", at: pointer, what: "source", in: sources)
            checkName(mailbox, "acknowledgement", at: pointer, what: "template", in: templates)
        }
    }

    /// Targets of service levels are those of categories that there are.
    private func checkTargets() {
        guard let mart = reader.value("datamart"), let targets = mart["slaTargets"] else { return }
        var paths: [String] = []
        collectPaths(reader.value("categories"), below: "", into: &paths, depth: 1)
        for (target, pointer) in elements(targets, at: place("datamart").appending("slaTargets")) {
            checkName(target, "category", at: pointer, what: "category", in: paths)
        }
    }

    private func collectPaths(_ value: JSONValue?, below path: String, into paths: inout [String], depth: Int) {
        guard depth <= Category.deepest else { return }
        for category in value?.arrayValue ?? [] {
            guard let name = category["name"]?.stringValue else { continue }
            paths.append(path + name)
            collectPaths(category["children"], below: "\(path)\(name)/", into: &paths, depth: depth + 1)
        }
    }

    /// Commands of two sources must not share a topic, and replies must not come in as commands.
    private func checkSources() {
        let sources = elements(reader.value("sources"), at: place("sources"))
        var topics: Set<String> = []
        for (source, place) in sources {
            if let topic = source["topic"]?.stringValue, !topics.insert(topic).inserted {
                problems.add(place.appending("topic"), "Another source has this topic; a topic is one source's.")
            }
        }
        for (source, place) in sources {
            if let topic = source["replies"]?["topic"]?.stringValue, topics.contains(topic) {
                problems.add(
                    place.appending("replies").appending("topic"), "Commands come in on this topic; name another.")
            }
        }
    }
}
