public import Domain

/// An item as it is written into an index.
public struct SearchRecord: Sendable, Hashable {
    /// Its id with dashes; also the document's.
    public var id: String
    /// The fields of the document.
    public var fields: JSONObject
    /// Tells whether what an index has is this.
    public var digest: String { fields["digest"]?.stringValue ?? "" }
    /// When the item last changed.
    public var updatedAt: Int64 { fields["updatedAt"]?.integerValue ?? 0 }

    /// What a list of items is narrowed and sorted by.
    public struct Standing: Sendable, Hashable {
        /// The source's number.
        public var captureId: String
        /// The status.
        public var status: String
        /// The category with all it lies in.
        public var categories: [String]
        /// The source.
        public var source: String
        /// The agent who has it.
        public var assignee: String?
        /// When it is due.
        public var due: Instant?
        /// When it last changed.
        public var updatedAt: Instant

        /// How an item stands.
        public init(
            captureId: String, status: String, categories: [String], source: String, assignee: String?, due: Instant?,
            updatedAt: Instant
        ) {
            self.captureId = captureId
            self.status = status
            self.categories = categories
            self.source = source
            self.assignee = assignee
            self.due = due
            self.updatedAt = updatedAt
        }
    }

    /// A record of an item.
    /// - Parameter digest: of the text that it is given.
    public init(id: String, terms: SearchTerms, standing: Standing, digest: ([UInt8]) -> String) {
        self.id = id
        var fields: JSONObject = ["id": .string(id), "number": .string(standing.captureId)]
        fields["status"] = .string(standing.status)
        fields["category"] = .array(standing.categories.map(JSONValue.string))
        fields["source"] = .string(standing.source)
        fields["assignee"] = standing.assignee.map(JSONValue.string)
        fields["due"] = .integer(standing.due?.milliseconds ?? SearchMapping.neverDue)
        fields["dueLast"] = .integer(standing.due?.milliseconds ?? 0)
        fields["updatedAt"] = .integer(standing.updatedAt.milliseconds)
        for zone in SearchZone.allCases {
            // One element for each part: no phrase goes from one to the next.
            let runs = terms.runs.filter { $0.zone == zone }
            let words = runs.map { JSONValue.string($0.words.joined(separator: " ")) }
            let named = runs.filter { !$0.named.isEmpty }.map { JSONValue.string($0.named.joined(separator: " ")) }
            if !words.isEmpty { fields[zone.words] = .array(words) }
            if !named.isEmpty { fields[zone.named] = .array(named) }
        }
        fields["digest"] = .string(digest(JSONValue.object(fields).bytes))
        self.fields = fields
    }

    /// Reads what the core tells of an item.
    public init?(_ document: JSONValue) {
        guard let fields = document.objectValue, let id = fields["id"]?.stringValue else { return nil }
        self.id = id
        self.fields = fields
    }

    /// Two lines of a `_bulk` request. Whatever is older than what an index has is refused there, whoever writes it.
    public func write(into output: inout [UInt8], alias: String, version: Int64) {
        Self.action("index", id, alias, version).write(into: &output)
        output.append(UInt8(ascii: "\n"))
        JSONValue.object(fields).write(into: &output)
        output.append(UInt8(ascii: "\n"))
    }

    /// The line of a `_bulk` request that takes a document away.
    public static func writeDeletion(of id: String, into output: inout [UInt8], alias: String, version: Int64) {
        action("delete", id, alias, version).write(into: &output)
        output.append(UInt8(ascii: "\n"))
    }

    private static func action(_ name: String, _ id: String, _ alias: String, _ version: Int64) -> JSONValue {
        .object([
            name: [
                "_index": .string(alias), "_id": .string(id), "version": .integer(version), "version_type": "external",
            ]
        ])
    }
}
