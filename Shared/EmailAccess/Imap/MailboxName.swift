import Foundation

/// Folder names on the wire: modified UTF-7 (RFC 3501 5.1.3), quoted.
package enum MailboxName {
    /// As it is sent, quotes included.
    static func quoted(_ name: String) throws(EmailAccessError) -> String { try ImapString.quoted(encoded(name)) }

    /// Modified UTF-7 of a name.
    package static func encoded(_ name: String) -> String {
        var result = ""
        var pending: [UInt16] = []
        func flush() {
            guard !pending.isEmpty else { return }
            let bytes = pending.flatMap { [UInt8($0 >> 8), UInt8($0 & 255)] }
            let text = Data(bytes).base64EncodedString().replacing("/", with: ",").replacing("=", with: "")
            result += "&\(text)-"
            pending = []
        }
        for scalar in name.unicodeScalars {
            if (0x20...0x7e).contains(scalar.value) {
                flush()
                result += scalar == "&" ? "&-" : String(scalar)
            } else {
                pending += Array(String(scalar).utf16)
            }
        }
        flush()
        return result
    }

    /// The name; what is not modified UTF-7 stays as it is (servers that send UTF-8).
    package static func decoded(_ name: String) -> String {
        guard name.contains("&") else { return name }
        var result = ""
        var rest = name[...]
        while let begin = rest.firstIndex(of: "&") {
            result += rest[..<begin]
            guard let end = rest[begin...].firstIndex(of: "-") else { return name }
            let inner = rest[rest.index(after: begin)..<end]
            if inner.isEmpty {
                result += "&"
            } else {
                var text = inner.replacing(",", with: "/")
                text += String(repeating: "=", count: (4 - text.count % 4) % 4)
                guard let data = Data(base64Encoded: String(text)), data.count % 2 == 0 else { return name }
                let units = stride(from: 0, to: data.count, by: 2).map { UInt16(data[$0]) << 8 | UInt16(data[$0 + 1]) }
                result += String(decoding: units, as: UTF16.self)
            }
            rest = rest[rest.index(after: end)...]
        }
        return result + rest
    }
}

/// Strings of commands.
package enum ImapString {
    /// In quotes.
    /// - Throws: ``EmailAccessError/Code/invalidConfiguration`` when the text cannot stand in quotes.
    package static func quoted(_ text: String) throws(EmailAccessError) -> String {
        guard text.utf8.allSatisfy({ (0x20...0x7e).contains($0) }) else {
            throw EmailAccessError(
                .invalidConfiguration, "A name or search text holds characters that IMAP cannot quote.")
        }
        return "\"\(text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\""))\""
    }
}
