/// Tells automatic messages from those that wait for an answer (RFC 3834, section 2, and the headers in use).
enum AutomaticMail {
    /// The header that every message of ours carries.
    static let markHeader = "x-millrace-mark"

    static func reason(_ headers: MessageHeaders) -> AutomaticReason? {
        if headers.count(markHeader) > 0 { return .ownMark }
        if hasNullReturnPath(headers) { return .nullReturnPath }
        if isAutoSubmitted(headers) { return .autoSubmitted }
        if headers.texts("precedence").contains(where: { isListed($0, ["bulk", "junk", "list", "auto_reply"]) }) {
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
        // Microsoft Exchange, and autoresponders older than the standard
        let suppressed = headers.texts("x-auto-response-suppress")
        if suppressed.contains(where: { value in
            value.lowercased().split(separator: ",").contains { isListed(String($0), ["all", "autoreply", "oof"]) }
        }) {
            return true
        }
        return ["x-autoreply", "x-autorespond", "x-autoresponder", "x-auto-reply"].contains { name in
            headers.texts(name).contains { $0.lowercased() != "no" }
        }
    }

    private static func isListed(_ value: String, _ words: [String]) -> Bool {
        words.contains(value.lowercased().filter { $0 != " " })
    }
}
