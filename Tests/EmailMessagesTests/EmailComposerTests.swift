import Domain
import EmailMessages
import Foundation
import Testing

/// Messages written by the composer and read back.
struct EmailComposerTests {
    private static func email() -> OutgoingEmail {
        OutgoingEmail(
            messageId: "out-1@millrace.example", date: Instant(milliseconds: 1_795_000_000_000),
            from: EmailAddress(name: "Support", address: "support@example.com"),
            to: [EmailAddress(name: "Jürgen Müller", address: "j@example.de")], subject: "Hello", text: "Hi there",
            mark: "tenant-1")
    }

    /// Writes and reads back; checks what holds of every message on the wire.
    @discardableResult
    private static func roundTrip(_ email: OutgoingEmail) throws -> (raw: [UInt8], read: ReadMessage) {
        let folder = try TestFolder()
        let file = try EmailComposer.composeBlocking(email, into: folder.path)
        let raw = [UInt8](try Data(contentsOf: URL(fileURLWithPath: "\(folder.path)/\(file.file)")))
        #expect(raw.count == file.size)
        var length = 0
        for (index, byte) in raw.enumerated() {
            if byte == 0 || byte >= 0x80 { Issue.record("byte \(byte) at \(index)") }
            if byte == 0x0A, index == 0 || raw[index - 1] != 0x0D { Issue.record("bare LF at \(index)") }
            if byte == 0x0D, index + 1 == raw.count || raw[index + 1] != 0x0A { Issue.record("bare CR at \(index)") }
            length = byte == 0x0A ? 0 : length + 1
            if length > 999 { Issue.record("line too long at \(index)") }
        }
        return (raw, try EmailMessagesTests.read(raw))
    }

    @Test func aPlainMessageComesBack() throws {
        var email = Self.email()
        email.cc = [EmailAddress(address: "c@example.com")]
        email.bcc = [EmailAddress(address: "secret@example.com")]
        email.replyTo = [EmailAddress(address: "support+abcdefgh23456722@example.com")]
        email.inReplyTo = "in-2@customer"
        email.references = ["in-1@customer", "in-2@customer"]
        email.automation = .autoReplied
        let (raw, read) = try Self.roundTrip(email)
        let message = read.message
        #expect(message.messageId == email.messageId)
        #expect(message.date?.milliseconds == email.date.milliseconds)
        #expect(message.from == email.from)
        #expect(message.to == email.to)
        #expect(message.cc == email.cc)
        #expect(message.replyTo == email.replyTo)
        #expect(message.inReplyTo == ["in-2@customer"])
        #expect(message.references == email.references)
        #expect(message.marks == ["tenant-1"])
        #expect(message.automatic == .autoSubmitted)
        #expect(message.text == "Hi there")
        email.writesBcc = true
        let named = try Self.roundTrip(email).raw
        #expect(String(decoding: named, as: UTF8.self).contains("Bcc: secret@example.com\r\n"))
        let text = String(decoding: raw, as: UTF8.self)
        #expect(!text.contains("secret@example.com"))
        #expect(text.contains("Auto-Submitted: auto-replied\r\n"))
        #expect(text.contains("MIME-Version: 1.0\r\n"))
        #expect(email.recipients == ["j@example.de", "c@example.com", "secret@example.com"])
    }

    @Test func htmlPicturesAndFilesComeBack() throws {
        let folder = try TestFolder()
        let bytes = (0..<10_000).map { UInt8(truncatingIfNeeded: $0 &* 31) } + [13, 10, 13, 10, 10, 0, 13]
        let path = try folder.write(bytes, name: "content")
        var email = Self.email()
        email.html = "<p>Grüße <img src=\"cid:logo@x\"></p>"
        email.attachments = [
            OutgoingEmail.Attachment(name: "Übersicht 日本.pdf", type: "application/pdf", path: path),
            OutgoingEmail.Attachment(name: "logo.png", type: "image/png", path: path, contentId: "logo@x"),
            OutgoingEmail.Attachment(name: "notes.txt", type: "text/plain", path: path),
        ]
        let (raw, read) = try Self.roundTrip(email)
        #expect(read.message.text == "Hi there")
        #expect(read.html.contains("Grüße"))
        #expect(Set(read.message.attachments.map(\.name)) == ["Übersicht 日本.pdf", "logo.png", "notes.txt"])
        #expect(read.attachments.allSatisfy { $0 == bytes })
        #expect(read.message.attachments.first { $0.contentId == "logo@x" }?.isInline == true)
        let text = String(decoding: raw, as: UTF8.self)
        for type in ["multipart/mixed", "multipart/alternative", "multipart/related", "filename*="] {
            #expect(text.contains(type))
        }
    }

    @Test func aForwardedMessageStaysOne() throws {
        let folder = try TestFolder()
        let plain = try folder.write(latin("Subject: old\nFrom: a@b.c\n\nold text\n"), name: "plain")
        let eightBit = try folder.write(Array("Subject: Größe\r\n\r\nGrüße\r\n".utf8), name: "8bit")
        var email = Self.email()
        email.attachments = [
            OutgoingEmail.Attachment(name: "old.eml", type: "message/rfc822", path: plain),
            OutgoingEmail.Attachment(name: "8bit.eml", type: "message/rfc822", path: eightBit),
        ]
        let read = try Self.roundTrip(email).read
        #expect(read.message.attachments.map(\.kind) == [.message, .file])
        #expect(read.attachment(0).contains("old text"))
        #expect(read.attachment(1) == "Subject: Größe\r\n\r\nGrüße\r\n")
    }

    @Test(arguments: [
        "line\r\nBcc: evil@x.y", "a\rb", "a\nb", "\u{0}", "\u{2028}x", "=?utf-8?q?x?=",
        String(repeating: "long ", count: 400),
        String(repeating: "日本語", count: 300), " leading and trailing ", "tab\there", "emoji 👩‍👩‍👧‍👦", "", "a\u{85}b",
        "\"quotes\" <x@y>",
    ])
    func noValueMakesAHeader(_ value: String) throws {
        var email = Self.email()
        email.subject = value
        email.from.name = value
        email.text = value
        email.html = value
        let (raw, read) = try Self.roundTrip(email)
        let head = String(decoding: raw, as: UTF8.self).components(separatedBy: "\r\n\r\n")[0]
        let names = head.components(separatedBy: "\r\n").filter { !$0.hasPrefix(" ") && !$0.hasPrefix("\t") }
            .map { $0.prefix { $0 != ":" }.lowercased() }
        #expect(
            Set(names).isSubset(of: [
                "date", "from", "to", "subject", "message-id", "x-millrace-mark", "mime-version", "content-type",
            ]))
        #expect(Set(names).count == names.count)
        #expect(read.message.to == email.to)
        #expect(read.message.messageId == email.messageId)
    }

    @Test func whatCannotBeWrittenIsRefused() throws {
        let changes: [(inout OutgoingEmail) -> Void] = [
            { $0.to = [] }, { $0.to = [EmailAddress(address: "no address")] },
            { $0.from = EmailAddress(address: "a@b.c\r\nBcc: d@e.f") },
            { $0.cc = [EmailAddress(address: "jürgen@x.de")] },
            { $0.messageId = "a b" }, { $0.messageId = "" }, { $0.messageId = "a>\r\nX: y" },
            { $0.references = ["ok@x", "<bad@x>"] }, { $0.inReplyTo = "é@x" }, { $0.mark = "a\r\nb" },
            { $0.attachments = [OutgoingEmail.Attachment(name: "n", type: "a/b\r\nX: y", path: "/dev/null")] },
            { $0.attachments = [OutgoingEmail.Attachment(name: "n", type: "multipart/mixed", path: "/dev/null")] },
            {
                $0.attachments = [OutgoingEmail.Attachment(name: "n", type: "a/b", path: "/dev/null", contentId: "a b")]
            },
        ]
        for (index, change) in changes.enumerated() {
            var email = Self.email()
            change(&email)
            let folder = try TestFolder()
            let error = #expect(throws: EmailMessageError.self, "change \(index)") {
                try EmailComposer.composeBlocking(email, into: folder.path)
            }
            #expect(error?.code == .invalidValue)
        }
        var missing = Self.email()
        missing.attachments = [OutgoingEmail.Attachment(name: "n", type: "a/b", path: "/nowhere/at/all")]
        let folder = try TestFolder()
        let error = #expect(throws: EmailMessageError.self) {
            try EmailComposer.composeBlocking(missing, into: folder.path)
        }
        #expect(error?.code == .file)
    }

    @Test func whatOthersWroteAndCannotBeWrittenIsLeftOut() throws {
        let long = String(repeating: "x", count: 950) + "@customer"
        var email = Self.email()
        email.inReplyTo = "é@customer"
        email.references = ["in-1@customer", long, "é@customer"]
        let folder = try TestFolder()
        let path = "\(folder.path)/file"
        try Data("figures".utf8).write(to: URL(fileURLWithPath: path))
        email.attachments = [
            .init(name: "a", type: "image/png", path: path, contentId: "pic one"),
            .init(name: "b", type: "text", path: path, contentId: "ok@customer"),
        ]
        #expect(throws: EmailMessageError.self) { try email.check() }
        email.leaveOutForeign()
        #expect(email.inReplyTo == nil && email.references == ["in-1@customer"])
        #expect(email.attachments.map(\.contentId) == [nil, "ok@customer"])
        #expect(email.attachments.map(\.type) == ["image/png", "application/octet-stream"])
        let message = try Self.roundTrip(email).read.message
        #expect(message.references == ["in-1@customer"] && message.attachments.count == 2)
    }

    @Test(arguments: 1...6) func whatIsWrittenIsReadBack(_ seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        for _ in 0..<60 {
            func words(_ count: Int) -> String {
                let alphabet = Array("abc XYZ 0189 äöüß éè 日本語 عربى 😀 \"'<>&;:,.@()[]\\/=?_-+*%$#!~`|")
                return String((0..<count).map { _ in alphabet.randomElement(using: &generator) ?? "x" })
            }
            var email = Self.email()
            email.subject = words(Int.random(in: 0...200, using: &generator))
            email.from.name = words(Int.random(in: 1...60, using: &generator))
            email.text = (0..<Int.random(in: 1...30, using: &generator)).map { _ in
                words(Int.random(in: 0...300, using: &generator))
            }.joined(separator: "\n")
            email.references = (0..<Int.random(in: 0...40, using: &generator)).map { "id-\($0)-\(seed)@host.example" }
            let read = try Self.roundTrip(email).read
            func folded(_ text: String) -> String { text.split(separator: " ").joined(separator: " ") }
            #expect(folded(read.message.subject ?? "") == folded(email.subject))
            #expect(folded(read.message.from?.name ?? "") == folded(email.from.name ?? ""))
            #expect(read.message.references == email.references)
            func lines(_ text: String) -> [String] {
                text.components(separatedBy: "\n").map { $0.trimmingCharacters(in: .whitespaces) }
            }
            #expect(lines(read.message.text) == lines(email.text.trimmingCharacters(in: .whitespacesAndNewlines)))
        }
    }

    @Test func aGreatAttachmentIsStreamed() async {
        await #expect(processExitsWith: .success) {
            let folder = try TestFolder()
            let path = "\(folder.path)/great"
            _ = FileManager.default.createFile(atPath: path, contents: nil)
            let file = try #require(FileHandle(forWritingAtPath: path))
            let block = Data((0..<1_000_000).map { UInt8(truncatingIfNeeded: $0) })
            for _ in 0..<36 { try file.write(contentsOf: block) }
            try file.close()
            var email = EmailComposerTests.email()
            email.attachments = [OutgoingEmail.Attachment(name: "great.bin", type: "application/x", path: path)]
            try Data("5".utf8).write(to: URL(fileURLWithPath: "/proc/self/clear_refs"))
            let before = try memory("VmRSS")
            let written = try EmailComposer.composeBlocking(email, into: folder.path)
            let peak = try memory("VmHWM")
            #expect(written.size > 48_000_000)
            #expect(peak - before < 24_000, "writing 50 MB took \(peak - before) kB")
        }
    }
}
