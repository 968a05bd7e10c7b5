import CLibXML2

/// libxml2's HTML parser as a source of events.
enum HTMLEvents {
    private static let isStarted: Bool = {
        xmlInitParser()
        return true
    }()

    /// Parses the markup and tells the writer what it meets. Nothing is fetched, nothing printed.
    static func parse(_ html: String, into writer: HTMLWriter) {
        precondition(isStarted)
        var handler = xmlSAXHandler()
        handler.startElement = beginElement
        handler.endElement = endElement
        handler.characters = takeCharacters
        handler.ignorableWhitespace = takeCharacters
        let session = Session(writer: writer)
        let retained = Unmanaged.passRetained(session)
        defer { retained.release() }
        // the markup is UTF-8 already, whatever it says about itself
        guard
            let context = htmlCreatePushParserCtxt(
                &handler, retained.toOpaque(), nil, 0, nil, XML_CHAR_ENCODING_UTF8)
        else { return }
        defer { htmlFreeParserCtxt(context) }
        htmlCtxtUseOptions(
            context,
            Int32(
                HTML_PARSE_RECOVER.rawValue | HTML_PARSE_NOERROR.rawValue | HTML_PARSE_NOWARNING.rawValue
                    | HTML_PARSE_NONET.rawValue | HTML_PARSE_IGNORE_ENC.rawValue))
        let bytes = withoutEndOfDocument(html)
        bytes.withUnsafeBufferPointer { bytes in
            var rest = bytes[...]
            while !rest.isEmpty, !writer.isHopeless {
                let chunk = UnsafeBufferPointer(rebasing: rest.prefix(32_768))
                chunk.withMemoryRebound(to: CChar.self) { characters in
                    _ = htmlParseChunk(context, characters.baseAddress, Int32(characters.count), 0)
                }
                rest = rest.dropFirst(chunk.count)
            }
        }
        if !writer.isHopeless { htmlParseChunk(context, nil, 0, 1) }
    }

    /// The markup with `</body>` and `</html>` made ends of nothing: the parser would stop there, and lists append their
    /// footers behind.
    private static func withoutEndOfDocument(_ html: String) -> [UInt8] {
        var bytes = Array(html.utf8)
        var index = 0
        while index + 6 <= bytes.count {
            defer { index += 1 }
            guard bytes[index] == UInt8(ascii: "<"), bytes[index + 1] == UInt8(ascii: "/") else { continue }
            let name = bytes[(index + 2)..<(index + 6)].map { $0 | 0x20 }
            if name.elementsEqual("body".utf8) || name.elementsEqual("html".utf8) {
                bytes[index + 2] = UInt8(ascii: "x")
            }
        }
        return bytes
    }

    fileprivate final class Session {
        let writer: HTMLWriter
        init(writer: HTMLWriter) { self.writer = writer }
    }
}

private func writer(_ session: UnsafeMutableRawPointer?) -> HTMLWriter? {
    session.map { Unmanaged<HTMLEvents.Session>.fromOpaque($0).takeUnretainedValue().writer }
}

private func beginElement(
    _ session: UnsafeMutableRawPointer?, _ name: UnsafePointer<xmlChar>?,
    _ attributes: UnsafeMutablePointer<UnsafePointer<xmlChar>?>?
) {
    guard let writer = writer(session), let name, !writer.isHopeless else { return }
    var list: [(name: String, value: String)] = []
    if var next = attributes {
        while let attribute = next[0] {
            list.append((String(cString: attribute).lowercased(), next[1].map { String(cString: $0) } ?? ""))
            next += 2
        }
    }
    writer.begin(String(cString: name).lowercased(), list)
}

private func endElement(_ session: UnsafeMutableRawPointer?, _ name: UnsafePointer<xmlChar>?) {
    guard let writer = writer(session), let name, !writer.isHopeless else { return }
    writer.end(String(cString: name).lowercased())
}

private func takeCharacters(
    _ session: UnsafeMutableRawPointer?, _ characters: UnsafePointer<xmlChar>?, _ count: Int32
) {
    guard let writer = writer(session), let characters, count > 0, !writer.isHopeless else { return }
    writer.characters(String(decoding: UnsafeBufferPointer(start: characters, count: Int(count)), as: UTF8.self))
}
