import Domain

/// What has to be known of a message to put it in its place: its tenant, position and time. Read without building the
/// whole event, as most instances never apply what they read.
public struct EventHead: Sendable, Hashable {
    /// The tenant's name.
    public var tenant: String
    /// Its place among the tenant's events.
    public var position: Int64
    /// When it happened.
    public var at: Instant?

    /// A head (tests make them).
    public init(tenant: String, position: Int64, at: Instant? = nil) {
        self.tenant = tenant
        self.position = position
        self.at = at
    }

    /// Reads the head of a structured CloudEvent. Nil when tenant or position are missing or the text breaks off; that
    /// the rest is JSON shows when the event is read.
    public init?(scanning message: [UInt8]) {
        let found = message.withUnsafeBufferPointer { bytes in
            var scanner = HeadScanner(bytes)
            return scanner.scan()
        }
        guard let found else { return nil }
        self = found
    }
}

/// Walks over the members of an object, passing over values that nobody asks for.
private struct HeadScanner {
    private let bytes: UnsafeBufferPointer<UInt8>
    private var index = 0
    private var tenant: String?
    private var position: Int64?
    private var at: Instant?

    init(_ bytes: UnsafeBufferPointer<UInt8>) { self.bytes = bytes }

    /// Ends as soon as everything is found; `time` stands before `position` in what core writes.
    mutating func scan() -> EventHead? {
        guard skipSpace() == UInt8(ascii: "{") else { return nil }
        index += 1
        while let next = skipSpace(), next == UInt8(ascii: "\"") || next == UInt8(ascii: ",") {
            if next == UInt8(ascii: ",") {
                index += 1
                continue
            }
            guard let name = string(), skipSpace() == UInt8(ascii: ":") else { return nil }
            index += 1
            guard take(valueOf: name) else { return nil }
            if let tenant, let position, at != nil { return EventHead(tenant: tenant, position: position, at: at) }
        }
        guard let tenant, let position else { return nil }
        return EventHead(tenant: tenant, position: position, at: at)
    }

    private mutating func take(valueOf name: Slice<UnsafeBufferPointer<UInt8>>) -> Bool {
        guard let first = skipSpace() else { return false }
        if first == UInt8(ascii: "\"") {
            guard let text = string() else { return false }
            if name.elementsEqual("tenant".utf8) { tenant = String(decoding: text, as: UTF8.self) }
            if name.elementsEqual("time".utf8) { at = Instant(rfc3339: String(decoding: text, as: UTF8.self)) }
            return true
        }
        let start = index
        guard skipValue() else { return false }
        if name.elementsEqual("position".utf8) {
            position = Int64(String(decoding: bytes[start..<index], as: UTF8.self)).flatMap { $0 > 0 ? $0 : nil }
        }
        return true
    }

    private mutating func skipSpace() -> UInt8? {
        while index < bytes.count, [0x20, 0x0A, 0x0D, 0x09].contains(bytes[index]) { index += 1 }
        return index < bytes.count ? bytes[index] : nil
    }

    /// The bytes between the quotes as they stand; escapes are only stepped over.
    private mutating func string() -> Slice<UnsafeBufferPointer<UInt8>>? {
        index += 1
        let start = index
        while index < bytes.count {
            switch bytes[index] {
            case UInt8(ascii: "\\"): index += 2
            case UInt8(ascii: "\""):
                index += 1
                return bytes[start..<(index - 1)]
            default: index += 1
            }
        }
        return nil
    }

    /// Passes over a number, a word, a list or an object.
    private mutating func skipValue() -> Bool {
        var depth = 0
        while index < bytes.count {
            switch bytes[index] {
            case UInt8(ascii: "\""):
                guard string() != nil else { return false }
                continue
            case UInt8(ascii: "{"), UInt8(ascii: "["): depth += 1
            case UInt8(ascii: "}"), UInt8(ascii: "]"):
                if depth == 0 { return true }
                depth -= 1
                if depth == 0 {
                    index += 1
                    return true
                }
            case UInt8(ascii: ","), 0x20, 0x0A, 0x0D, 0x09:
                if depth == 0 { return true }
            default: break
            }
            index += 1
        }
        return false
    }
}
