/// What may stay of a `style` attribute: properties that colour, size and align, with values that load nothing.
enum StylePolicy {
    /// The declarations that may stay; nil when none may.
    static func filtered(_ style: String) -> String? {
        guard style.utf8.count <= 8_192 else { return nil }
        // escapes and comments hide what a value says; nobody needs them in mail
        guard !style.contains("\\"), !style.contains("/*") else { return nil }
        var kept: [String] = []
        for declaration in declarations(style) {
            guard let colon = declaration.firstIndex(of: ":") else { continue }
            let name = trimmed(declaration[..<colon]).lowercased()
            let value = trimmed(declaration[declaration.index(after: colon)...])
            if isAllowed(name), isHarmless(value) { kept.append("\(name): \(value)") }
        }
        return kept.isEmpty ? nil : kept.joined(separator: "; ")
    }

    /// Whether the declarations hide the element.
    static func hides(_ style: String) -> Bool {
        let text = style.lowercased().filter { $0 != " " }
        return text.contains("display:none") || text.contains("visibility:hidden")
    }

    /// Parts between semicolons outside quotes and brackets.
    private static func declarations(_ style: String) -> [Substring] {
        var parts: [Substring] = []
        var start = style.startIndex
        var quote: Character?
        var depth = 0
        for index in style.indices {
            let character = style[index]
            if let open = quote {
                if character == open { quote = nil }
                continue
            }
            switch character {
            case "\"", "'": quote = character
            case "(": depth += 1
            case ")": depth -= 1
            case ";" where depth <= 0:
                parts.append(style[start..<index])
                start = style.index(after: index)
            default: break
            }
        }
        parts.append(style[start...])
        return parts
    }

    private static func isAllowed(_ name: String) -> Bool {
        properties.contains(name)
            || ["margin", "padding", "border", "font", "text"].contains { name == $0 || name.hasPrefix("\($0)-") }
    }

    /// No function but those of colours and lengths, no address, nothing that ends the attribute.
    private static func isHarmless(_ value: String) -> Bool {
        guard !value.isEmpty else { return false }
        var word = ""
        for scalar in value.lowercased().unicodeScalars {
            if scalar == "(" {
                guard ["rgb", "rgba", "hsl", "hsla", "calc", "min", "max"].contains(word) else { return false }
            }
            if scalar.value < 0x20 || "<>@{}:&`".unicodeScalars.contains(scalar) { return false }
            word = scalar.properties.isAlphabetic || scalar == "-" ? word + String(scalar) : ""
        }
        return !value.lowercased().contains("expression") && !value.lowercased().contains("script")
    }

    private static func trimmed(_ text: Substring) -> String {
        var rest = text
        while let first = rest.first, first.isWhitespace { rest = rest.dropFirst() }
        while let last = rest.last, last.isWhitespace { rest = rest.dropLast() }
        return String(rest)
    }

    private static let properties: Set<String> = [
        "background-color", "border-collapse", "border-spacing", "box-sizing", "caption-side", "clear", "color",
        "direction", "display", "empty-cells", "float", "height", "letter-spacing", "line-height", "list-style-type",
        "max-height", "max-width", "min-height", "min-width", "opacity", "overflow", "table-layout",
        "unicode-bidi", "vertical-align", "visibility", "white-space", "width", "word-break", "word-spacing",
        "word-wrap", "overflow-wrap",
    ]
}
