extension ImapResponse {
    /// Understands a line.
    /// - Throws: ``EmailAccessError/Code/protocolViolation``.
    package init(_ line: ImapLine) throws(EmailAccessError) {
        let text = line.text
        guard let space = text.firstIndex(of: UInt8(ascii: " ")) ?? (text.first == UInt8(ascii: "+") ? text.count : nil)
        else { throw ImapValueReader.malformed }
        let first = String(decoding: text[..<space], as: UTF8.self)
        let rest = min(space + 1, text.count)
        switch first {
        case "+": self = .continuation(String(decoding: text[rest...], as: UTF8.self))
        case "*": self = try Self.untagged(line, from: rest)
        default:
            guard let status = try ImapStatus(text[rest...]) else { throw ImapValueReader.malformed }
            self = .tagged(first, status)
        }
    }

    private static func untagged(_ line: ImapLine, from begin: Int) throws(EmailAccessError) -> ImapResponse {
        if let status = try ImapStatus(line.text[begin...]) { return .status(status) }
        var reader = ImapValueReader(line, from: begin)
        guard let word = try reader.next()?.text else { throw ImapValueReader.malformed }
        if let number = Int(word) { return try numbered(number, &reader) }
        switch word.uppercased() {
        case "CAPABILITY": return .capability(try reader.rest().compactMap { $0.text?.uppercased() })
        case "SEARCH":
            return .search(try reader.rest().compactMap(\.number).compactMap { UInt32(exactly: $0) }.map { $0...$0 })
        case "ESEARCH": return try extendedSearch(&reader)
        case "LIST": return try list(&reader)
        case "STATUS":
            guard let name = try reader.next()?.text, let pairs = try reader.next()?.elements else { return .other }
            var values: [String: UInt64] = [:]
            for index in stride(from: 0, to: pairs.count - 1, by: 2) {
                if let key = pairs[index].text, let value = pairs[index + 1].number { values[key.uppercased()] = value }
            }
            return .folderStatus(name: MailboxName.decoded(name), values: values)
        default: return .other
        }
    }

    private static func numbered(
        _ number: Int, _ reader: inout ImapValueReader
    ) throws(EmailAccessError) -> ImapResponse {
        switch try reader.next()?.text?.uppercased() {
        case "EXISTS": return .exists(number)
        case "EXPUNGE": return .expunge(number)
        case "FETCH":
            guard let items = try reader.next()?.elements else { throw ImapValueReader.malformed }
            return .fetch(ImapFetch(sequence: number, items: items))
        default: return .other
        }
    }

    /// RFC 4731: `(TAG "a1") UID ALL 1:3,5`.
    private static func extendedSearch(_ reader: inout ImapValueReader) throws(EmailAccessError) -> ImapResponse {
        let values = try reader.rest()
        guard let index = values.firstIndex(where: { $0.text?.uppercased() == "ALL" }), index + 1 < values.count,
            let text = values[index + 1].text
        else { return .search([]) }
        guard let set = UIDSet(text) else { throw ImapValueReader.malformed }
        return .search(set.ranges)
    }

    private static func list(_ reader: inout ImapValueReader) throws(EmailAccessError) -> ImapResponse {
        guard let attributes = try reader.next()?.elements, let delimiter = try reader.next(),
            let name = try reader.next()?.text
        else { throw ImapValueReader.malformed }
        return .list(
            ImapFolder(
                name: MailboxName.decoded(name), delimiter: delimiter.text, attributes: attributes.compactMap(\.text)))
    }
}

extension ImapStatus {
    /// From `OK [CODE …] text`; nil when the text begins with another word.
    init?(_ bytes: ArraySlice<UInt8>) throws(EmailAccessError) {
        let wordEnd = bytes.firstIndex(of: UInt8(ascii: " ")) ?? bytes.endIndex
        let word = String(decoding: bytes[..<wordEnd], as: UTF8.self).uppercased()
        guard let kind = Kind(rawValue: word) else { return nil }
        self.kind = kind
        var rest = bytes[wordEnd...].drop { $0 == UInt8(ascii: " ") }
        if rest.first == UInt8(ascii: "["), let end = rest.firstIndex(of: UInt8(ascii: "]")) {
            var reader = ImapValueReader(ImapLine(text: Array(rest[(rest.startIndex + 1)..<end])))
            code = try reader.next()?.text?.uppercased()
            // Codes are advice: one that cannot be read is passed over.
            arguments = (try? reader.rest()) ?? []
            rest = rest[(end + 1)...].drop { $0 == UInt8(ascii: " ") }
        }
        text = String(decoding: rest.map { $0 == 0 ? UInt8(ascii: "?") : $0 }, as: UTF8.self)
    }
}

extension ImapFetch {
    init(sequence: Int, items: [ImapValue]) {
        self.init(sequence: sequence)
        var index = 0
        while index + 1 < items.count {
            let value = items[index + 1]
            switch items[index].text?.uppercased() ?? "" {
            case "UID": uid = value.number.flatMap { UInt32(exactly: $0) }
            case "RFC822.SIZE": size = value.number.flatMap { Int(exactly: $0) }
            case "INTERNALDATE": internalDate = value.text.flatMap(InternalDate.milliseconds)
            case "FLAGS": flags = value.elements?.compactMap(\.text)
            case let name where name.hasPrefix("BODY[") || name == "RFC822" || name.hasPrefix("BINARY["):
                section = value
            default: break
            }
            index += 2
        }
    }
}
