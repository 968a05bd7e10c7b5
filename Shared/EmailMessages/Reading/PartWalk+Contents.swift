extension PartWalk {
    /// Adds a text part to its section, or as a section of its own.
    mutating func addText(_ part: MessagePart, to section: Int?) throws(EmailMessageError) {
        if part.type == "text/html" {
            let (html, _) = try content(part, limit: max(0, limits.html - htmlTaken))
            htmlTaken += html.utf8.count
            let index = section ?? newSection()
            sections[index].html = sections[index].html.map { $0 + html } ?? html
            return
        }
        var (text, isCut) = try content(part, limit: limits.text * 4)
        if isCut { message.textIsTruncated = true }
        if part.type != "text/plain" { text = EnrichedText.plain(text) }
        if part.parameter("format")?.lowercased() == "flowed" {
            text = PlainText.unflowed(text, deletesSpace: part.parameter("delsp")?.lowercased() == "yes")
        }
        addPlain(text, to: section)
    }

    private static let encrypted = Array("-----BEGIN PGP MESSAGE-----".utf8)

    /// Adds a plain text.
    mutating func addPlain(_ text: String, to section: Int?) {
        var text = text
        if ByteSearch.contains(text, Self.encrypted) {
            message.protection.insert(.encryptedOpenPGP)
            message.note(.encrypted)
        }
        if let signed = InlineSignature.content(text) {
            message.protection.insert(.signedOpenPGP)
            text = signed
        }
        let index = section ?? newSection()
        sections[index].plain = sections[index].plain.map { $0 + "\n" + text } ?? text
    }

    /// The beginning of a part's content as text with LF line ends.
    mutating func content(_ part: MessagePart, limit: Int) throws(EmailMessageError) -> (text: String, isCut: Bool) {
        var bytes: [UInt8] = []
        var isCut = false
        try part.forEachChunk(in: folder) { chunk throws(EmailMessageError) in
            let room = limit - bytes.count
            bytes.append(contentsOf: chunk.prefix(room))
            isCut = chunk.count > room
            return !isCut
        }
        let charset = part.parameter("charset") ?? (part.type == "text/html" ? HTMLCharset.declared(bytes) : nil)
        let decoded = CharsetDecoder.decode(bytes, charset: charset, isCut: isCut)
        if let problem = decoded.problem { message.note(problem) }
        if isCut, part.type == "text/html" {
            message.note(.htmlShortened)
            message.textIsTruncated = true
        }
        return (PlainText.withUnixLineEnds(decoded.text), isCut)
    }

    /// Writes a part's decoded content to a file of the folder.
    mutating func attach(
        _ part: MessagePart, type: String, kind: MessageAttachment.Kind = .file, isRelated: Bool = false,
        subject: String? = nil
    ) throws(EmailMessageError) {
        let index = message.attachments.count
        guard index < limits.parts else { return message.note(.tooManyParts) }
        var file = try OutputFile(folder: folder, name: "attachment-\(index)")
        try part.forEachChunk(in: folder) { chunk throws(EmailMessageError) in
            try file.write(chunk)
            return true
        }
        let type = Self.isMediaType(type) ? type : "application/octet-stream"
        let contentId = part.contentId.map { PlainText.line(Self.withoutBrackets($0), limit: 998) }
        message.attachments.append(
            MessageAttachment(
                index: index, name: AttachmentNames.name(part.fileName, type: type, index: index, subject: subject),
                type: type, contentId: contentId.flatMap { $0.isEmpty ? nil : $0 },
                isInline: isRelated || part.disposition == "inline", kind: kind, content: file.finish()))
    }

    /// Keeps a message within the message as an attachment; in a report it is what came back.
    mutating func attachMessage(_ part: MessagePart) throws(EmailMessageError) {
        var subject: String?
        if case .message(let inner?) = part.kind {
            let headers = inner.headers()
            subject = headers.text("subject")
            if isInReport, let id = headers.text("message-id") { noteReturned(MessageIds.single(id)) }
        }
        try attach(part, type: part.type, kind: .message, subject: subject)
    }

    /// Puts the text and the HTML together and looks for what the headers alone do not tell.
    mutating func finish(_ headers: MessageHeaders) throws(EmailMessageError) {
        var texts: [String] = []
        var pages: [String] = []
        var shown: Set<String> = []
        let hasHTML = sections.contains { $0.html != nil }
        var room = limits.page
        for section in sections {
            let page = section.html.map { HTMLSanitizer.sanitize($0, textLimit: limits.text * 2, limit: room) }
            if let page {
                message.blockedRemoteContents += page.blockedRemoteContents
                shown.formUnion(page.contentIds)
                if page.isShortened { message.note(.htmlShortened) }
            }
            let plain = section.plain.map(PlainText.trimmed) ?? ""
            texts.append(plain.isEmpty ? page?.text ?? "" : plain)
            if hasHTML {
                let body = page?.html ?? shownPlain(plain, room: room)
                room = max(0, room - body.utf8.count)
                pages.append(body)
            }
        }
        let (text, isCut) = PlainText.beginning(
            texts.filter { !$0.isEmpty }.joined(separator: "\n\n"), limit: limits.text)
        message.text = text
        if isCut { message.textIsTruncated = true }
        if hasHTML { message.html = try writePage(pages) }
        for index in message.attachments.indices {
            guard let id = message.attachments[index].contentId, shown.contains(id) else { continue }
            message.attachments[index].isInline = true
        }
        let addresses = ReplyTokens.headers.flatMap { name in
            name == "in-reply-to"
                ? message.inReplyTo : headers.addresses(name, limit: limits.listed).map(\.address)
        }
        message.replyTokens = ReplyTokens.find(addresses: addresses, texts: [message.subject ?? "", text])
        if message.deliveryStatus != nil, message.automatic == nil { message.automatic = .autoSubmitted }
    }

    /// A plain text within the page. A character grows to six bytes at most.
    private mutating func shownPlain(_ plain: String, room: Int) -> String {
        let (shown, isCut) = PlainText.beginning(plain, limit: room / 6)
        if isCut { message.note(.htmlShortened) }
        return "<div style=\"white-space: pre-wrap\">\(HTMLSanitizer.escaped(shown))</div>"
    }

    private func writePage(_ pages: [String]) throws(EmailMessageError) -> MessageFile {
        var file = try OutputFile(folder: folder, name: "body.html")
        for page in pages {
            var page = pages.count > 1 ? "<div>\(page)</div>\n" : page
            let written = page.withUTF8 { bytes in
                Result { () throws(EmailMessageError) in try file.write(UnsafeRawBufferPointer(bytes)) }
            }
            try written.get()
        }
        return file.finish()
    }

    private static func isMediaType(_ type: String) -> Bool {
        let parts = type.split(separator: "/", omittingEmptySubsequences: false)
        return parts.count == 2 && type.utf8.count <= 127
            && parts.allSatisfy { part in
                !part.isEmpty
                    && part.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "!#$&-^_.+".contains($0)) }
            }
    }
}
