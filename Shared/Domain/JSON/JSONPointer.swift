/// A place in a document, written as a JSON pointer (RFC 6901): `/categories/0/schema`, or empty for
/// the whole document.
public struct JSONPointer: Sendable, Hashable, CustomStringConvertible {
    /// The pointer's text.
    public private(set) var description: String

    /// The whole document.
    public static let root = JSONPointer(description: "")

    private init(description: String) { self.description = description }

    /// The member of that name. Long names are cut at 100 characters: a pointer is there to be read.
    public func appending(_ key: String) -> JSONPointer {
        let escaped = key.utf8.contains { $0 == UInt8(ascii: "~") || $0 == UInt8(ascii: "/") }
        let shown = key.utf8.count > 100 ? key.prefix(100) + "…" : key[...]
        guard escaped else { return JSONPointer(description: description + "/" + shown) }
        let parts = shown.map { $0 == "~" ? "~0" : $0 == "/" ? "~1" : String($0) }
        return JSONPointer(description: description + "/" + parts.joined())
    }

    /// The element at that index.
    public func appending(_ index: Int) -> JSONPointer {
        JSONPointer(description: description + "/\(index)")
    }
}
