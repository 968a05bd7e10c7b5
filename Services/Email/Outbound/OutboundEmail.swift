import Domain
import EmailMessages

/// A message to send, as core hands it over.
struct OutboundEmail: Sendable {
    /// Something to send along.
    struct Attachment: Sendable {
        var name: String
        var type: String
        var sha256: String
        var contentId: String?
    }

    let id: String
    let attempt: Int64
    let messageId: String
    let from: EmailAddress
    /// The return path; empty: none.
    let envelopeFrom: String
    let to: [EmailAddress]
    let cc: [EmailAddress]
    let bcc: [EmailAddress]
    let replyTo: [EmailAddress]
    let subject: String
    let text: String
    let html: String?
    let inReplyTo: String?
    let references: [String]
    let automation: OutgoingEmail.Automation?
    let attachments: [Attachment]
    /// When the attempt that somebody else made was begun.
    let begunAt: Instant?

    /// nil for what names no message.
    init?(_ value: JSONValue) {
        func text(_ name: String) -> String? { value[name]?.stringValue }
        func address(_ value: JSONValue?) -> EmailAddress? {
            guard let value else { return nil }
            return value.stringValue.map { EmailAddress(address: $0) } ?? EmailAddress(value)
        }
        func addresses(_ name: String) -> [EmailAddress] {
            guard let value = value[name] else { return [] }
            return (value.arrayValue ?? [value]).compactMap { address($0) }
        }
        guard let id = text("id"), let attempt = value["attempt"]?.integerValue, let messageId = text("messageId"),
            let from = address(value["from"])
        else { return nil }
        self.id = id
        self.attempt = attempt
        self.messageId = messageId.filter { $0 != "<" && $0 != ">" }
        self.from = from
        automation = text("autoSubmitted").flatMap(OutgoingEmail.Automation.init(rawValue:))
        envelopeFrom = address(value["envelopeFrom"])?.address ?? (automation == nil ? from.address : "")
        (to, cc, bcc, replyTo) = (addresses("to"), addresses("cc"), addresses("bcc"), addresses("replyTo"))
        subject = text("subject") ?? ""
        self.text = text("text") ?? ""
        html = text("html")
        begunAt = text("begunAt").flatMap { Instant(rfc3339: $0) }
        inReplyTo = text("inReplyTo")?.filter { $0 != "<" && $0 != ">" }
        references = (value["references"]?.arrayValue ?? []).compactMap {
            $0.stringValue?.filter { $0 != "<" && $0 != ">" }
        }
        attachments = (value["attachments"]?.arrayValue ?? []).compactMap { part in
            part["sha256"]?.stringValue.map {
                Attachment(
                    name: part["name"]?.stringValue ?? "attachment",
                    type: part["type"]?.stringValue ?? "application/octet-stream", sha256: $0,
                    contentId: part["contentId"]?.stringValue)
            }
        }
    }

    /// As the composer takes it; each attachment's file lies in `folder` under its digest.
    func outgoing(folder: String, at now: Instant) -> OutgoingEmail {
        var email = OutgoingEmail(
            messageId: messageId, date: now, from: from, to: to, subject: subject, text: text, mark: id)
        (email.cc, email.bcc, email.replyTo) = (cc, bcc, replyTo)
        (email.html, email.inReplyTo, email.references, email.automation) = (html, inReplyTo, references, automation)
        email.attachments = attachments.map {
            .init(name: $0.name, type: $0.type, path: "\(folder)/\($0.sha256)", contentId: $0.contentId)
        }
        email.leaveOutForeign()
        return email
    }
}
