/// Writes a JSON text straight into bytes, without a tree in between: for events and answers.
///
/// ```swift
/// var writer = JSONWriter()
/// writer.object { event in
///     event.member("id", id)
///     event.member("revision", 3)
///     event.object("agent") { $0.member("id", "anna") }
///     event.array("skills") { for skill in skills { $0.element(skill) } }
/// }
/// send(writer.bytes)
/// ```
/// Commas are the writer's business; that a name is written once and members only inside an object is
/// the caller's.
public struct JSONWriter: Sendable {
    /// What has been written so far.
    public private(set) var bytes: [UInt8]
    private var needsComma = false

    /// A writer with room for so many bytes before its memory has to grow.
    public init(capacity: Int = 512) {
        bytes = []
        bytes.reserveCapacity(capacity)
    }

    /// A writer that appends to these bytes, for instance several texts one after the other.
    public init(appendingTo bytes: consuming [UInt8]) { self.bytes = bytes }

    /// What has been written so far as text.
    public var text: String { String(decoding: bytes, as: UTF8.self) }

    /// Forgets what was written and keeps the memory.
    public mutating func removeAll() {
        bytes.removeAll(keepingCapacity: true)
        needsComma = false
    }

    private mutating func separate() {
        if needsComma { bytes.append(Ascii.comma) }
    }

    private mutating func name(_ key: String) {
        separate()
        bytes.appendJSON(key)
        bytes.append(Ascii.colon)
        needsComma = false
    }

    // MARK: Containers

    /// Writes an object: as an element of a list, or as the whole text.
    public mutating func object(_ body: (inout JSONWriter) throws -> Void) rethrows {
        separate()
        bytes.append(Ascii.openBrace)
        needsComma = false
        try body(&self)
        bytes.append(Ascii.closeBrace)
        needsComma = true
    }

    /// Writes a list: as an element of a list, or as the whole text.
    public mutating func array(_ body: (inout JSONWriter) throws -> Void) rethrows {
        separate()
        bytes.append(Ascii.openBracket)
        needsComma = false
        try body(&self)
        bytes.append(Ascii.closeBracket)
        needsComma = true
    }

    /// Writes a member that is an object.
    public mutating func object(_ key: String, _ body: (inout JSONWriter) throws -> Void) rethrows {
        name(key)
        try object(body)
    }

    /// Writes a member that is a list.
    public mutating func array(_ key: String, _ body: (inout JSONWriter) throws -> Void) rethrows {
        name(key)
        try array(body)
    }

    // MARK: Members

    /// Writes a member, unless the value is `nil`.
    public mutating func member(_ key: String, _ value: String?) {
        guard let value else { return }
        name(key)
        element(value)
    }

    /// Writes a member, unless the value is `nil`.
    public mutating func member(_ key: String, _ value: Int64?) {
        guard let value else { return }
        name(key)
        element(value)
    }

    /// Writes a member, unless the value is `nil`.
    public mutating func member(_ key: String, _ value: Int?) { member(key, value.map { Int64($0) }) }

    /// Writes a member, unless the value is `nil`.
    public mutating func member(_ key: String, _ value: Int32?) { member(key, value.map { Int64($0) }) }

    /// Writes a member, unless the value is `nil`; a number that is not finite becomes `null`.
    public mutating func member(_ key: String, _ value: Double?) {
        guard let value else { return }
        name(key)
        element(value)
    }

    /// Writes a member, unless the value is `nil`.
    public mutating func member(_ key: String, _ value: Bool?) {
        guard let value else { return }
        name(key)
        element(value)
    }

    /// Writes a member, unless the value is `nil`: RFC 3339 in UTC with milliseconds.
    public mutating func member(_ key: String, _ value: Instant?) {
        guard let value else { return }
        name(key)
        element(value)
    }

    /// Writes a member, unless the value is `nil`.
    public mutating func member(_ key: String, _ value: JSONValue?) {
        guard let value else { return }
        name(key)
        element(value)
    }

    /// Writes a member, unless the value is `nil`.
    public mutating func member(_ key: String, _ value: JSONObject?) { member(key, value.map(JSONValue.object)) }

    /// Writes a member that is a list of strings.
    public mutating func member(_ key: String, _ values: [String]) {
        array(key) { for value in values { $0.element(value) } }
    }

    /// Writes a member whose value is JSON text already, taken as it is (a stored `jsonb`, an event).
    public mutating func member(_ key: String, json: some Collection<UInt8>) {
        name(key)
        element(json: json)
    }

    /// Writes a member that is `null`.
    public mutating func nullMember(_ key: String) {
        name(key)
        element(JSONValue.null)
    }
}

extension JSONWriter {
    private mutating func write(_ value: (inout [UInt8]) -> Void) {
        separate()
        value(&bytes)
        needsComma = true
    }

    /// Writes an element of a list, or the whole text.
    public mutating func element(_ value: String) { write { $0.appendJSON(value) } }

    /// Writes an element of a list, or the whole text.
    public mutating func element(_ value: Int64) { write { $0.appendJSON(value) } }

    /// Writes an element of a list, or the whole text.
    public mutating func element(_ value: Int) { element(Int64(value)) }

    /// Writes an element of a list, or the whole text; a number that is not finite becomes `null`.
    public mutating func element(_ value: Double) { write { $0.appendJSON(value) } }

    /// Writes an element of a list, or the whole text.
    public mutating func element(_ value: Bool) { element(JSONValue.bool(value)) }

    /// Writes an element of a list, or the whole text: RFC 3339 in UTC with milliseconds.
    public mutating func element(_ value: Instant) {
        write { output in
            output.append(Ascii.quote)
            value.writeRFC3339(into: &output)
            output.append(Ascii.quote)
        }
    }

    /// Writes an element of a list, or the whole text.
    public mutating func element(_ value: JSONValue) { write { value.write(into: &$0) } }

    /// Writes JSON text that is ready, taken as it is, as an element of a list.
    public mutating func element(json: some Collection<UInt8>) { write { $0.append(contentsOf: json) } }
}
