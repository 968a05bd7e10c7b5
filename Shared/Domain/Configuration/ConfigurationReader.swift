/// Reads a tenant's document section by section, then checks what refers to what.
struct ConfigurationReader {
    let problems: ProblemCollector
    /// When it is applied; nil for what was applied once, which is not judged again by what holds today.
    let now: Instant?

    static let members = [
        "tenant", "calendars", "schemas", "skills", "channels", "endpoints", "categories", "groups", "agents",
        "sources", "mailboxes", "templates", "retention", "quota", "datamart", "search",
        "customerAttribute",
    ]

    func read(_ document: JSONValue) -> TenantConfiguration? {
        guard let reader = ObjectReader(document, at: .root, known: Self.members, problems: problems) else {
            return nil
        }
        var configuration = TenantConfiguration(tenant: tenant(reader))
        configuration.calendars = section(reader, "calendars", key: "name", atMost: 1000) {
            CalendarConfiguration.read($0, at: $1, now: now, problems: problems)
        }
        configuration.schemas = section(reader, "schemas", key: "name", atMost: 1000) {
            SchemaConfiguration.read($0, at: $1, problems: problems)
        }
        configuration.skills = reader.texts("skills", .name)?.map(\.text) ?? []
        configuration.channels = section(reader, "channels", key: "name", atMost: 1000) {
            ChannelConfiguration.read($0, at: $1, problems: problems)
        }
        configuration.endpoints = section(reader, "endpoints", key: "name", atMost: 10_000) {
            EndpointConfiguration.read($0, at: $1, problems: problems)
        }
        configuration.categories = Category.readAll(
            reader.list("categories", atMost: 1000), ancestors: [], problems: problems)
        configuration.groups = reader.texts("groups", .pathName)?.map(\.text) ?? []
        configuration.agents = section(reader, "agents", key: "id", atMost: 100_000) {
            AgentConfiguration.read($0, at: $1, problems: problems)
        }
        configuration.sources = section(reader, "sources", key: "name", atMost: 10_000) {
            SourceConfiguration.read($0, at: $1, problems: problems)
        }
        configuration.mailboxes = section(reader, "mailboxes", key: "name", atMost: 1000) {
            MailboxConfiguration.read($0, at: $1, problems: problems)
        }
        configuration.templates = section(reader, "templates", key: "name", atMost: 1000) {
            EmailTemplate.read($0, at: $1, problems: problems)
        }
        configuration.retention =
            reader.value("retention").flatMap {
                RetentionConfiguration.read($0, at: reader.pointer.appending("retention"), problems: problems)
            } ?? RetentionConfiguration()
        configuration.quota = QuotaConfiguration.read(reader)
        configuration.search = reader.value("search").flatMap {
            SearchConfiguration.read(
                $0, at: reader.pointer.appending("search"), tenant: configuration.tenant, problems: problems)
        }
        configuration.datamart = reader.value("datamart").flatMap {
            DatamartConfiguration.read($0, at: reader.pointer.appending("datamart"), now: now, problems: problems)
        }
        configuration.customerAttribute =
            reader.text("customerAttribute", TextRule(bytes: 1...WorkItemLimits.attributeNameBytes)) ?? "customer"
        ConfigurationReferences(reader: reader).check()
        FallingLanes(configuration).check(reader)
        // Who named one before this was refused keeps working without it.
        if now != nil, problems.problems.isEmpty { problems.add(configuration.problemsOfTopics) }
        return configuration
    }

    /// The tenant's name ends up in keys, labels of logs and addresses.
    private func tenant(_ reader: ObjectReader) -> String {
        guard let tenant = reader.requiredText("tenant", TextRule(bytes: 1...63)) else { return "" }
        let isLegal = tenant.utf8.allSatisfy { (97...122).contains($0) || (48...57).contains($0) || $0 == 45 }
        if !isLegal || tenant.hasPrefix("-") || tenant.hasSuffix("-") {
            reader.report("tenant", "Expected lower-case letters, digits and inner hyphens, at most 63.")
        }
        return tenant
    }

    /// Reads a list of named things, whose names must differ.
    private func section<Element>(
        _ reader: ObjectReader, _ name: String, key: String, atMost limit: Int,
        _ read: (JSONValue, JSONPointer) -> Element?
    ) -> [Element] {
        var seen: Set<String> = []
        return reader.list(name, atMost: limit).compactMap { value, pointer in
            if let text = value[key]?.stringValue, !seen.insert(text).inserted {
                problems.add(
                    pointer.appending(key), "\(NearestName.quoted(text)) is defined twice in \(name); rename one.")
            }
            return read(value, pointer)
        }
    }
}
