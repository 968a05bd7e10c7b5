/// How a mailbox sends.
public struct MailboxOutbound: Sendable, Hashable {
    /// The server of a generic mailbox.
    public var server: MailServerConfiguration?
    /// Who signs in there; nil where the server asks for nobody.
    public var credentials: MailCredentials?
    /// The interface of a provider's mailbox; nil is the one that it is read by.
    public var api: MailInterface?
    /// Whom its messages are from.
    public var from: EmailAddress
    /// Further addresses that its messages may be from.
    public var sendAs: [String] = []
    /// Messages a minute at most.
    public var ratePerMinute = 60
    /// Bytes of a message, at most.
    public var greatestMessage = 25 << 20

    /// The secrets that it names.
    public var secrets: [String] { [credentials?.secret, api?.secret].compactMap { $0 } }

    /// Whether its messages may be from that address.
    public func maySend(as address: String) -> Bool {
        let key = address.lowercased()
        return from.key == key || sendAs.contains { $0.lowercased() == key }
    }

    static func read(
        _ value: JSONValue, kind: MailboxConfiguration.Kind, address: String?, at pointer: JSONPointer,
        problems: ProblemCollector
    ) -> MailboxOutbound? {
        let known = ["server", "credentials", "api", "from", "sendAs", "ratePerMinute", "greatestMessage"]
        guard let reader = ObjectReader(value, at: pointer, known: known, problems: problems) else { return nil }
        let from = reader.value("from").flatMap {
            EmailAddress.read($0, at: pointer.appending("from"), problems: problems)
        }
        var outbound = MailboxOutbound(from: from ?? EmailAddress(address: address ?? ""))
        (outbound.server, outbound.credentials, outbound.api) = MailboxConfiguration.connection(
            reader, kind: kind, usualPort: 465, apiRequired: false)
        for (text, place) in reader.texts("sendAs", TextRule(bytes: 1...320)) ?? [] {
            if EmailAddress.isAddress(text) {
                outbound.sendAs.append(text)
            } else {
                problems.add(place, "Expected an address such as sales@example.com.")
            }
        }
        outbound.ratePerMinute = reader.integer("ratePerMinute", in: 1...100_000) ?? outbound.ratePerMinute
        outbound.greatestMessage =
            reader.integer("greatestMessage", in: 1024...EmailLimits.contentBytes) ?? outbound.greatestMessage
        return outbound
    }

    /// As JSON, in the shape that is read.
    public var document: JSONValue {
        var object = JSONObject()
        object["server"] = server?.document
        object["credentials"] = credentials?.document
        object["api"] = api?.document
        object["from"] = from.document
        object["sendAs"] = .array(sendAs.sorted().map(JSONValue.string))
        object["ratePerMinute"] = .integer(Int64(ratePerMinute))
        object["greatestMessage"] = .integer(Int64(greatestMessage))
        return .object(object)
    }
}
