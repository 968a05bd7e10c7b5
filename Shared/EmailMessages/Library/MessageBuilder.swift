import CGMime
import Domain
import Glibc

/// A message that GMime puts together; released with this object.
final class MessageBuilder {
    private let message: UnsafeMutablePointer<GMimeMessage>
    private var object: UnsafeMutablePointer<GMimeObject>? { GMimeLibrary.cast(message, to: GMimeObject.self) }

    init() {
        GMimeLibrary.start()
        message = g_mime_message_new(1)
    }

    deinit { g_object_unref(message) }

    /// Sets the headers; the values have been checked.
    func setHeaders(_ email: OutgoingEmail) {
        let date = g_date_time_new_from_unix_utc(gint64(email.date.milliseconds / 1000))
        if let date {
            g_mime_message_set_date(message, date)
            g_date_time_unref(date)
        }
        add([email.from], GMIME_ADDRESS_TYPE_FROM)
        add(email.replyTo, GMIME_ADDRESS_TYPE_REPLY_TO)
        add(email.to, GMIME_ADDRESS_TYPE_TO)
        add(email.cc, GMIME_ADDRESS_TYPE_CC)
        if email.writesBcc { add(email.bcc, GMIME_ADDRESS_TYPE_BCC) }
        if email.to.isEmpty && email.cc.isEmpty { set("To", "undisclosed-recipients:;") }
        g_mime_message_set_subject(message, PlainText.line(email.subject), "utf-8")
        g_mime_message_set_message_id(message, email.messageId)
        if let id = email.inReplyTo { set("In-Reply-To", "<\(id)>") }
        if !email.references.isEmpty { set("References", email.references.map { "<\($0)>" }.joined(separator: " ")) }
        if let automation = email.automation {
            set("Auto-Submitted", automation.rawValue)
            // Exchange looks at this one instead
            set("X-Auto-Response-Suppress", "All")
        }
        set("X-Millrace-Mark", email.mark)
    }

    /// Sets the content: text, HTML with what it shows, attachments.
    func setContent(_ email: OutgoingEmail) throws(EmailMessageError) {
        let shown = email.attachments.filter { $0.contentId != nil && email.html != nil }
        let attached = email.attachments.filter { $0.contentId == nil || email.html == nil }
        var content = Owned(textPart(email.text, subtype: "plain"))
        if let html = email.html {
            var page = Owned(textPart(html, subtype: "html"))
            if !shown.isEmpty {
                let related = multipart("related", [page])
                g_mime_object_set_content_type_parameter(related.object, "type", "text/html")
                for attachment in shown { add(try part(attachment), to: related) }
                page = related
            }
            content = multipart("alternative", [content, page])
        }
        if !attached.isEmpty {
            content = multipart("mixed", [content])
            for attachment in attached { add(try part(attachment), to: content) }
        }
        g_mime_message_set_mime_part(message, content.object)
        g_mime_object_encode(object, GMIME_ENCODING_CONSTRAINT_7BIT)
    }

    /// Writes the message with CRLF line ends.
    func write(folder: String, name: String) throws(EmailMessageError) -> MessageFile {
        let path = "\(folder)/\(name)"
        let descriptor = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { throw OutputFile.failure("make") }
        let options = g_mime_format_options_new()
        g_mime_format_options_set_newline_format(options, GMIME_NEWLINE_FORMAT_DOS)
        g_mime_format_options_set_param_encoding_method(options, GMIME_PARAM_ENCODING_METHOD_RFC2231)
        let stream = g_mime_stream_fs_new(descriptor)
        let written = g_mime_object_write_to_stream(object, options, stream)
        let flushed = g_mime_stream_flush(stream)
        g_object_unref(stream)
        g_mime_format_options_free(options)
        guard written >= 0, flushed == 0 else { throw OutputFile.failure("write") }
        return try OutputFile.described(path: path, name: name)
    }

    private func set(_ name: String, _ value: String) { g_mime_object_set_header(object, name, value, "utf-8") }

    private func add(_ addresses: [EmailAddress], _ type: GMimeAddressType) {
        for address in addresses {
            let name = address.name.map { PlainText.line($0, limit: 512) }.flatMap { $0.isEmpty ? nil : $0 }
            g_mime_message_add_mailbox(message, type, name, address.address)
        }
    }

    private func textPart(_ text: String, subtype: String) -> UnsafeMutablePointer<GMimeObject>? {
        let part = g_mime_text_part_new_with_subtype(subtype)
        g_mime_text_part_set_charset(part, "utf-8")
        var text = PlainText.withUnixLineEnds(text.utf8.contains(0) ? text.filter { $0 != "\0" } : text)
        if !text.hasSuffix("\n") { text += "\n" }
        g_mime_text_part_set_text(part, text)
        // GMime looks at the characters when it chooses an encoding, and not at the length of the lines
        if text.utf8.split(separator: UInt8(ascii: "\n")).contains(where: { $0.count > 900 }) {
            g_mime_part_set_content_encoding(
                GMimeLibrary.cast(part, to: GMimePart.self), GMIME_CONTENT_ENCODING_QUOTEDPRINTABLE)
        }
        return GMimeLibrary.cast(part, to: GMimeObject.self)
    }

    private func part(_ attachment: OutgoingEmail.Attachment) throws(EmailMessageError) -> Owned {
        let type = attachment.type.split(separator: "/").map(String.init)
        // a message may not be encoded (RFC 2046, 5.2.1): one that needs it goes as a plain file
        let isMessage = type[0].lowercased() == "message"
        let isSafe = try isMessage ? SevenBitCheck.isSafe(path: attachment.path) : true
        let isWritten = isMessage && isSafe
        let descriptor = open(attachment.path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw OutputFile.failure("open") }
        let part =
            isMessage && !isSafe
            ? g_mime_part_new_with_type("application", "octet-stream") : g_mime_part_new_with_type(type[0], type[1])
        let stream = g_mime_stream_fs_new(descriptor)
        let content = g_mime_data_wrapper_new_with_stream(stream, GMIME_CONTENT_ENCODING_DEFAULT)
        g_mime_part_set_content(part, content)
        g_object_unref(content)
        g_object_unref(stream)
        g_mime_part_set_content_encoding(
            part, isWritten ? GMIME_CONTENT_ENCODING_7BIT : GMIME_CONTENT_ENCODING_BASE64)
        let owned = Owned(GMimeLibrary.cast(part, to: GMimeObject.self))
        g_mime_object_set_disposition(owned.object, attachment.contentId == nil ? "attachment" : "inline")
        g_mime_part_set_filename(part, attachment.shownName)
        if let id = attachment.contentId { g_mime_object_set_content_id(owned.object, id) }
        return owned
    }

    private func multipart(_ subtype: String, _ parts: [Owned]) -> Owned {
        let multipart = g_mime_multipart_new_with_subtype(subtype)
        let owned = Owned(GMimeLibrary.cast(multipart, to: GMimeObject.self))
        for part in parts { add(part, to: owned) }
        return owned
    }

    private func add(_ part: Owned, to multipart: Owned) {
        g_mime_multipart_add(GMimeLibrary.cast(multipart.object, to: GMimeMultipart.self), part.object)
    }

    /// Our share of an object; those that were added to another have it from there too.
    private final class Owned {
        let object: UnsafeMutablePointer<GMimeObject>?
        init(_ object: UnsafeMutablePointer<GMimeObject>?) { self.object = object }
        deinit { g_object_unref(object) }
    }
}
