/// Reads what servers and filters on the way wrote into the headers.
enum MailVerdictReader {
    /// The verdict of the first filter known.
    static func spam(_ headers: MessageHeaders) -> SpamVerdict? {
        if let status = headers.text("x-spam-status") {
            let isSpam = status.lowercased().hasPrefix("yes") ? true : status.lowercased().hasPrefix("no") ? false : nil
            let score = number(after: "score=", in: status) ?? number(after: "hits=", in: status)
            return SpamVerdict(
                isSpam: isSpam ?? flag(headers), score: score ?? firstNumber(headers.text("x-spam-score")),
                source: "x-spam-status")
        }
        if let isSpam = flag(headers) {
            return SpamVerdict(isSpam: isSpam, score: firstNumber(headers.text("x-spam-score")), source: "x-spam-flag")
        }
        if let result = headers.text("x-spamd-result") {
            let word = result.lowercased()
            let isSpam = word.contains("true") ? true : word.contains("false") ? false : nil
            let score = result.firstIndex(of: "[").flatMap { firstNumber(String(result[result.index(after: $0)...])) }
            return SpamVerdict(isSpam: isSpam, score: score, source: "x-spamd-result")
        }
        for name in ["x-ms-exchange-organization-scl", "x-spam-score", "x-rspamd-score"] {
            guard let score = firstNumber(headers.text(name)) else { continue }
            // Exchange's spam confidence level calls 5 and above spam
            return SpamVerdict(isSpam: name.hasSuffix("scl") ? score >= 5 : nil, score: score, source: name)
        }
        return nil
    }

    /// The results of the topmost Authentication-Results, which is the receiving server's own: a sender can write
    /// such headers too, and they end up below. SPF falls back on Received-SPF.
    static func authentication(_ headers: MessageHeaders) -> AuthenticationVerdict? {
        var verdict = headers.raw("authentication-results").first.map(parse) ?? AuthenticationVerdict()
        if verdict.spf == nil, let received = headers.text("received-spf") {
            let word = received.prefix { $0.isLetter }.lowercased()
            if !word.isEmpty { verdict.spf = word }
        }
        return verdict.isEmpty ? nil : verdict
    }

    /// Reads `authserv-id; method=result …; …` (RFC 8601, section 2.2).
    static func parse(_ text: String) -> AuthenticationVerdict {
        var verdict = AuthenticationVerdict()
        let sections = withoutComments(text).split(separator: ";")
        verdict.server = sections.first.flatMap { $0.split(separator: " ").first }.map { $0.lowercased() }
        for section in sections.dropFirst() {
            guard let word = section.split(separator: " ").first, let equals = word.firstIndex(of: "=") else {
                continue
            }
            let method = word[..<equals].prefix { $0 != "/" }.lowercased()
            let result = word[word.index(after: equals)...].filter(\.isLetter).lowercased()
            switch method {
            case "spf": verdict.spf = verdict.spf ?? result
            case "dmarc": verdict.dmarc = verdict.dmarc ?? result
            // one good signature is enough (RFC 6376, section 6.1)
            case "dkim": if verdict.dkim != "pass" { verdict.dkim = result == "pass" ? result : verdict.dkim ?? result }
            default: continue
            }
        }
        return verdict
    }

    private static func withoutComments(_ text: String) -> String {
        var depth = 0
        return text.filter { character in
            if character == "(" { depth += 1 }
            if character == ")", depth > 0 {
                depth -= 1
                return false
            }
            return depth == 0
        }
    }

    private static func flag(_ headers: MessageHeaders) -> Bool? {
        guard let value = headers.text("x-spam-flag")?.lowercased() else { return nil }
        return value.hasPrefix("yes") || value.hasPrefix("true") ? true : value.hasPrefix("no") ? false : nil
    }

    private static func number(after key: String, in text: String) -> Double? {
        text.firstRange(of: key).flatMap { firstNumber(String(text[$0.upperBound...])) }
    }

    private static func firstNumber(_ text: String?) -> Double? {
        guard let text else { return nil }
        let digits = text.drop { $0 == " " }.prefix { $0.isASCII && ($0.isNumber || $0 == "-" || $0 == ".") }
        return Double(digits)
    }
}
