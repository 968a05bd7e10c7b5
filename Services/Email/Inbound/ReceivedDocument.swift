import Domain
import EmailAccess
import EmailMessages

/// A message as core is told of it.
enum ReceivedDocument {
    /// Where a message lies.
    struct Place: Sendable {
        var folder: String
        var uidValidity: UInt32
        var uid: UInt32
        /// Counts how often UIDs began anew while UIDVALIDITY stayed.
        var epoch: Int64 = 0

        /// Another message of the folder.
        func of(_ uid: UInt32) -> Place { Place(folder: folder, uidValidity: uidValidity, uid: uid, epoch: epoch) }

        var document: JSONValue {
            var document: JSONObject = [
                "folder": .string(folder), "uidValidity": .integer(Int64(uidValidity)), "uid": .integer(Int64(uid)),
            ]
            if epoch > 0 { document["epoch"] = .integer(epoch) }
            return .object(document)
        }
    }

    /// Whether the message was not kept whole.
    static func isIncomplete(_ document: JSONValue) -> Bool { document["whole"]?.boolValue == false }

    /// Which it is in its folder.
    static func uid(_ document: JSONValue) -> UInt32? {
        document["key"]?["uid"]?.integerValue.flatMap { UInt32(exactly: $0) }
    }

    /// What is known of every message, readable or not.
    static func head(_ place: Place, raw: String, size: Int, receivedAt: Instant) -> JSONObject {
        [
            "key": place.document, "raw": .string(raw), "size": .integer(Int64(size)),
            "receivedAt": .string(receivedAt.rfc3339),
        ]
    }

    /// Adds what the message says.
    /// - Parameter attachments: those that are taken.
    static func add(_ message: EmailMessage, attachments: [MessageAttachment], to document: inout JSONObject) {
        func set(_ name: String, _ value: String?) { if let value, !value.isEmpty { document[name] = .string(value) } }
        func set(_ name: String, _ values: [String]) {
            if !values.isEmpty { document[name] = .array(values.map(JSONValue.string)) }
        }
        set("messageId", message.messageId)
        set("inReplyTo", message.inReplyTo)
        set("references", message.references)
        set("date", message.date?.rfc3339)
        document["from"] = (message.from ?? message.sender)?.document
        for (name, list) in [("replyTo", message.replyTo), ("to", message.to), ("cc", message.cc)] where !list.isEmpty {
            document[name] = .array(list.map(\.document))
        }
        set("subject", message.subject)
        document["text"] = .string(message.text)
        if message.textIsTruncated { document["textTruncated"] = true }
        set("html", message.html?.sha256)
        if !attachments.isEmpty { document["attachments"] = .array(attachments.map(attachment)) }
        set("automatic", message.automatic?.rawValue)
        set("marks", Array(message.marks.prefix(16)))
        set("token", message.replyTokens.first)
        set("tokens", Array(message.replyTokens.prefix(16)))
        set("language", message.language)
        if let spam = message.spam { document["spam"] = verdict(spam) }
        if let authentication = message.authentication {
            var results = JSONObject()
            for (name, result) in [
                ("spf", authentication.spf), ("dkim", authentication.dkim), ("dmarc", authentication.dmarc),
            ] { results[name] = result.map(JSONValue.string) }
            document["authentication"] = .object(results)
        }
        document["deliveryStatus"] = message.deliveryStatus.map(report)
    }

    private static func attachment(_ attachment: MessageAttachment) -> JSONValue {
        var object: JSONObject = [
            "index": .integer(Int64(attachment.index)), "name": .string(attachment.name),
            "type": .string(attachment.type),
            "size": .integer(Int64(attachment.content.size)), "sha256": .string(attachment.content.sha256),
            "inline": .bool(attachment.isInline),
        ]
        object["contentId"] = attachment.contentId.map(JSONValue.string)
        return .object(object)
    }

    private static func verdict(_ spam: SpamVerdict) -> JSONValue {
        var object: JSONObject = ["source": .string(spam.source)]
        object["spam"] = spam.isSpam.map(JSONValue.bool)
        object["score"] = spam.score.map(JSONValue.number)
        return .object(object)
    }

    private static func report(_ status: DeliveryStatus) -> JSONValue {
        var object = JSONObject()
        object["originalMessageId"] = status.originalMessageId.map(JSONValue.string)
        object["recipients"] = .array(
            status.recipients.map { recipient in
                var entry: JSONObject = ["address": .string(recipient.address), "action": .string(recipient.action)]
                entry["status"] = recipient.status.map(JSONValue.string)
                entry["diagnostic"] = recipient.diagnostic.map(JSONValue.string)
                return .object(entry)
            })
        return .object(object)
    }
}
