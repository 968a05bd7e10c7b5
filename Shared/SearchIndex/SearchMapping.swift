public import Domain

/// How items lie in an index.
///
/// However many attributes items have, the mapping has the same few fields: the words of each zone, and beside them the
/// same words as `field:word`. Words come ready, so `whitespace` is all that an analyzer does, and every server finds what
/// PostgreSQL finds. `dynamic: false` leaves anything else unmapped.
public enum SearchMapping {
    /// Another number means that indices have to be built anew.
    public static let format: Int64 = 1

    /// Settings and mappings of a new index.
    public static func index(replicas: Int?) -> JSONValue {
        var settings: JSONObject = [
            "number_of_shards": 1, "refresh_interval": "1s",
            // So long a document that was taken away is remembered: a writer that is late does not bring it back.
            "gc_deletes": "1h",
        ]
        if let replicas {
            settings["number_of_replicas"] = .integer(Int64(replicas))
        } else {
            settings["auto_expand_replicas"] = "0-1"
        }
        var properties = JSONObject()
        for zone in SearchZone.allCases {
            for name in [zone.words, zone.named] {
                // Neither lengths nor frequencies count in a score.
                properties[name] = ["type": "text", "analyzer": "whitespace", "norms": false]
            }
        }
        for name in ["id", "number", "status", "category", "source", "assignee", "digest"] {
            properties[name] = ["type": "keyword"]
        }
        for name in ["due", "dueLast", "updatedAt"] { properties[name] = ["type": "long"] }
        return [
            "settings": ["index": .object(settings)],
            "mappings": ["dynamic": false, "properties": .object(properties)],
        ]
    }

    /// What an item that is never due counts as.
    public static let neverDue: Int64 = 253_402_300_799_999
}

extension SearchZone {
    /// The field of the zone's words.
    var words: String {
        switch self {
        case .captureId: "captureId"
        case .subject: "subject"
        case .attributes: "attributes"
        case .messages: "messages"
        }
    }

    /// The field of the zone's words with their fields' names.
    var named: String { words + "Named" }
}
