/// Keeps values out of messages.
enum Redaction {
    /// A server's message as it may be shown.
    ///
    /// Data exceptions and violated constraints are described by us: their messages are made of values. In others
    /// only quoted text that stands in the statement itself is kept, for the statement holds no values.
    static func message(_ text: String, sqlState: String, sql: String) -> String {
        switch sqlState.prefix(2) {
        case "22": "PostgreSQL cannot take a value of the statement"
        case "23": "a constraint of the table refuses the row"
        default: withoutValues(text, sql: sql)
        }
    }

    /// The text with every quoted part replaced that the statement does not hold.
    static func withoutValues(_ text: String, sql: String) -> String {
        var shown = ""
        var isQuoted = false
        for part in text.split(separator: "\"", omittingEmptySubsequences: false) {
            if isQuoted {
                shown += sql.contains(part) ? "\"\(part)\"" : "\"…\""
            } else {
                shown += part
            }
            isQuoted.toggle()
        }
        return shown
    }
}
