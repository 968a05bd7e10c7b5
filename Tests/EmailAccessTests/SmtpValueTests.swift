import EmailAccess
import Testing

@Suite struct SmtpValueTests {
    @Test func repliesOfSeveralLinesInAnyPieces() throws {
        let bytes = Array("250-here\r\n250-SIZE 5\r\n250 HELP\r\n354\r\n421 bye\r\n".utf8)
        for size in [1, 3, 100] {
            var reader = SmtpReplyReader()
            var found: [SmtpReply] = []
            for begin in stride(from: 0, to: bytes.count, by: size) {
                reader.append(bytes[begin..<min(bytes.count, begin + size)])
                while let reply = try reader.next() { found.append(reply) }
            }
            #expect(found.map(\.code) == [250, 354, 421])
            #expect(found[0].lines == ["here", "SIZE 5", "HELP"])
        }
    }

    @Test(arguments: ["hello\r\n", "999 x\r\n", "250x y\r\n", "\r\n"])
    func whatIsNoReplyIsRefused(text: String) {
        var reader = SmtpReplyReader()
        reader.append(text.utf8)
        #expect(throws: EmailAccessError.self) { try reader.next() }
    }

    @Test(arguments: [
        ("", ".\r\n"), ("a", "a\r\n.\r\n"), ("a\r\n", "a\r\n.\r\n"), (".\r\n", "..\r\n.\r\n"),
        ("a\n.b\n", "a\r\n..b\r\n.\r\n"),
        ("a\r\n.\r\nb", "a\r\n..\r\nb\r\n.\r\n"), ("a\rb", "a\r\nb\r\n.\r\n"), ("a\r", "a\r\n.\r\n"),
        ("a.b\r\n..c", "a.b\r\n...c\r\n.\r\n"),
        ("\r\r\n", "\r\n\r\n.\r\n"), ("\r.", "\r\n..\r\n.\r\n"),
    ])
    func messagesEndOnlyAtTheirEnd(text: String, expected: String) {
        for size in [1, 2, 100] {
            var stuffing = DotStuffing()
            var sent: [UInt8] = []
            let bytes = Array(text.utf8)
            for begin in stride(from: 0, to: bytes.count, by: size) {
                sent += stuffing.stuffed(bytes[begin..<min(bytes.count, begin + size)])
            }
            sent += stuffing.end()
            #expect(String(decoding: sent, as: UTF8.self) == expected, "pieces of \(size)")
        }
    }

    @Test func aWindowWantsProgressOrAnEnd() {
        var patience = MailPatience()
        patience.window = .seconds(10)
        patience.leastBytes = 100
        var window = ProgressWindow(patience, at: 0)
        func holds(_ now: Int64) -> Bool { window.holds(at: now) }
        window.note(99)
        #expect(holds(9_999_999_999))
        #expect(!holds(10_000_000_000))
        window = ProgressWindow(patience, at: 0)
        window.note(100)
        #expect(holds(10_000_000_000))
        #expect(window.deadline == 20_000_000_000)
        #expect(!holds(20_000_000_000), "each window has to bring its own")
    }

    @Test func credentialsAreNotPrinted() {
        let credentials = MailCredentials.password(user: "me", "geheim")
        #expect("\(credentials)" == "credentials of me")
        #expect(!String(reflecting: credentials).contains("geheim"))
        var dumped = ""
        dump(credentials, to: &dumped)
        #expect(!dumped.contains("geheim"))
    }
}
