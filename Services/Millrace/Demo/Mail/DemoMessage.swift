import Domain
import Foundation

/// A message as the demonstration's customers write it, without any of the code by which the email service reads and
/// writes messages: what is read in the end was written by somebody else.
package struct DemoMessage: Sendable, Hashable {
    /// Without angle brackets.
    package var messageId: String
    /// When it was written.
    package var date: Domain.Instant
    /// The author's name.
    package var name: String
    /// The author's address.
    package var from: String
    /// Whom it goes to.
    package var to: String
    /// What it is about.
    package var subject: String
    /// What it says; lines end in `\n`.
    package var text: String
    /// The message that it answers, without angle brackets.
    package var inReplyTo: String?
    /// The thread, oldest first, without angle brackets.
    package var references: [String] = []
    /// A text file to go along, with its name.
    package var attachment: (name: String, text: String)?

    /// A message that answers none and has nothing attached.
    package init(
        messageId: String, date: Domain.Instant, name: String, from: String, to: String, subject: String, text: String
    ) {
        self.messageId = messageId
        self.date = date
        self.name = name
        self.from = from
        self.to = to
        self.subject = subject
        self.text = text
    }

    /// The message in RFC 5322, 7-bit clean.
    package var bytes: [UInt8] {
        var head = [
            "Message-ID: <\(messageId)>", "Date: \(Self.date(date))", "From: \(Self.word(name)) <\(from)>",
            "To: <\(to)>", "Subject: \(Self.word(subject))", "MIME-Version: 1.0",
        ]
        if let inReplyTo { head.append("In-Reply-To: <\(inReplyTo)>") }
        if !references.isEmpty { head.append("References: " + references.map { "<\($0)>" }.joined(separator: "\r\n ")) }
        let plain = ["Content-Type: text/plain; charset=utf-8"]
        let lines: [String]
        if let attachment {
            let boundary = "=_\(messageId.prefix { $0 != "@" })"
            let file = [
                "Content-Type: text/plain; charset=utf-8; name=\"\(attachment.name)\"",
                "Content-Disposition: attachment; filename=\"\(attachment.name)\"",
            ]
            lines =
                head + ["Content-Type: multipart/mixed; boundary=\"\(boundary)\"", "", "--\(boundary)"]
                + Self.part(plain, text) + ["--\(boundary)"] + Self.part(file, attachment.text) + ["--\(boundary)--"]
        } else {
            lines = head + Self.part(plain, text)
        }
        return Array((lines.joined(separator: "\r\n") + "\r\n").utf8)
    }

    private static func part(_ head: [String], _ text: String) -> [String] {
        let encoded = Data(text.split(separator: "\n", omittingEmptySubsequences: false).joined(separator: "\r\n").utf8)
            .base64EncodedString(options: [.lineLength76Characters, .endLineWithCarriageReturn, .endLineWithLineFeed])
        return head + ["Content-Transfer-Encoding: base64", "", encoded]
    }

    /// A text in a header, as an encoded word (RFC 2047) where it has to be one.
    private static func word(_ text: String) -> String {
        let isPlain = text.utf8.allSatisfy { (0x20..<0x7F).contains($0) }
        return isPlain ? text : "=?utf-8?B?\(Data(text.utf8).base64EncodedString())?="
    }

    private static func date(_ instant: Domain.Instant) -> String {
        let formatter = DateFormatter()
        formatter.locale = Locale(identifier: "en_US_POSIX")
        formatter.timeZone = TimeZone(secondsFromGMT: 0)
        formatter.dateFormat = "EEE, d MMM yyyy HH:mm:ss Z"
        return formatter.string(from: Date(timeIntervalSince1970: Double(instant.milliseconds) / 1000))
    }

    package static func == (left: Self, right: Self) -> Bool { left.bytes == right.bytes }

    package func hash(into hasher: inout Hasher) { hasher.combine(bytes) }
}

/// What a customer sees of an answer: its head.
package struct DemoAnswerHead: Sendable, Hashable {
    /// Without angle brackets, as all ids here.
    package var messageId = ""
    /// The message that it answers.
    package var inReplyTo: String?
    /// The thread, oldest first.
    package var references: [String] = []
    /// Where an answer goes to: Reply-To, else From.
    package var replyTo = ""
    /// What it is about, as it stands there.
    package var subject = ""

    /// Reads the head of a message.
    package init(_ bytes: [UInt8]) {
        var fields: [String: String] = [:]
        // A line that begins with a blank goes on with the one before.
        let text = String(decoding: bytes, as: UTF8.self).replacing("\r\n ", with: " ").replacing("\r\n\t", with: " ")
        for line in text.split(separator: "\r\n", omittingEmptySubsequences: false) {
            guard !line.isEmpty else { break }
            guard let colon = line.firstIndex(of: ":") else { continue }
            fields[line[..<colon].lowercased()] = line[line.index(after: colon)...].trimmingBlanks
        }
        func ids(_ name: String) -> [String] {
            (fields[name] ?? "").split(whereSeparator: \.isWhitespace).map {
                String($0.drop { $0 == "<" }.prefix { $0 != ">" })
            }
        }
        messageId = ids("message-id").first ?? ""
        inReplyTo = ids("in-reply-to").first
        references = ids("references")
        subject = fields["subject"] ?? ""
        let address = fields["reply-to"] ?? fields["from"] ?? ""
        if let open = address.lastIndex(of: "<") {
            replyTo = String(address[address.index(after: open)...].prefix { $0 != ">" })
        } else {
            replyTo = address
        }
    }
}
