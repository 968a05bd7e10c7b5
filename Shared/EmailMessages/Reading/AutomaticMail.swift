/// Tells automatic messages from those that wait for an answer (RFC 3834, section 2, and the headers in use).
enum AutomaticMail {
    /// The header that every message of ours carries.
    static let markHeader = "x-millrace-mark"

    /// The reason that says most: first those by which no person wrote it.
    static func reason(_ headers: MessageHeaders) -> AutomaticReason? {
        if hasNullReturnPath(headers) { return .nullReturnPath }
        if isAutoSubmitted(headers) { return .autoSubmitted }
        if headers.count(markHeader) > 0 { return .ownMark }
        if suppressesResponses(headers) { return .responsesSuppressed }
        if headers.texts("precedence").contains(where: { isListed($0, ["bulk", "junk", "list"]) }) {
            return .precedence
        }
        for name in ["list-id", "list-post", "list-unsubscribe", "list-help", "mailing-list", "x-mailing-list"]
        where headers.count(name) > 0 { return .list }
        return nil
    }

    private static func hasNullReturnPath(_ headers: MessageHeaders) -> Bool {
        // the topmost is the last server's
        guard let path = headers.raw("return-path").first else { return false }
        return path.filter { $0 != " " } == "<>"
    }

    private static func isAutoSubmitted(_ headers: MessageHeaders) -> Bool {
        for value in headers.texts("auto-submitted") {
            let keyword = value.prefix { $0 != ";" && $0 != "(" && $0 != " " }.lowercased()
            if !keyword.isEmpty && keyword != "no" { return true }
        }
        // autoresponders older than the standard
        if headers.texts("precedence").contains(where: { isListed($0, ["auto_reply"]) }) { return true }
        return ["x-autoreply", "x-autorespond", "x-autoresponder", "x-auto-reply"].contains { name in
            headers.texts(name).contains { $0.lowercased() != "no" }
        }
    }

    /// Microsoft Exchange
    private static func suppressesResponses(_ headers: MessageHeaders) -> Bool {
        headers.texts("x-auto-response-suppress").contains { value in
            value.lowercased().split(separator: ",").contains { isListed(String($0), ["all", "autoreply", "oof"]) }
        }
    }

    private static func isListed(_ value: String, _ words: [String]) -> Bool {
        words.contains(value.lowercased().filter { $0 != " " })
    }
}
