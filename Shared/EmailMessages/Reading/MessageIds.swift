/// Message ids as they stand in Message-ID, In-Reply-To and References.
enum MessageIds {
    /// The ids of a header's text, without angle brackets, each once, in their order.
    ///
    /// Blanks within an id come from folding by broken programs and are left out. Without any angle bracket, words with
    /// an `@` count: some programs forget the brackets. In-Reply-To may hold prose (RFC 822), which is passed over.
    static func parse(_ text: String, limit: Int) -> [String] {
        var ids: [String] = []
        var open: String?
        for character in text.unicodeScalars {
            switch character {
            case "<": open = ""
            case ">":
                if let id = open, isUsable(id) { ids.append(id) }
                open = nil
            case " ", "\t": continue
            default: open?.unicodeScalars.append(character)
            }
        }
        if ids.isEmpty {
            for word in text.split(whereSeparator: { " \t,;<>".contains($0) }) where word.contains("@") {
                if isUsable(String(word)) { ids.append(String(word)) }
            }
        }
        var seen: Set<String> = []
        ids = ids.filter { seen.insert($0).inserted }
        guard ids.count > limit else { return ids }
        // the thread's first message and the latest ones
        return [ids[0]] + ids.suffix(limit - 1)
    }

    /// The id of a Message-ID header; any one word will do, since what it must be is unique.
    static func single(_ text: String) -> String? {
        if let id = parse(text, limit: 1).first { return id }
        let word = text.filter { !"<> \t".contains($0) }
        return isUsable(word) && !word.isEmpty ? word : nil
    }

    private static func isUsable(_ id: String) -> Bool {
        !id.isEmpty && id.utf8.count <= 998 && id.unicodeScalars.allSatisfy { $0.value > 0x20 && $0.value != 0x7F }
    }
}
