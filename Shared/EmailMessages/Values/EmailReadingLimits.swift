/// How much of a message is looked at. What lies beyond is cut and said in the message's problems, never refused: the
/// raw bytes are kept elsewhere.
public struct EmailReadingLimits: Sendable, Hashable {
    /// The greatest `text`, in UTF-8 bytes.
    public var text = 65_536
    /// How many bytes of all HTML parts together are sanitised.
    public var html = 4_194_304
    /// The greatest page that is made of them, in bytes, but for what a single element or text adds to it.
    public var page = 16_777_216
    /// The greatest block of headers, in bytes.
    public var headers = 1_048_576
    /// The greatest single header, in bytes.
    public var header = 65_536
    /// How deep parts may be nested.
    public var depth = 32
    /// How many attachments are kept; and how many separating lines a message may have is eight times that.
    public var parts = 1_000
    /// How many addresses of one header, and how many references, are kept.
    public var listed = 500

    /// The limits that the services use.
    public init() {}
}
