/// Where a tenant's work items are searched, besides PostgreSQL: Elasticsearch (7.10 and later) or OpenSearch.
public struct SearchConfiguration: Sendable, Hashable {
    /// The server's address: `https://es.example.com:9200`, without a password.
    public var url: String
    /// Who signs in with the secret's password; nil: the secret's password is an API key.
    public var user: String?
    /// Name of the stored secret; nil when the server asks for none.
    public var secret: String?
    /// The alias that is searched, and the beginning of its indices' names.
    public var alias: String
    /// Copies of the index on other nodes; nil leaves it to the number of nodes (0 or 1).
    public var replicas: Int?
    /// Milliseconds after which PostgreSQL is asked instead.
    public var answersWithin: Int64 = 1000

    /// A server with everything else as usual.
    public init(url: String, tenant: String) {
        self.url = url
        alias = Self.usualAlias(of: tenant)
    }

    static let members = ["url", "user", "secret", "alias", "replicas", "answersWithin"]

    /// Where the search service notes how far indices are; no tenant's alias.
    public static let reservedAlias = "millrace-control"

    private static func usualAlias(of tenant: String) -> String {
        let alias = "millrace-\(tenant)"
        return alias == reservedAlias ? alias + "-items" : alias
    }

    static func read(
        _ value: JSONValue, at pointer: JSONPointer, tenant: String, problems: ProblemCollector
    ) -> SearchConfiguration? {
        guard let reader = ObjectReader(value, at: pointer, known: members, problems: problems) else { return nil }
        guard let url = reader.requiredText("url", TextRule(bytes: 1...500)) else { return nil }
        let isAddress = url.hasPrefix("http://") || url.hasPrefix("https://")
        if !isAddress || url.contains("@") || url.contains("?") || url.contains("#") || url.contains(" ") {
            reader.report("url", "Expected an address such as https://es.example.com:9200, without user and password.")
        }
        var search = SearchConfiguration(url: url.hasSuffix("/") ? String(url.dropLast()) : url, tenant: tenant)
        search.user = reader.text("user", .name)
        search.secret = reader.text("secret", .pathName)
        if let alias = reader.text("alias", .name) {
            search.alias = alias
            let allowed = alias.utf8.allSatisfy {
                (0x61...0x7A).contains($0) || (0x30...0x39).contains($0) || $0 == 0x2D || $0 == 0x5F
            }
            if !allowed || alias.first == "-" || alias.first == "_" {
                reader.report(
                    "alias", "Expected lower-case letters, digits, - and _, with a letter or digit in front.")
            }
            if alias == reservedAlias {
                reader.report("alias", "\(alias) is the search service's own; choose another.")
            }
        }
        search.replicas = reader.integer("replicas", in: 0...10)
        search.answersWithin = reader.duration("answersWithin", in: 50...30_000) ?? search.answersWithin
        if search.user != nil, search.secret == nil {
            reader.report("secret", "Missing; expected the name of the secret with the user's password.")
        }
        return search
    }

    /// The section in its agreed form.
    public var document: JSONValue {
        var object: JSONObject = ["url": .string(url)]
        object["user"] = user.map(JSONValue.string)
        object["secret"] = secret.map(JSONValue.string)
        object["alias"] = .string(alias)
        object["replicas"] = replicas.map { .integer(Int64($0)) }
        object["answersWithin"] = .string(DurationText.text(milliseconds: answersWithin))
        return .object(object)
    }

    /// Reads what `document` writes; nil for anything else.
    public init?(_ document: JSONValue) {
        guard let url = document["url"]?.stringValue, let alias = document["alias"]?.stringValue else { return nil }
        self.url = url
        self.alias = alias
        user = document["user"]?.stringValue
        secret = document["secret"]?.stringValue
        replicas = document["replicas"]?.integerValue.map { Int($0) }
        answersWithin = document["answersWithin"].flatMap(DurationText.milliseconds) ?? 1000
    }
}
