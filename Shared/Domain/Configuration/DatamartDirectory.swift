/// Where the names and teams of agents come from.
public struct DatamartDirectory: Sendable, Hashable {
    /// The kinds of directory.
    public enum Kind: String, Sendable, CaseIterable {
        /// The agents and groups of the tenant's own configuration.
        case tenant
        /// An Info Mart database (`RESOURCE_`, `GROUP_`).
        case infomart
    }

    /// A workspace whose APIs are asked with a token of its own (client credentials).
    public struct Workspace: Sendable, Hashable {
        /// Where tokens are fetched.
        public var tokenUrl: String
        /// Name of the stored secret with `clientId` and `clientSecret`.
        public var secret: String
    }

    /// The kind.
    public var kind = Kind.tenant
    /// Address of an Info Mart's database.
    public var url: String?
    /// Name of the stored secret with its password.
    public var secret: String?
    /// How often it is copied, in milliseconds.
    public var every: Int64 = 3_600_000
    /// Where tokens for requests to outside APIs come from.
    public var workspace: Workspace?

    /// The tenant's own, every hour.
    public init() {}

    static func read(_ value: JSONValue, _ pointer: JSONPointer, _ problems: ProblemCollector) -> DatamartDirectory? {
        let known = ["kind", "url", "secret", "every", "workspace"]
        guard let reader = ObjectReader(value, at: pointer, known: known, problems: problems) else { return nil }
        var directory = DatamartDirectory()
        directory.kind = reader.choice("kind", "kind of directory") ?? directory.kind
        directory.url = reader.databaseAddress("url", isRequired: directory.kind == .infomart)
        directory.secret = reader.text("secret", .pathName)
        if directory.kind == .tenant {
            for key in ["url", "secret"] where reader.value(key) != nil {
                reader.report(key, "The tenant's own directory has none; set kind to infomart or leave it out.")
            }
        }
        directory.every = reader.duration("every", in: 60_000...604_800_000) ?? directory.every
        directory.workspace = reader.member("workspace", workspace)
        return directory
    }

    private static func workspace(
        _ value: JSONValue, _ pointer: JSONPointer, _ problems: ProblemCollector
    ) -> Workspace? {
        let known = ["tokenUrl", "secret"]
        guard let reader = ObjectReader(value, at: pointer, known: known, problems: problems) else { return nil }
        let secret = reader.requiredText("secret", .pathName)
        guard let url = reader.requiredText("tokenUrl", TextRule(bytes: 8...2000)) else { return nil }
        let rest = ["https://", "http://"].first { url.hasPrefix($0) }.map { url.dropFirst($0.count) }
        let host = rest?.prefix { $0 != "/" && $0 != "?" && $0 != "#" } ?? ""
        guard !host.isEmpty, !host.hasPrefix(":"), !host.contains("@"), !url.contains(" ") else {
            reader.report("tokenUrl", "Expected an address with host and without credentials: https://host/path.")
            return nil
        }
        return secret.map { Workspace(tokenUrl: url, secret: $0) }
    }

    var document: JSONValue {
        var object: JSONObject = ["kind": .string(kind.rawValue)]
        object["url"] = url.map(JSONValue.string)
        object["secret"] = secret.map(JSONValue.string)
        object["every"] = .string(DurationText.text(milliseconds: every))
        if let workspace {
            object["workspace"] = ["tokenUrl": .string(workspace.tokenUrl), "secret": .string(workspace.secret)]
        }
        return .object(object)
    }
}
