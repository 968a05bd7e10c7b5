/// HTML fit to be shown within a page of ours, and its text.
public struct SanitizedHTML: Sendable, Hashable {
    /// The markup: elements, attributes and styles of an allow-list, written anew. A fragment, without `html` or `body`.
    public var html = ""
    /// The text.
    public var text = ""
    /// How many things were taken out that would have been loaded from elsewhere.
    public var blockedRemoteContents = 0
    /// The Content-IDs that images show, without `cid:`.
    public var contentIds: Set<String> = []
    /// Whether the input was longer or nested deeper than the limits, and the rest is missing.
    public var isShortened = false
}

/// Makes a stranger's HTML harmless: no script, no form, nothing that is loaded without a click.
///
/// libxml2's HTML parser (Debian `libxml2-dev`; no sanitising library for C or Swift is packaged) reads it as events,
/// and only what `HTMLPolicy` allows is written, by a writer of our own that escapes everything. So the output never
/// depends on how the input was quoted or nested: no comments, no raw text elements, no foreign content, which are
/// what lets markup change its meaning between two parsers. Events instead of a tree keep memory small and need no
/// recursion over what a stranger nested.
public enum HTMLSanitizer {
    /// Sanitises a document or a fragment.
    ///
    /// - Parameters:
    ///   - html: the markup.
    ///   - textLimit: the greatest `text`, in UTF-8 bytes.
    ///   - limit: UTF-8 bytes of markup after which no more is written.
    public static func sanitize(
        _ html: String, textLimit: Int = 1_048_576, limit: Int = .max
    ) -> SanitizedHTML {
        let writer = HTMLWriter(textLimit: textLimit, limit: limit)
        HTMLEvents.parse(html, into: writer)
        return writer.finish()
    }

    /// Text as HTML that shows it as it is.
    public static func escaped(_ text: String) -> String {
        var bytes: [UInt8] = []
        HTMLWriter.escape(text, into: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }
}
