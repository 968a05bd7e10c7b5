/// A reply of an SMTP server (RFC 5321 4.2).
package struct SmtpReply: Sendable, Equatable {
    /// Three digits.
    package var code: Int
    /// The lines without their codes.
    package var lines: [String]

    /// Code and text, for people.
    package var text: String { String("\(code) \(lines.joined(separator: " "))".prefix(500)) }

    var isPositive: Bool { (200..<400).contains(code) }
}

/// Cuts an SMTP server's bytes into replies. A pure state machine.
package struct SmtpReplyReader: Sendable {
    /// Nothing has arrived yet.
    package init() {}

    /// Takes bytes that arrived.
    package mutating func append(_ new: some Sequence<UInt8>) { bytes.append(contentsOf: new) }

    private var bytes: [UInt8] = []
    private var lines: [String] = []
    private var size = 0

    /// Lets `append` put bytes that arrived at the end.
    mutating func fill<Result>(
        _ append: (inout [UInt8]) throws(EmailAccessError) -> Result
    ) throws(EmailAccessError) -> Result {
        try append(&bytes)
    }

    /// The next whole reply; nil until more bytes arrive.
    /// - Throws: ``EmailAccessError/Code/protocolViolation``.
    package mutating func next() throws(EmailAccessError) -> SmtpReply? {
        while let end = bytes.firstIndex(of: 10) {
            var line = bytes[..<end]
            if line.last == 13 { line = line.dropLast() }
            let text = String(decoding: line, as: UTF8.self)
            size += line.count
            bytes.removeFirst(end + 1)
            guard let code = Int(text.prefix(3)), (200..<600).contains(code), size <= 65536 else {
                throw Self.malformed
            }
            let mark = text.dropFirst(3).first
            guard mark == nil || mark == " " || mark == "-" else { throw Self.malformed }
            lines.append(String(text.dropFirst(4)))
            if mark != "-" {
                defer {
                    lines = []
                    size = 0
                }
                return SmtpReply(code: code, lines: lines)
            }
        }
        guard bytes.count <= 65536 else { throw Self.malformed }
        return nil
    }

    private static let malformed = EmailAccessError(.protocolViolation, "The mail server sent a line that is not SMTP.")
}
