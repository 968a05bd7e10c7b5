/// text/enriched (RFC 1896) and its forerunner text/richtext, as plain text: commands go, the words stay.
enum EnrichedText {
    static func plain(_ text: String) -> String {
        var result = ""
        var command: String?
        var isParameter = false
        var breaks = 0
        var rest = text[...]
        while let character = rest.popFirst() {
            if let open = command {
                guard character == ">" else {
                    command = open + String(character)
                    continue
                }
                let name = open.lowercased()
                if name == "param" { isParameter = true }
                if name == "/param" { isParameter = false }
                if name == "nl" || name == "paragraph" { result += "\n" }
                command = nil
            } else if character == "<" {
                if rest.first == "<" {
                    rest.removeFirst()
                    if !isParameter { result += "<" }
                } else {
                    command = ""
                }
            } else if character == "\n" {
                breaks += 1
                // one line end is a space, each further one a line end
                if breaks == 1 { result += " " } else { result += "\n" }
                continue
            } else if !isParameter {
                result.append(character)
            }
            breaks = 0
        }
        return result
    }
}
