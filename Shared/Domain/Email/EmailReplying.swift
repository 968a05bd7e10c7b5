/// How an answer follows from the message that it answers.
public enum EmailReplying {
    /// `Re: …` or `Fwd: …`, without piling them up.
    public static func subject(_ subject: String?, for kind: EmailDraft.Kind) -> String {
        var rest = (subject ?? "")[...]
        let known = kind == .forward ? ["fwd:", "fw:"] : ["re:", "aw:", "sv:"]
        while let prefix = known.first(where: { rest.lowercased().hasPrefix($0) }) {
            rest = rest.dropFirst(prefix.count).drop { $0 == " " }
        }
        return ((kind == .forward ? "Fwd: " : "Re: ") + rest).cut(toBytes: 900)
    }

    /// Whom an answer goes to: the sender, or where the sender wants answers; with `replyAll` everybody else who got the
    /// message. Never the mailbox itself.
    public static func recipients(
        of kind: EmailDraft.Kind, from: EmailAddress?, replyTo: [EmailAddress], to: [EmailAddress], cc: [EmailAddress],
        own: Set<String>
    ) -> (to: [EmailAddress], cc: [EmailAddress]) {
        guard kind == .reply || kind == .replyAll else { return ([], []) }
        func isOwn(_ address: EmailAddress) -> Bool { own.contains(address.key) || own.contains(untagged(address.key)) }
        var seen: Set<String> = []
        func fresh(_ addresses: [EmailAddress]) -> [EmailAddress] {
            addresses.filter { EmailAddress.isAddress($0.address) && !isOwn($0) && seen.insert($0.key).inserted }
        }
        let wanted = replyTo.isEmpty ? [from].compactMap { $0 } : replyTo
        let first = fresh(wanted)
        return (first, kind == .replyAll ? fresh(to + cc) : [])
    }

    /// The message below the answer, as plain text: every line behind a `>`.
    public static func quoted(_ text: String, from: EmailAddress?, at moment: Instant?) -> String {
        let who = from.map { $0.name ?? $0.address } ?? "Unknown"
        let head =
            moment.map { "On \($0.rfc3339.prefix(16).replacing("T", with: " ")) UTC, \(who) wrote:" } ?? "\(who) wrote:"
        // Carriage return and line feed together are one character.
        let plain = text.replacing("\r\n", with: "\n")
        let lines = plain.split(separator: "\n", omittingEmptySubsequences: false).map { $0.isEmpty ? ">" : "> " + $0 }
        return "\n\n" + head + "\n" + lines.joined(separator: "\n")
    }

    /// The same as HTML, made of the plain text.
    public static func quotedHTML(_ text: String, from: EmailAddress?, at moment: Instant?) -> String {
        let who = from.map { $0.name ?? $0.address } ?? "Unknown"
        let head = TemplateText.escaped("\(moment.map { "On \($0.rfc3339.prefix(16)) UTC, " } ?? "")\(who) wrote:")
        let body = TemplateText.escaped(text).replacing("\r\n", with: "\n").replacing("\n", with: "<br>\n")
        return "<p>\(head)</p>\n<blockquote>\(body)</blockquote>"
    }

    /// References of an answer: those of the message and the message itself, the first and the last of too many.
    public static func references(_ references: [String], answering messageId: String?) -> [String] {
        let all = references.reversed() + [messageId].compactMap { $0 }
        guard all.count > 50 else { return Array(all) }
        return Array(all.prefix(1) + all.suffix(49))
    }

    private static func untagged(_ key: String) -> String {
        guard let plus = key.firstIndex(of: "+"), let at = key.lastIndex(of: "@"), plus < at else { return key }
        return String(key[..<plus] + key[at...])
    }
}
