/// What search knows of a work item: its number, its attributes and its messages, part by part.
public struct SearchDocument: Sendable, Hashable {
    /// A text of the item.
    public struct Part: Sendable, Hashable {
        /// The zone that it belongs to.
        public var zone: SearchZone
        /// What it is called in answers: `captureId`, `attributes/NAME`, `email/subject`, `email/text`, `email/from`, `email/to`.
        public var name: String
        /// The field that finds it, as compared; nil for texts of messages, which `text:` finds by their zone.
        public var key: String?
        /// The message that it is of.
        public var email: String?
        /// The text itself.
        public var text: String
    }

    /// A message of the item.
    public struct Message: Sendable, Hashable {
        /// Its id.
        public var id: String
        /// Its subject.
        public var subject: String
        /// Its text.
        public var text: String
        /// Who sent it: address and name.
        public var from: [String]
        /// Whom it went to, copies included.
        public var to: [String]

        /// A message.
        public init(id: String, subject: String, text: String, from: [String], to: [String]) {
            self.id = id
            self.subject = subject
            self.text = text
            self.from = from
            self.to = to
        }
    }

    /// The texts, the most telling first.
    public private(set) var parts: [Part]

    /// - Parameter messages: the newest first; so many of an item's words count that the oldest of a long correspondence
    ///   may fall behind the limit.
    public init(captureId: String, attributes: JSONObject, messages: [Message]) {
        parts = [Part(zone: .captureId, name: "captureId", key: "captureid", text: captureId)]
        for (name, value) in attributes.members {
            let key = SearchWords.key(ofField: name)
            for text in Self.texts(of: value) {
                parts.append(Part(zone: .attributes, name: "attributes/\(name)", key: key, text: text))
            }
        }
        for message in messages {
            add(.subject, "subject", message.subject, message)
            for text in message.from { add(.messages, "from", text, message) }
            for text in message.to { add(.messages, "to", text, message) }
        }
        for message in messages { add(.messages, "text", message.text, message) }
    }

    private mutating func add(_ zone: SearchZone, _ name: String, _ text: String, _ message: Message) {
        guard !text.isEmpty else { return }
        parts.append(
            Part(
                zone: zone, name: "email/\(name)", key: name == "text" ? nil : name, email: message.id, text: text))
    }

    private static func texts(of value: JSONValue) -> [String] {
        switch value {
        case .string(let text): text.isEmpty ? [] : [text]
        case .array(let elements): elements.flatMap(texts)
        case .null, .object: []
        case .bool, .integer, .number: [value.text]
        }
    }

    /// Words of an item that count: so many fit into a `tsvector` with their places (16,383) and bytes (1 MiB).
    static let mostPlaces = 16_000
    static let mostBytes = 600_000

    /// The words of each part, as far as they count, and the place of its first one. Between parts a place stays free, so
    /// that no phrase goes across.
    func occurrences() -> [(place: Int, words: [SearchWords.Occurrence])] {
        var place = 1
        var bytes = 0
        var found: [(place: Int, words: [SearchWords.Occurrence])] = []
        found.reserveCapacity(parts.count)
        for part in parts {
            guard place < Self.mostPlaces, bytes < Self.mostBytes else {
                found.append((place, []))
                continue
            }
            var words = SearchWords.occurrences(in: part.text, limit: Self.mostPlaces - place)
            let overhead = 4 + (part.key.map { $0.utf8.count + 5 + SearchWords.longest / 8 } ?? 0)
            var count = 0
            for word in words {
                bytes += word.word.utf8.count * (part.key == nil ? 1 : 2) + overhead
                guard bytes <= Self.mostBytes else { break }
                count += 1
            }
            if count < words.count { words.removeLast(words.count - count) }
            found.append((place, words))
            place += words.count + 1
        }
        return found
    }
}
