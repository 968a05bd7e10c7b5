import CGMime
import Glibc

/// A message as GMime parsed it: a tree of parts whose contents are still in the file.
///
/// The tree and everything taken from it stay on the thread that made it. Its end releases it.
struct MessageTree: ~Copyable {
    private let message: UnsafeMutablePointer<GMimeMessage>
    private let options: ParserOptions
    /// What was wrong before the parser saw it.
    let problems: [EmailProblem]

    /// Parses the file.
    ///
    /// The parser reads its own descriptor, which the streams of the parts share and close with the last of them.
    init(path: String, limits: EmailReadingLimits) throws(EmailMessageError) {
        let options = ParserOptions()
        (message, problems) = try Self.parse(path: path, limits: limits, options: options)
        self.options = options
    }

    deinit { g_object_unref(message) }

    /// Walks the message; nothing of it may be kept beyond the closure.
    borrowing func withMessage<Value>(
        _ body: (MessagePart.Message) throws(EmailMessageError) -> Value
    ) throws(EmailMessageError) -> Value {
        try body(MessagePart.Message(pointer: message, options: options))
    }

    private static func parse(
        path: String, limits: EmailReadingLimits, options: ParserOptions
    ) throws(EmailMessageError) -> (UnsafeMutablePointer<GMimeMessage>, [EmailProblem]) {
        GMimeLibrary.start()
        let file = try InputFile(path: path)
        let block = try HeaderBlock(limits: limits) { offset, count throws(EmailMessageError) in
            try file.read(at: offset, count: count)
        }
        var problems = block.problems
        let (end, isCut) = try Self.end(of: file, block, limits: limits)
        if isCut { problems.append(.tooManyParts) }

        let descriptor = dup(file.descriptor)
        guard descriptor >= 0 else { throw OutputFile.failure("open") }
        let body = g_mime_stream_fs_new_with_bounds(descriptor, gint64(block.bodyOffset), gint64(end))
        let headers = block.bytes.withUnsafeBytes { bytes in
            g_mime_stream_mem_new_with_buffer(bytes.baseAddress?.assumingMemoryBound(to: CChar.self), bytes.count)
        }
        let whole = g_mime_stream_cat_new()
        defer {
            g_object_unref(body)
            g_object_unref(headers)
            g_object_unref(whole)
        }
        let joined = GMimeLibrary.cast(whole, to: GMimeStreamCat.self)
        g_mime_stream_cat_add_source(joined, headers)
        g_mime_stream_cat_add_source(joined, body)
        let parser = g_mime_parser_new_with_stream(whole)
        defer { g_object_unref(parser) }
        g_mime_parser_set_persist_stream(parser, 1)
        guard let parsed = g_mime_parser_construct_message(parser, options.pointer) else {
            throw EmailMessageError(.unreadable, "The bytes are not a message that the parser can take.")
        }
        return (parsed, problems)
    }

    private static func end(
        of file: borrowing InputFile, _ block: HeaderBlock, limits: EmailReadingLimits
    ) throws(EmailMessageError) -> (end: Int, isCut: Bool) {
        let start = block.bodyOffset
        var limit = PartLimit(limit: limits.parts * 8, boundary: block.boundary)
        var offset = start
        while true {
            let bytes = try file.read(at: offset, count: 65_536)
            if bytes.isEmpty { return (start + limit.end(of: offset - start, keeping: limits.text * 4), false) }
            if let end = limit.take(bytes) { return (start + end, true) }
            offset += bytes.count
        }
    }
}

/// How the parser reads: tolerant, and with the charsets that unlabelled 8-bit headers are most likely in.
final class ParserOptions {
    let pointer: OpaquePointer

    init() {
        pointer = g_mime_parser_options_new()
        g_mime_parser_options_set_rfc2047_compliance_mode(pointer, GMIME_RFC_COMPLIANCE_LOOSE)
        g_mime_parser_options_set_parameter_compliance_mode(pointer, GMIME_RFC_COMPLIANCE_LOOSE)
        g_mime_parser_options_set_address_compliance_mode(pointer, GMIME_RFC_COMPLIANCE_LOOSE)
        g_mime_parser_options_set_allow_addresses_without_domain(pointer, 1)
        "utf-8".withCString { utf8 in
            "windows-1252".withCString { western in
                var charsets: [UnsafePointer<CChar>?] = [utf8, western, nil]
                // copied by the call
                charsets.withUnsafeMutableBufferPointer { list in
                    g_mime_parser_options_set_fallback_charsets(pointer, list.baseAddress)
                }
            }
        }
    }

    deinit { g_mime_parser_options_free(pointer) }
}

/// What the other bridge files need of GMime and GObject.
enum GMimeLibrary {
    private static let isStarted: Bool = {
        g_mime_init()
        return true
    }()

    /// Prepares the library once for the process; it is never shut down, threads may still hold objects.
    static func start() { precondition(isStarted) }

    /// A GObject seen as another class of its line; the macros that do this in C are not imported.
    static func cast<From, To>(_ object: UnsafeMutablePointer<From>?, to type: To.Type) -> UnsafeMutablePointer<To>? {
        UnsafeMutableRawPointer(object)?.assumingMemoryBound(to: type)
    }

    /// Whether the object is of that class.
    static func isKind<Object>(_ object: UnsafeMutablePointer<Object>, _ type: GType) -> Bool {
        g_type_check_instance_is_a(
            UnsafeMutableRawPointer(object).assumingMemoryBound(to: GTypeInstance.self), type) != 0
    }

    /// A string that the library allocated for us, released here.
    static func taken(_ text: UnsafeMutablePointer<CChar>?) -> String? {
        guard let text else { return nil }
        defer { g_free(text) }
        return String(cString: text)
    }

    /// The bytes of a string that the library keeps.
    static func bytes(_ text: UnsafePointer<CChar>?) -> [UInt8] {
        guard let text else { return [] }
        let start = UnsafeRawPointer(text)
        return Array(UnsafeRawBufferPointer(start: start, count: strlen(text)))
    }

    /// A string that the library keeps.
    static func borrowed(_ text: UnsafePointer<CChar>?) -> String? { text.map { String(cString: $0) } }
}
