/// A text with fields for messages that are written often: `Dear {{attributes.fromName}}, we have {{workItem.captureId}}.`
public struct EmailTemplate: Sendable, Hashable {
    /// Its name.
    public var name: String
    /// Subject; nil keeps the conversation's.
    public var subject: String?
    /// The plain text.
    public var text: String
    /// The same as HTML; nil sends plain text only.
    public var html: String?

    static func read(_ value: JSONValue, at pointer: JSONPointer, problems: ProblemCollector) -> EmailTemplate? {
        let known = ["name", "subject", "text", "html"]
        guard let reader = ObjectReader(value, at: pointer, known: known, problems: problems) else { return nil }
        let long = TextRule(bytes: 1...65_536, multiline: true)
        let name = reader.requiredText("name", .name)
        let subject = reader.text("subject", TextRule(bytes: 1...900))
        let text = reader.requiredText("text", long)
        let html = reader.text("html", long)
        for (key, text) in [("subject", subject), ("text", text), ("html", html)] {
            if let problem = text.flatMap(TemplateText.problem) { reader.report(key, problem) }
        }
        guard let name, let text else { return nil }
        return EmailTemplate(name: name, subject: subject, text: text, html: html)
    }

    var document: JSONValue {
        var object: JSONObject = ["name": .string(name)]
        object["subject"] = subject.map(JSONValue.string)
        object["text"] = .string(text)
        object["html"] = html.map(JSONValue.string)
        return .object(object)
    }
}

/// Texts with `{{field}}` in them.
public enum TemplateText {
    /// What fields begin with.
    public static let roots = ["workItem.", "attributes.", "agent.", "mailbox."]

    /// What is wrong with the template, or nil.
    public static func problem(with template: String) -> String? {
        for piece in pieces(of: template) {
            switch piece {
            case .text(let text) where text.contains("{{"): return "A {{ has no }} behind it."
            case .field(let name) where !roots.contains(where: { name.hasPrefix($0) && name.count > $0.count }):
                return
                    "There is no field \(NearestName.quoted(name)); fields begin with \(roots.joined(separator: ", "))."
            default: break
            }
        }
        return nil
    }

    /// The template with its fields filled in; a field without a value leaves nothing.
    /// - Parameter escaping: for HTML: values cannot become markup.
    public static func render(_ template: String, escaping: Bool = false, _ field: (String) -> String?) -> String {
        pieces(of: template).map { piece in
            switch piece {
            case .text(let text): String(text)
            case .field(let name): field(name).map { escaping ? escaped($0) : $0 } ?? ""
            }
        }.joined()
    }

    /// The text as HTML text.
    public static func escaped(_ text: String) -> String {
        var escaped = ""
        escaped.reserveCapacity(text.utf8.count)
        for character in text {
            switch character {
            case "&": escaped += "&amp;"
            case "<": escaped += "&lt;"
            case ">": escaped += "&gt;"
            case "\"": escaped += "&quot;"
            case "'": escaped += "&#39;"
            default: escaped.append(character)
            }
        }
        return escaped
    }

    private enum Piece {
        case text(Substring)
        case field(String)
    }

    private static func pieces(of template: String) -> [Piece] {
        var pieces: [Piece] = []
        var rest = template[...]
        while let open = index(of: "{{", in: rest), let close = index(of: "}}", in: rest[open...]) {
            pieces.append(.text(rest[..<open]))
            let name = rest[rest.index(open, offsetBy: 2)..<close]
            pieces.append(.field(String(name.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())))
            rest = rest[rest.index(close, offsetBy: 2)...]
        }
        pieces.append(.text(rest))
        return pieces
    }

    private static func index(of pair: String, in text: Substring) -> Substring.Index? {
        guard let character = pair.first else { return nil }
        var index = text.startIndex
        while index < text.endIndex {
            let next = text.index(after: index)
            if text[index] == character, next < text.endIndex, text[next] == character { return index }
            index = next
        }
        return nil
    }
}
