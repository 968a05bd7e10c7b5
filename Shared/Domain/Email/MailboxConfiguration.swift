/// A mailbox of a tenant: what is read from it becomes work, and answers leave by it.
public struct MailboxConfiguration: Sendable, Hashable {
    /// What kind of server holds it.
    public enum Kind: String, Sendable, CaseIterable {
        /// IMAP and SMTP.
        case generic
        /// Gmail's own interface.
        case gmail
        /// Microsoft Graph.
        case graph
    }

    /// Its name within the tenant.
    public var name: String
    /// The source that its items count as, by name.
    public var source: String
    /// Whether it is read and sends.
    public var enabled = true
    /// What kind of server holds it.
    public var kind = Kind.generic
    /// Its address.
    public var address: String
    /// How it is read; nil: it only sends.
    public var inbound: MailboxInbound?
    /// How it sends; nil: it is only read.
    public var outbound: MailboxOutbound?
    /// Attributes of its items, over those of its source.
    public var attributes: JSONObject = [:]
    /// Into which attributes results that mail servers leave in headers go, by result: `spam`, `spf`, `dkim`, `dmarc`.
    public var attributesFromHeaders: [String: String] = [:]
    /// Stands under its messages.
    public var signature: String?
    /// The template that answers a first message, by name.
    public var acknowledgement: String?
    /// What a reply to an item that has ended does, where the category says nothing.
    public var replyToFinal = ReplyToFinal.restart
    /// Whether a supervisor approves replies, where the category says nothing.
    public var approveReplies = false

    /// The results that may go into attributes.
    public static let headerResults = ["spam", "spf", "dkim", "dmarc"]
    /// Names that addresses of the API have already.
    public static let reservedNames = ["consent", "secrets", "tests", "work"]

    /// A mailbox that neither reads nor sends yet.
    public init(name: String, source: String, address: String) {
        self.name = name
        self.source = source
        self.address = address
    }

    /// The secrets that it names, each once.
    public var secrets: [String] {
        var seen: Set<String> = []
        return ((inbound?.secrets ?? []) + (outbound?.secrets ?? [])).filter { seen.insert($0).inserted }
    }

    /// The addresses that are its own: an answer to all does not go to them.
    public var ownAddresses: Set<String> {
        Set([address.lowercased()] + (outbound.map { [$0.from.key] + $0.sendAs.map { $0.lowercased() } } ?? []))
    }

    static func read(_ value: JSONValue, at pointer: JSONPointer, problems: ProblemCollector) -> MailboxConfiguration? {
        let known = [
            "name", "source", "enabled", "kind", "address", "inbound", "outbound", "attributes",
            "attributesFromHeaders",
            "signature", "acknowledgement", "replies", "approveReplies",
        ]
        guard let reader = ObjectReader(value, at: pointer, known: known, problems: problems) else { return nil }
        let name = reader.requiredText("name", .pathName)
        if let name, reservedNames.contains(name) {
            reader.report("name", "\(name) names something else in addresses of the API; choose another name.")
        }
        let source = reader.requiredText("source", .pathName)
        let address = reader.emailAddress("address")
        var mailbox = MailboxConfiguration(name: name ?? "", source: source ?? "", address: address ?? "")
        mailbox.enabled = reader.bool("enabled") ?? true
        let kind: Kind? = reader.choice("kind", "kind")
        mailbox.kind = kind ?? .generic
        // Of a kind that there is not, nobody knows what the connections should be.
        guard kind != nil || reader.value("kind") == nil else { return nil }
        mailbox.inbound = reader.value("inbound").flatMap {
            MailboxInbound.read($0, kind: mailbox.kind, at: pointer.appending("inbound"), problems: problems)
        }
        mailbox.outbound = reader.value("outbound").flatMap {
            MailboxOutbound.read(
                $0, kind: mailbox.kind, address: address, at: pointer.appending("outbound"), problems: problems)
        }
        if reader.value("inbound") == nil, reader.value("outbound") == nil {
            reader.report("inbound", "Missing; a mailbox is read, sends, or both.")
        }
        if let attributes = reader.value("attributes") {
            mailbox.attributes = AttributeRules.check(
                attributes, at: pointer.appending("attributes"), allowingNull: false, problems: problems)
        }
        mailbox.readHeaders(reader)
        mailbox.signature = reader.text("signature", TextRule(bytes: 1...10_000, multiline: true))
        mailbox.acknowledgement = reader.text("acknowledgement", .name)
        if mailbox.acknowledgement != nil, reader.value("outbound") == nil {
            reader.report("acknowledgement", "The mailbox does not send; give it outbound, or take this away.")
        }
        if let value = reader.value("replies"),
            let replies = ObjectReader(
                value, at: pointer.appending("replies"), known: ["final"], problems: problems)
        {
            mailbox.replyToFinal = replies.choice("final", "rule") ?? .restart
        }
        mailbox.approveReplies = reader.bool("approveReplies") ?? false
        return name == nil || source == nil || address == nil ? nil : mailbox
    }

    private mutating func readHeaders(_ reader: ObjectReader) {
        let place = reader.pointer.appending("attributesFromHeaders")
        guard let value = reader.value("attributesFromHeaders"),
            let results = ObjectReader(value, at: place, known: Self.headerResults, problems: reader.problems)
        else { return }
        for result in Self.headerResults {
            attributesFromHeaders[result] = results.text(
                result, TextRule(bytes: 1...WorkItemLimits.attributeNameBytes))
        }
    }

    /// Server and credentials of a generic mailbox, the interface of a provider's; one in place of the other is a mistake.
    static func connection(
        _ reader: ObjectReader, kind: Kind, usualPort: Int, apiRequired: Bool
    ) -> (MailServerConfiguration?, MailCredentials?, MailInterface?) {
        let isGeneric = kind == .generic
        for key in isGeneric ? ["api"] : ["server", "credentials"] where reader.value(key) != nil {
            reader.report(key, "A mailbox of kind \(kind.rawValue) has no \(key); take one of them away.")
        }
        guard isGeneric else {
            if apiRequired { reader.require("api", "user and secret of the mailbox") }
            return (
                nil, nil,
                reader.value("api").flatMap {
                    MailInterface.read($0, at: reader.pointer.appending("api"), problems: reader.problems)
                }
            )
        }
        reader.require("server", "host, port and security of the mail server")
        if apiRequired { reader.require("credentials", "user and secret") }
        return (
            reader.value("server").flatMap {
                MailServerConfiguration.read(
                    $0, at: reader.pointer.appending("server"), usualPort: usualPort, problems: reader.problems)
            },
            reader.value("credentials").flatMap {
                MailCredentials.read($0, at: reader.pointer.appending("credentials"), problems: reader.problems)
            }, nil
        )
    }

    /// The mailbox in its agreed form, every default spelt out.
    public var document: JSONValue {
        var object: JSONObject = [
            "name": .string(name), "source": .string(source), "enabled": .bool(enabled), "kind": .string(kind.rawValue),
            "address": .string(address),
        ]
        object["inbound"] = inbound?.document
        object["outbound"] = outbound?.document
        object["attributes"] = JSONValue.object(attributes).canonical()
        if !attributesFromHeaders.isEmpty {
            object["attributesFromHeaders"] = .object(
                JSONObject(attributesFromHeaders.sorted { $0.key < $1.key }.map { ($0.key, .string($0.value)) }))
        }
        object["signature"] = signature.map(JSONValue.string)
        object["acknowledgement"] = acknowledgement.map(JSONValue.string)
        object["replies"] = ["final": .string(replyToFinal.rawValue)]
        object["approveReplies"] = .bool(approveReplies)
        return .object(object)
    }
}

/// What a customer's reply does to an item that has ended.
public enum ReplyToFinal: String, Sendable, CaseIterable {
    /// The item begins again.
    case restart
    /// A new item is made.
    case new
}

/// The limits of emails.
public enum EmailLimits {
    /// Bytes of one stored content: 64 MiB.
    public static let contentBytes = 64 << 20
    /// Bytes of a stored chunk: 1 MiB.
    public static let chunkBytes = 1 << 20
    /// Bytes of a message's text that are kept beside it: 64 KiB.
    public static let textBytes = 64 << 10
    /// Messages that come in one call.
    public static let received = 100
    /// Keys of messages that are asked about in one call.
    public static let keys = 1000
    /// Addresses in one field.
    public static let addresses = 1000
    /// Attachments of one message.
    public static let attachments = 1000
    /// Automatic answers to one address within an hour, of one mailbox.
    public static let automaticAnswers = 3
}
