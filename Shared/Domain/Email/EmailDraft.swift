/// What a person asks for: a reply to an item's message, or a new message.
public struct EmailDraft: Sendable, Hashable {
    /// How it relates to the message that it answers.
    public enum Kind: String, Sendable, CaseIterable { case new, reply, replyAll, forward }

    /// A stored content to attach.
    public enum Attachment: Sendable, Hashable {
        /// By digest, with a name.
        case content(sha256: [UInt8], name: String, type: String?)
        /// An attachment of another message of the same tenant.
        case part(email: String, index: Int)
    }

    /// Who writes it.
    public enum Purpose: Sendable, Hashable {
        /// `POST /workitems/{id}/replies`
        case reply
        /// `POST /emails`
        case new
        /// `PATCH /emails/{id}`
        case edit
    }

    /// How it relates to the message that it answers.
    public var kind: Kind
    /// The mailbox that sends it; nil is the conversation's.
    public var mailbox: String?
    /// Whom it is from; nil is the mailbox.
    public var from: String?
    /// Whom it goes to; nil follows from the message that it answers.
    public var to: [EmailAddress]?
    /// Who gets a copy.
    public var cc: [EmailAddress]?
    /// Who gets a copy that the others do not see.
    public var bcc: [EmailAddress]?
    /// Its subject; nil follows from the message that it answers.
    public var subject: String?
    /// Its plain text.
    public var text: String?
    /// The same as HTML.
    public var html: String?
    /// A template of the configuration in place of text.
    public var template: String?
    /// What is attached; nil leaves a draft's as they are.
    public var attachments: [Attachment]?
    /// Whether the message that it answers stands below.
    public var quote: Bool?
    /// Whether it is kept to be gone on with.
    public var draft: Bool
    /// When it goes out; nil is at once.
    public var sendAt: Instant?
    /// The item that a new message belongs to.
    public var workItem: String?
    /// Which message of the item is answered; nil is the last that somebody wrote.
    public var answered: String?

    /// Reads and checks a body; throws everything that is wrong with it.
    public init(body: JSONValue, purpose: Purpose) throws(BodyProblems) {
        let problems = ProblemCollector()
        let content = ["from", "to", "cc", "bcc", "subject", "text", "html", "template", "attachments", "sendAt"]
        let known =
            switch purpose {
            case .reply: ["kind", "emailId", "mailbox", "quote", "draft"] + content
            case .new: ["mailbox", "workItemId", "draft"] + content
            case .edit: content
            }
        guard let reader = ObjectReader(body, at: .root, known: known, problems: problems) else {
            throw BodyProblems(problems.problems)
        }
        kind = purpose == .reply ? reader.choice("kind", "kind") ?? .reply : .new
        if purpose == .reply, kind == .new {
            reader.report("kind", "Expected reply, replyAll or forward; POST /emails makes a new message.")
        }
        mailbox = purpose == .new ? reader.requiredText("mailbox", .pathName) : reader.text("mailbox", .pathName)
        from = reader.value("from") == nil ? nil : reader.emailAddress("from")
        func addresses(_ key: String) -> [EmailAddress]? {
            reader.value(key) == nil ? nil : reader.emailAddresses(key, atMost: EmailLimits.addresses)
        }
        to = addresses("to")
        cc = addresses("cc")
        bcc = addresses("bcc")
        if purpose == .new || kind == .forward, to?.isEmpty != false, reader.value("draft")?.boolValue != true {
            reader.report("to", "Missing; expected whom it goes to.")
        }
        subject = reader.text("subject", TextRule(bytes: 0...900))
        text = reader.text("text", TextRule(bytes: 0...262_144, multiline: true))
        html = reader.text("html", TextRule(bytes: 0...262_144, multiline: true))
        template = reader.text("template", .name)
        if template != nil, text != nil || html != nil {
            reader.report("template", "Expected either a template or a text of its own.")
        }
        attachments = reader.value("attachments") == nil ? nil : Self.attachments(reader)
        quote = reader.bool("quote")
        draft = reader.bool("draft") ?? false
        sendAt = reader.instant("sendAt", in: WorkItemLimits.dates)
        workItem = reader.text("workItemId", TextRule(bytes: 32...36))
        answered = reader.text("emailId", TextRule(bytes: 32...36))
        if purpose != .edit, !draft, template == nil, text == nil, html == nil {
            reader.report("text", "Missing; expected text, html or a template.")
        }
        try problems.check()
    }

    private static func attachments(_ reader: ObjectReader) -> [Attachment] {
        reader.list("attachments", atMost: 100).compactMap { value, place in
            if let text = value.stringValue {
                guard let digest = EmailAttachment.digest(text) else {
                    reader.problems.add(place, "Expected a SHA-256 in hexadecimal digits.")
                    return nil
                }
                return .content(sha256: digest, name: "attachment", type: nil)
            }
            let known = ["sha256", "name", "type", "email", "index"]
            guard let part = ObjectReader(value, at: place, known: known, problems: reader.problems) else { return nil }
            if let email = part.text("email", TextRule(bytes: 32...36)) {
                part.require("index", "which attachment of that message, from 0")
                return part.integer("index", in: 0...EmailLimits.attachments).map { .part(email: email, index: $0) }
            }
            guard let digest = part.requiredText("sha256", TextRule(bytes: 64...64)).flatMap(EmailAttachment.digest)
            else {
                if part.value("sha256") != nil { part.report("sha256", "Expected a SHA-256 in hexadecimal digits.") }
                return nil
            }
            return .content(
                sha256: digest, name: part.text("name", .longName) ?? "attachment", type: part.text("type", .name))
        }
    }
}
