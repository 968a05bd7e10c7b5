import Domain
import Foundation
import Testing
import millrace

@Suite struct DemoMessageTests {
    private var message = DemoMessage(
        messageId: "1.c@example.test", date: Instant(milliseconds: 1_800_000_000_000), name: "Ann",
        from: "ann@example.test",
        to: "support@example.test", subject: "Pump", text: "Grüße\n.\nend")

    private func lines() -> [String] {
        String(decoding: message.bytes, as: UTF8.self).components(separatedBy: "\r\n")
    }

    @Test func aMessageIsSevenBitAndSaysWhatItIs() {
        let lines = lines()
        #expect(message.bytes.allSatisfy { $0 < 128 })
        #expect(
            lines.prefix(6) == [
                "Message-ID: <1.c@example.test>", "Date: Fri, 15 Jan 2027 08:00:00 +0000",
                "From: Ann <ann@example.test>",
                "To: <support@example.test>", "Subject: Pump", "MIME-Version: 1.0",
            ])
        let text = lines.drop { !$0.isEmpty }.joined()
        #expect(Data(base64Encoded: text).map { String(decoding: $0, as: UTF8.self) } == "Grüße\r\n.\r\nend")
    }

    @Test mutating func whatIsBeyondASCIIBecomesAnEncodedWord() {
        (message.name, message.subject) = ("Zoë", "Störung")
        #expect(lines()[2] == "From: =?utf-8?B?Wm/Dqw==?= <ann@example.test>")
        #expect(lines()[4] == "Subject: =?utf-8?B?U3TDtnJ1bmc=?=")
    }

    @Test mutating func anAttachmentIsAPartOfItsOwn() {
        message.attachment = ("log.txt", "one\ntwo")
        let lines = lines()
        #expect(lines.count { $0 == "--=_1.c" } == 2)
        #expect(lines.contains("--=_1.c--"))
        #expect(lines.contains("Content-Disposition: attachment; filename=\"log.txt\""))
        #expect(lines.contains(Data("one\r\ntwo".utf8).base64EncodedString()))
    }

    @Test mutating func aThreadIsReadAsItIsWritten() {
        message.inReplyTo = "2@example.test"
        message.references = ["1@example.test", "2@example.test"]
        let head = DemoAnswerHead(message.bytes)
        #expect(head.messageId == "1.c@example.test")
        #expect(head.inReplyTo == "2@example.test")
        #expect(head.references == ["1@example.test", "2@example.test"])
        #expect(head.replyTo == "ann@example.test")
    }

    @Test func theAddressForAnswersIsTheOneThatIsNamed() {
        let head = DemoAnswerHead(
            Array(
                "from: S <s@example.test>\r\nReply-To:\r\n S <s+abc@example.test>\r\nSubject: Re: x\r\n\r\nTo: body"
                    .utf8))
        #expect(head.replyTo == "s+abc@example.test")
        #expect(head.subject == "Re: x")
        #expect(head.messageId == "" && head.inReplyTo == nil)
    }

    @Test func conversationsAreTheSameForTheSameSeed() {
        func made(_ seed: UInt64, count: Int = 60) -> [DemoConversation] {
            DemoConversation.make(count: count, seconds: 90, customers: 3, mailboxes: 2, seed: seed)
        }
        let conversations = made(1)
        #expect(conversations == made(1))
        #expect(conversations != made(2))
        #expect(conversations.map(\.number) == Array(1...60))
        #expect(conversations.map(\.arrival) == conversations.map(\.arrival).sorted())
        #expect(conversations.allSatisfy { (0..<90).contains($0.arrival) })
        #expect(conversations.contains { $0.attachedLines > 0 } && conversations.contains { $0.attachedLines == 0 })
        #expect(conversations.contains { $0.replies > 0 } && conversations.contains { $0.addition != nil })
        // Even a few reach everybody.
        let few = made(1, count: 6)
        #expect(Set(few.map(\.customer)) == [0, 1, 2])
        #expect(Set(few.map(\.mailbox)) == [0, 1])
    }
}
