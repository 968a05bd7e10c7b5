import Domain

extension OutgoingEmail {
    /// Refuses what cannot be written into a message without changing its meaning.
    ///
    /// - Throws: `invalidValue` with the name of the value.
    public func check() throws(EmailMessageError) {
        guard !(to + cc + bcc).isEmpty else { throw Self.invalid("to", "at least one recipient") }
        for (name, addresses) in [("from", [from]), ("to", to), ("cc", cc), ("bcc", bcc), ("replyTo", replyTo)] {
            guard addresses.allSatisfy(Self.isWritable) else {
                throw Self.invalid(
                    name, "addresses such as name@example.com, without characters beyond ASCII before the @")
            }
        }
        for (name, ids) in [
            ("messageId", [messageId]), ("inReplyTo", inReplyTo.map { [$0] } ?? []), ("references", references),
        ] {
            guard ids.allSatisfy(Self.isId) else {
                throw Self.invalid(name, "a message id of printable ASCII without angle brackets, at most 900 bytes")
            }
        }
        guard Self.isPrintable(mark), mark.utf8.count <= 200 else {
            throw Self.invalid("mark", "printable ASCII without blanks, at most 200 bytes")
        }
        for attachment in attachments {
            guard Self.isType(attachment.type) else {
                throw Self.invalid("attachments.type", "a media type such as application/pdf")
            }
            guard attachment.contentId.map(Self.isId) ?? true else {
                throw Self.invalid("attachments.contentId", "an id of printable ASCII without angle brackets")
            }
        }
    }

    /// Takes out what came from other messages and cannot be written: ids of what it answers, and Content-IDs and media types
    /// of files that are passed on. Without them the message is what it was, and with them it could never be sent.
    public mutating func leaveOutForeign() {
        if let id = inReplyTo, !Self.isId(id) { inReplyTo = nil }
        references.removeAll { !Self.isId($0) }
        for index in attachments.indices {
            if let id = attachments[index].contentId, !Self.isId(id) { attachments[index].contentId = nil }
            if !Self.isType(attachments[index].type) { attachments[index].type = "application/octet-stream" }
        }
    }

    private static func invalid(_ name: String, _ expected: String) -> EmailMessageError {
        EmailMessageError(.invalidValue, "\(name) cannot be sent; expected \(expected).")
    }

    private static func isWritable(_ address: EmailAddress) -> Bool {
        guard EmailAddress.isAddress(address.address),
            let at = address.address.utf8.lastIndex(of: UInt8(ascii: "@"))
        else { return false }
        return address.address.utf8[..<at].allSatisfy { $0 < 0x80 }
    }

    private static func isPrintable(_ text: String) -> Bool {
        !text.isEmpty && text.utf8.allSatisfy { 0x21...0x7E ~= $0 }
    }

    private static func isId(_ id: String) -> Bool {
        isPrintable(id) && id.utf8.count <= 900 && !id.contains("<") && !id.contains(">")
    }

    private static func isType(_ type: String) -> Bool {
        let parts = type.split(separator: "/", omittingEmptySubsequences: false)
        return parts.count == 2 && type.utf8.count <= 127 && parts[0] != "multipart"
            && parts.allSatisfy { part in
                !part.isEmpty
                    && part.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "!#$&-^_.+".contains($0)) }
            }
    }
}
