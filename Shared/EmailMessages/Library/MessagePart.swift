import CGMime

/// One part of a parsed message, borrowed from its `MessageTree`.
struct MessagePart {
    /// What the parser made of it.
    enum Kind {
        case multipart([MessagePart], preamble: String?)
        /// A message within the message.
        case message(Message?)
        /// Everything that has a content.
        case leaf
    }

    private let object: UnsafeMutablePointer<GMimeObject>
    private let options: ParserOptions

    fileprivate init(object: UnsafeMutablePointer<GMimeObject>, options: ParserOptions) {
        self.object = object
        self.options = options
    }

    /// The media type in lower case, such as `text/plain`.
    var type: String {
        guard let contentType = g_mime_object_get_content_type(object),
            let type = GMimeLibrary.taken(g_mime_content_type_get_mime_type(contentType))
        else { return "text/plain" }
        return type.lowercased()
    }

    /// A parameter of Content-Type, decoded.
    func parameter(_ name: String) -> String? {
        GMimeLibrary.borrowed(g_mime_object_get_content_type_parameter(object, name))
    }

    /// The disposition in lower case, when there is one.
    var disposition: String? { GMimeLibrary.borrowed(g_mime_object_get_disposition(object))?.lowercased() }

    /// The name of the file, of Content-Disposition or else of Content-Type; decoded.
    var fileName: String? {
        if let header = rawHeader("Content-Disposition").map(EncodedWords.Protected.init),
            let disposition = g_mime_content_disposition_parse(options.pointer, header.text)
        {
            defer { g_object_unref(disposition) }
            let name = g_mime_content_disposition_get_parameter(disposition, "filename")
            if let name = GMimeLibrary.borrowed(name) { return header.restored(name) }
        }
        guard let header = rawHeader("Content-Type").map(EncodedWords.Protected.init),
            let type = g_mime_content_type_parse(options.pointer, header.text)
        else { return nil }
        defer { g_object_unref(type) }
        return GMimeLibrary.borrowed(g_mime_content_type_get_parameter(type, "name")).map(header.restored)
    }

    /// A header of the part as it stands in the message.
    func rawHeader(_ name: String) -> [UInt8]? {
        guard let list = g_mime_object_get_header_list(object),
            let header = g_mime_header_list_get_header(list, name)
        else { return nil }
        return GMimeLibrary.bytes(g_mime_header_get_raw_value(header))
    }

    /// The Content-ID as it stands there.
    var contentId: String? { GMimeLibrary.borrowed(g_mime_object_get_content_id(object)) }

    /// The part's parts or message.
    var kind: Kind {
        if GMimeLibrary.isKind(object, g_mime_multipart_get_type()) {
            let multipart = GMimeLibrary.cast(object, to: GMimeMultipart.self)
            let parts = (0..<g_mime_multipart_get_count(multipart)).compactMap { index in
                g_mime_multipart_get_part(multipart, index).map { MessagePart(object: $0, options: options) }
            }
            return .multipart(parts, preamble: GMimeLibrary.borrowed(g_mime_multipart_get_prologue(multipart)))
        }
        if GMimeLibrary.isKind(object, g_mime_message_part_get_type()) {
            let message = g_mime_message_part_get_message(GMimeLibrary.cast(object, to: GMimeMessagePart.self))
            return .message(message.map { Message(pointer: $0, options: options) })
        }
        return .leaf
    }

    /// Gives the decoded content chunk by chunk; stops when `body` returns false.
    ///
    /// A message within the message and a multipart are given as they stand in the file.
    /// - Parameter folder: where temporary files go.
    func forEachChunk(
        in folder: String, _ body: (UnsafeRawBufferPointer) throws(EmailMessageError) -> Bool
    ) throws(EmailMessageError) {
        guard GMimeLibrary.isKind(object, g_mime_part_get_type()) else { return try forEachRawChunk(in: folder, body) }
        guard let content = g_mime_part_get_content(GMimeLibrary.cast(object, to: GMimePart.self)),
            let source = g_mime_data_wrapper_get_stream(content)
        else { return }
        let encoding = g_mime_data_wrapper_get_encoding(content)
        g_mime_stream_reset(source)
        let padded = g_mime_stream_cat_new()
        let padding = g_mime_stream_mem_new_with_buffer("===", encoding == GMIME_CONTENT_ENCODING_BASE64 ? 3 : 0)
        // base64 without its padding is common; a whole one is not changed by more of it
        g_mime_stream_cat_add_source(GMimeLibrary.cast(padded, to: GMimeStreamCat.self), source)
        g_mime_stream_cat_add_source(GMimeLibrary.cast(padded, to: GMimeStreamCat.self), padding)
        let decoded = g_mime_stream_filter_new(padded)
        defer {
            g_object_unref(decoded)
            g_object_unref(padded)
            g_object_unref(padding)
        }
        if [GMIME_CONTENT_ENCODING_BASE64, GMIME_CONTENT_ENCODING_QUOTEDPRINTABLE, GMIME_CONTENT_ENCODING_UUENCODE]
            .contains(encoding)
        {
            let filter = g_mime_filter_basic_new(encoding, 0)
            g_mime_stream_filter_add(GMimeLibrary.cast(decoded, to: GMimeStreamFilter.self), filter)
            g_object_unref(filter)
        }
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 65_536, alignment: 16)
        defer { buffer.deallocate() }
        while true {
            let count = g_mime_stream_read(
                decoded, buffer.baseAddress?.assumingMemoryBound(to: CChar.self), buffer.count)
            guard count > 0 else { return }
            guard try body(UnsafeRawBufferPointer(rebasing: buffer[..<count])) else { return }
        }
    }

    /// GMime writes what it did not change byte for byte; through a temporary file, so that no great one is in memory.
    private func forEachRawChunk(
        in folder: String, _ body: (UnsafeRawBufferPointer) throws(EmailMessageError) -> Bool
    ) throws(EmailMessageError) {
        var written = object
        if GMimeLibrary.isKind(object, g_mime_message_part_get_type()) {
            guard let message = g_mime_message_part_get_message(GMimeLibrary.cast(object, to: GMimeMessagePart.self)),
                let inner = GMimeLibrary.cast(message, to: GMimeObject.self)
            else { return }
            written = inner
        }
        let file = try TemporaryFile(in: folder)
        let stream = g_mime_stream_fs_new(try file.duplicate())
        let count = g_mime_object_write_to_stream(written, nil, stream)
        g_mime_stream_flush(stream)
        g_object_unref(stream)
        guard count >= 0 else { throw OutputFile.failure("write") }
        try file.forEachChunk(body)
    }
}

extension MessagePart {
    /// The headers and the content of a message.
    struct Message {
        private let pointer: UnsafeMutablePointer<GMimeMessage>
        private let options: ParserOptions

        init(pointer: UnsafeMutablePointer<GMimeMessage>, options: ParserOptions) {
            self.pointer = pointer
            self.options = options
        }

        /// The outermost part.
        var content: MessagePart? {
            g_mime_message_get_mime_part(pointer).map { MessagePart(object: $0, options: options) }
        }

        /// The headers in their order; names in lower case.
        func headers() -> MessageHeaders {
            var fields: [MessageHeaders.Field] = []
            if let list = g_mime_object_get_header_list(GMimeLibrary.cast(pointer, to: GMimeObject.self)) {
                for index in 0..<g_mime_header_list_get_count(list) {
                    guard let header = g_mime_header_list_get_header_at(list, index) else { continue }
                    let name = GMimeLibrary.borrowed(g_mime_header_get_name(header)) ?? ""
                    fields.append(MessageHeaders.Field(name: name.lowercased(), header: header))
                }
            }
            return MessageHeaders(fields: fields, options: options)
        }
    }
}
