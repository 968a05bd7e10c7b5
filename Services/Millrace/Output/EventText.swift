import Domain

/// Events on one line.
public enum EventText {
    /// The cells of `millrace history`.
    static func historyCells(_ event: JSONValue) -> [String] {
        let data = event["data"] ?? .null
        return [
            TextFormats.cell(event["revision"] ?? data["revision"]), TextFormats.cell(event["time"]),
            action(event, data),
            TextFormats.cell(data["from"]), TextFormats.cell(data["to"]), TextFormats.cell(data["agent"]), actor(data),
            TextFormats.cell(data["reason"]),
        ]
    }

    /// One line of `millrace tail`: time, what, which item or agent, from where to where, who.
    public static func line(_ event: JSONValue) -> String {
        let data = event["data"] ?? .null
        let subject =
            data["captureId"].map { "\(TextFormats.cell(data["sourceName"]))/\(TextFormats.cell($0))" }
            ?? data["emailId"].map { "\(TextFormats.cell(data["mailbox"]))/\(TextFormats.cell($0))" }
            ?? TextFormats.cell(data["agent"])
        var parts = [TextFormats.cell(event["time"]), action(event, data), subject]
        let (from, to) = (TextFormats.cell(data["from"]), TextFormats.cell(data["to"]))
        if from != to { parts.append(from.isEmpty ? "→ \(to)" : "\(from) → \(to)") }
        if data["captureId"] != nil, let agent = data["agent"]?.stringValue { parts.append("agent \(agent)") }
        if let endpoint = data["endpoint"]?.stringValue { parts.append("at \(endpoint)") }
        if let reason = data["reason"]?.stringValue { parts.append("(\(reason))") }
        let who = actor(data)
        if !who.isEmpty { parts.append("by \(who)") }
        return parts.joined(separator: "  ")
    }

    /// `workitem.offer`: the type without what all have.
    private static func action(_ event: JSONValue, _ data: JSONValue) -> String {
        let type = TextFormats.cell(event["type"])
        return type.hasPrefix("millrace.") ? String(type.dropFirst(9)) : type
    }

    private static func actor(_ data: JSONValue) -> String {
        let kind = TextFormats.cell(data["actor"]?["kind"])
        let id = TextFormats.cell(data["actor"]?["id"])
        return id.isEmpty ? kind : "\(kind) \(id)"
    }
}
