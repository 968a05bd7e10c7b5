/// What the parser takes at most; more is refused before it costs anything.
public struct JSONLimits: Sendable, Hashable {
    /// Bytes of the whole text.
    public var bytes: Int
    /// Lists and objects inside each other.
    public var depth: Int
    /// Values in the whole text: every element, member and container counts one.
    public var elements: Int

    /// Limits; the defaults suit bodies of requests and messages: 16 MiB, 32 levels, 100,000 values.
    public init(bytes: Int = 16 << 20, depth: Int = 32, elements: Int = 100_000) {
        self.bytes = bytes
        self.depth = depth
        self.elements = elements
    }

    /// 16 MiB, 32 levels, 100,000 values.
    public static let `default` = JSONLimits()
}
