import Domain
import Messaging
import Projection

/// How far an index has come, as the control document keeps it.
package struct IndexProgress: Sendable, Hashable {
    /// The name of the index.
    package var index: String
    package var position: Int64 = 0
    package var eventId: String?
    package var offsets: [TopicPartition: Int64] = [:]
    /// The last item of the walk through all; nil when it is over.
    package var walked: String?
    /// How documents lie in it.
    package var format: Int64

    /// Writes go here: the server makes no index of its own accord under an alias' name.
    package var writeAlias: String { index + "-write" }

    package var projection: ProjectionProgress {
        ProjectionProgress(position: position, eventId: eventId, offsets: offsets)
    }

    package mutating func advance(to progress: ProjectionProgress) {
        position = progress.position
        eventId = progress.eventId
        offsets = progress.offsets
    }

    package var document: JSONValue {
        var object: JSONObject = [
            "index": .string(index), "position": .integer(position), "format": .integer(format),
        ]
        object["eventId"] = eventId.map(JSONValue.string)
        object["walked"] = walked.map(JSONValue.string)
        object["offsets"] = .array(
            offsets.sorted { ($0.key.topic, $0.key.partition) < ($1.key.topic, $1.key.partition) }.map {
                .array([.string($0.key.topic), .integer(Int64($0.key.partition)), .integer($0.value)])
            })
        return .object(object)
    }

    package init(index: String, position: Int64, format: Int64) {
        self.index = index
        self.position = position
        self.format = format
        walked = ""
    }

    package init?(_ document: JSONValue) {
        guard let index = document["index"]?.stringValue, let position = document["position"]?.integerValue,
            let format = document["format"]?.integerValue
        else { return nil }
        self.index = index
        self.position = position
        self.format = format
        eventId = document["eventId"]?.stringValue
        walked = document["walked"]?.stringValue
        for entry in document["offsets"]?.arrayValue ?? [] {
            guard let parts = entry.arrayValue, parts.count == 3, let topic = parts[0].stringValue,
                let partition = parts[1].integerValue.flatMap({ Int32(exactly: $0) }),
                let offset = parts[2].integerValue
            else { continue }
            offsets[TopicPartition(topic: topic, partition: partition)] = offset
        }
    }
}

/// Everything that the control document of a tenant says.
package struct IndexState: Sendable, Hashable {
    package var term: Int64
    package var holder: String
    /// The index that serves.
    package var serving: IndexProgress
    /// The one that is being built beside it.
    package var next: IndexProgress?
    /// How many of the wishes for a new index have been fulfilled.
    package var rebuilt: Int64
    /// Whose index it is: the tenant of one database.
    package var owner: String?

    package var document: JSONValue {
        var object: JSONObject = [
            "term": .integer(term), "holder": .string(holder), "serving": serving.document,
            "rebuilt": .integer(rebuilt),
        ]
        object["next"] = next?.document
        object["owner"] = owner.map(JSONValue.string)
        return .object(object)
    }

    package init(term: Int64, holder: String, serving: IndexProgress, rebuilt: Int64) {
        self.term = term
        self.holder = holder
        self.serving = serving
        self.rebuilt = rebuilt
    }

    package init?(_ document: JSONValue) {
        guard let term = document["term"]?.integerValue, let holder = document["holder"]?.stringValue,
            let serving = document["serving"].flatMap(IndexProgress.init)
        else { return nil }
        self.init(
            term: term, holder: holder, serving: serving, rebuilt: document["rebuilt"]?.integerValue ?? 0)
        next = document["next"].flatMap(IndexProgress.init)
        owner = document["owner"]?.stringValue
    }
}
