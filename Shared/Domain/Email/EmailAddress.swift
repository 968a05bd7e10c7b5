/// An address with the name that people see beside it.
public struct EmailAddress: Sendable, Hashable {
    /// The name, as it was decoded; nil when there is none.
    public var name: String?
    /// `local@domain` as it was written.
    public var address: String

    /// An address.
    public init(name: String? = nil, address: String) {
        self.name = name
        self.address = address
    }

    /// What tells whether two addresses are one: lower case throughout. Local parts may differ by case (RFC 5321), and
    /// nobody's do.
    public var key: String { address.lowercased() }

    /// Whether the text is one address that mail can go to: a local part, an @ and a domain, at most 320 bytes, without
    /// blanks and control characters.
    public static func isAddress(_ text: String) -> Bool {
        let bytes = Array(text.utf8)
        guard (3...320).contains(bytes.count), let at = bytes.lastIndex(of: UInt8(ascii: "@")) else { return false }
        let isPlain = text.unicodeScalars.allSatisfy { scalar in
            scalar.value > 0x20 && !(0x7F...0xA0).contains(scalar.value)
                && !"<>,;:\"()[]\\".unicodeScalars.contains(scalar)
                && !(0x2028...0x2029).contains(scalar.value)
        }
        let domain = bytes[(at + 1)...]
        return isPlain && at > 0 && at <= 64 && !domain.isEmpty && domain.first != UInt8(ascii: ".")
            && domain.last != UInt8(ascii: ".") && !bytes[..<at].contains(UInt8(ascii: "@"))
    }

    /// The address with a tag: `support+tag@example.com`.
    public func tagged(_ tag: String) -> EmailAddress {
        guard let at = address.lastIndex(of: "@") else { return self }
        return EmailAddress(name: name, address: address[..<at] + "+" + tag + address[at...])
    }

    /// `{"name", "address"}`.
    public var document: JSONValue {
        var object = JSONObject()
        object["name"] = name.map(JSONValue.string)
        object["address"] = .string(address)
        return .object(object)
    }

    /// Reads what `document` writes; nil for anything else. Nothing is checked: received mail has all kinds of addresses.
    public init?(_ document: JSONValue) {
        guard let address = document["address"]?.stringValue else { return nil }
        self.init(name: document["name"]?.stringValue, address: address)
    }

    /// Reads `"a@b"` or `{"name", "address"}` that mail is to be sent to or from, and checks it.
    static func read(_ value: JSONValue, at pointer: JSONPointer, problems: ProblemCollector) -> EmailAddress? {
        if let text = value.stringValue {
            guard isAddress(text) else {
                problems.add(pointer, "Expected an address such as support@example.com.")
                return nil
            }
            return EmailAddress(address: text)
        }
        guard let reader = ObjectReader(value, at: pointer, known: ["name", "address"], problems: problems) else {
            return nil
        }
        let name = reader.text("name", .longName)
        return reader.emailAddress("address").map { EmailAddress(name: name, address: $0) }
    }
}

extension ObjectReader {
    /// A member that must be an address.
    func emailAddress(_ key: String) -> String? {
        guard let text = requiredText(key, TextRule(bytes: 1...320)) else { return nil }
        guard EmailAddress.isAddress(text) else {
            report(key, "Expected an address such as support@example.com.")
            return nil
        }
        return text
    }

    /// A list of addresses, each a text or an object.
    func emailAddresses(_ key: String, atMost limit: Int) -> [EmailAddress] {
        list(key, atMost: limit).compactMap { EmailAddress.read($0.value, at: $0.pointer, problems: problems) }
    }

    /// One of the names of an enumeration.
    func choice<Choice: RawRepresentable & CaseIterable>(_ key: String, _ what: String) -> Choice?
    where Choice.RawValue == String {
        guard let text = text(key, .name) else { return nil }
        if let choice = Choice(rawValue: text) { return choice }
        report(key, NearestName.complaint(about: text, what: what, known: Choice.allCases.map(\.rawValue)))
        return nil
    }
}
