import Domain

extension PartWalk {
    /// Takes what the headers say.
    mutating func readHeaders(_ headers: MessageHeaders) {
        readIds(headers)
        message.date = headers.date()
        if message.date == nil { message.note(.missingDate) }
        if headers.count("date") > 1 { message.note(.duplicateDate) }
        if headers.count("from") > 1 || headers.count("subject") > 1 { message.note(.duplicateHeader) }

        message.from = addresses("from", headers).first
        if message.from == nil { message.note(.missingFrom) }
        message.sender = addresses("sender", headers).first
        message.replyTo = addresses("reply-to", headers)
        message.to = addresses("to", headers)
        message.cc = addresses("cc", headers)
        message.subject = headers.text("subject").map { PlainText.line($0) }

        message.automatic = AutomaticMail.reason(headers)
        message.marks = Array(headers.texts(AutomaticMail.markHeader).prefix(16))
        message.spam = MailVerdictReader.spam(headers)
        message.authentication = MailVerdictReader.authentication(headers)
    }

    /// Takes what the outermost part's own headers say; the parser counts Content-Language among them.
    mutating func readLanguage(_ part: MessagePart) {
        let text = EncodedWords.decode(part.rawHeader("Content-Language") ?? [])
        let tag = text.drop { $0 == " " }.prefix { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "-") }
        if !tag.isEmpty, tag.utf8.count <= 35 { message.language = tag.lowercased() }
    }

    private mutating func readIds(_ headers: MessageHeaders) {
        message.messageId = headers.texts("message-id").lazy.compactMap { MessageIds.single($0) }.first
        if message.messageId == nil { message.note(.missingMessageId) }
        if headers.count("message-id") > 1 { message.note(.duplicateMessageId) }
        message.inReplyTo = headers.texts("in-reply-to").flatMap { MessageIds.parse($0, limit: limits.listed) }
        message.references = headers.texts("references").flatMap { MessageIds.parse($0, limit: limits.listed) }
    }

    private mutating func addresses(_ name: String, _ headers: MessageHeaders) -> [EmailAddress] {
        let found = headers.addresses(name, limit: limits.listed)
        if found.contains(where: { !EmailAddress.isAddress($0.address) }) { message.note(.brokenAddress) }
        return found
    }
}
