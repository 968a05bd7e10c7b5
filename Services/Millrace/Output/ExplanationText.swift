import Domain

/// An explanation in sentences: which rule classified an item, what ranks it, and what each offer was chosen from.
public enum ExplanationText {
    /// The lines for the answer of `GET /workitems/{id}/explanation`.
    public static func lines(of answer: JSONValue) -> [String] {
        var lines = ["Work item \(TextFormats.cell(answer["workItemId"]))"]
        lines += classification(answer["classification"] ?? .null)
        lines += ranking(answer["ranking"] ?? .null)
        let offers = answer["items"]?.arrayValue ?? []
        if offers.isEmpty { lines.append("It has not been offered to anybody yet.") }
        for offer in offers { lines += Self.offer(offer) }
        return lines
    }

    private static func classification(_ rule: JSONValue) -> [String] {
        guard let category = rule["category"]?.stringValue else { return ["No category takes it."] }
        var lines = ["Category \(category)"]
        for step in rule["rules"]?.arrayValue ?? [] {
            let because = (step["because"]?.arrayValue ?? []).map { TextFormats.cell($0) }
            let reasons = because.isEmpty ? "takes all" : because.joined(separator: ", ")
            lines.append("  \(TextFormats.cell(step["category"])): \(reasons)")
        }
        return lines
    }

    private static func ranking(_ ranking: JSONValue) -> [String] {
        guard let schema = ranking["schema"]?.stringValue else { return ["It is not ranked."] }
        var text = "Ranked by schema \(schema)"
        if let calendar = ranking["calendar"]?.stringValue { text += " in the business time of \(calendar)" }
        if let age = ranking["age"]?.numberValue, let priority = ranking["priority"]?.numberValue {
            text += ": age \(TextFormats.span(seconds: age)), priority \(TextFormats.number(priority))"
        }
        let points = (ranking["points"]?.arrayValue ?? []).compactMap { point -> String? in
            guard let pair = point.arrayValue, pair.count == 2, let age = pair[0].numberValue else { return nil }
            return "\(TextFormats.span(seconds: age)) → \(TextFormats.cell(pair[1]))"
        }
        return points.isEmpty ? [text] : [text, "  curve: " + points.joined(separator: ", ")]
    }

    private static func offer(_ offer: JSONValue) -> [String] {
        let chosen = offer["chosen"] ?? .null
        let why = TextFormats.cell(offer["trigger"])
        var lines = [
            "",
            "Revision \(TextFormats.cell(offer["revision"])), \(TextFormats.cell(offer["offeredAt"])): to "
                + "\(TextFormats.cell(offer["agent"])), configuration version "
                + "\(TextFormats.cell(offer["configurationVersion"]))" + (why.isEmpty ? "" : ", trigger \(why)"),
            "  chosen with priority \(priority(chosen)), age \(age(chosen)), from \(TextFormats.cell(chosen["laneSize"])) "
                + "waiting in its lane at endpoint \(TextFormats.cell(chosen["endpoint"]))",
        ]
        let decision = classification(offer["classification"] ?? .null) + ranking(offer["ranking"] ?? .null)
        lines += decision.map { "  " + $0 }
        let skills = TextFormats.cell(chosen["requiredSkills"])
        if !skills.isEmpty { lines.append("  skills required: \(skills)") }
        let competing = offer["competing"]?.arrayValue ?? []
        let others = competing.filter { $0["workItemId"] != chosen["workItemId"] }
        lines.append(others.isEmpty ? "  nothing else competed" : "  it won against:")
        for head in others {
            lines.append(
                "    \(TextFormats.cell(head["workItemId"]))  priority \(priority(head)), age \(age(head)), "
                    + "\(TextFormats.cell(head["endpoint"])) / \(TextFormats.cell(head["schema"]))")
        }
        if let rest = offer["competingRest"]?.integerValue, rest > 0 {
            lines.append("    and the best of \(rest) more lanes")
        }
        let agents = (offer["eligibleAgents"]?.arrayValue ?? []).map { agent in
            "\(TextFormats.cell(agent["agent"])) (idle since \(TextFormats.cell(agent["idleSince"])))"
        }
        if !agents.isEmpty { lines.append("  able and free: " + agents.joined(separator: ", ")) }
        if let rest = offer["eligibleRest"]?.integerValue, rest > 0 { lines.append("  and \(rest) more agents") }
        if let passed = offer["passedOver"]?.arrayValue, !passed.isEmpty {
            lines.append("  passed over, just missed by this agent: " + TextFormats.cell(.array(passed)))
        }
        if let full = offer["endpointsAtLimit"]?.arrayValue, !full.isEmpty {
            lines.append("  endpoints at their limit: " + TextFormats.cell(.array(full)))
        }
        return lines
    }

    private static func priority(_ head: JSONValue) -> String {
        head["priority"]?.numberValue.map { TextFormats.number($0, decimals: 2) } ?? "-"
    }

    private static func age(_ head: JSONValue) -> String {
        head["age"]?.numberValue.map { TextFormats.span(seconds: $0) } ?? "-"
    }
}
