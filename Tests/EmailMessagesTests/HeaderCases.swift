import Domain
import EmailMessages
import Testing

/// What real headers look like.
struct HeaderCases {
    @Test(arguments: Self.cases) func isRead(_ example: MessageCase) throws {
        example.check(try read(example.bytes))
    }

    static let cases: [MessageCase] = [
        MessageCase(
            "a plain message",
            "From: Ann Ex <ann@example.com>\nTo: b@example.com\nSubject: Hello\nMessage-ID: <1@x>\nDate: Fri, 27 Nov 2026 10:00:00 +0100\n\nHi\n"
        ) { read in
            #expect(read.message.from == EmailAddress(name: "Ann Ex", address: "ann@example.com"))
            #expect(read.message.to == [EmailAddress(address: "b@example.com")])
            #expect(read.message.subject == "Hello")
            #expect(read.message.messageId == "1@x")
            #expect(read.message.date?.rfc3339 == "2026-11-27T09:00:00.000Z")
            #expect(read.message.text == "Hi")
            #expect(read.message.problems == [])
            #expect(read.message.automatic == nil)
        },
        MessageCase(
            "encoded words in subject and name",
            "From: =?utf-8?q?J=C3=BCrgen_M=C3=BCller?= <j@x.de>\nSubject: =?iso-8859-1?Q?Gr=FC=DFe?= aus =?utf-8?B?S8O2bG4=?=\n\nx"
        ) { read in
            #expect(read.message.from?.name == "Jürgen Müller")
            #expect(read.message.subject == "Grüße aus Köln")
        },
        MessageCase("a character split over two encoded words", "Subject: =?utf-8?b?4pyT4?= =?utf-8?b?pyT?=\n\nx") {
            read in
            #expect(read.message.subject == "✓✓")
        },
        MessageCase(
            "padded base64 words one after another",
            "From: =?utf-8?B?w6Q=?= =?utf-8?B?w7Y=?= <a@x.y>\nSubject: =?UTF-8?B?w6Q=?=\n =?utf-8?B?w7Y=?= =?iso-8859-1?Q?=FC?=\n\nx"
        ) { read in
            #expect(read.message.subject == "äöü")
            #expect(read.message.from?.name == "äö")
        },
        MessageCase("an encoded word with blanks in it", "Subject: =?iso-8859-1?q?caf=E9 au lait?=\n\nx") { read in
            #expect(read.message.subject == "café au lait")
        },
        MessageCase("encoded words joined without a blank", "Subject: =?utf-8?q?a?==?utf-8?q?b?=\n\nx") { read in
            #expect(read.message.subject == "ab")
        },
        MessageCase("an encoded word in quotes", "From: \"=?utf-8?q?Caf=C3=A9?=\" <c@x.fr>\n\nx") { read in
            #expect(read.message.from?.name == "Café")
        },
        MessageCase("an encoded word of an unknown charset", "Subject: =?x-nobody-knows?q?abc?=\n\nx") { read in
            #expect(read.message.subject?.contains("abc") == true)
        },
        MessageCase("an encoded word that is none", "Subject: =?utf-8?q?never ends\n\nx") { read in
            #expect(read.message.subject == "=?utf-8?q?never ends")
        },
        MessageCase("8-bit headers in UTF-8", "From: Zoë <z@x.nl>\nSubject: Größe\n\nx") { read in
            #expect(read.message.from?.name == "Zoë")
            #expect(read.message.subject == "Größe")
        },
        MessageCase(
            "8-bit headers in an unnamed charset",
            bytes: latin("From: Zo\u{EB} <z@x.nl>\nSubject: Gr\u{F6}\u{DF}e\n\nx")
        ) { read in
            #expect(read.message.from?.name == "Zoë")
            #expect(read.message.subject == "Größe")
        },
        MessageCase("NUL in a header", "Subject: a\u{0}b\nFrom: c@d.e\n\nx") { read in
            #expect(read.message.subject == "a b")
            #expect(read.message.problems.contains(.nulInHeaders))
        },
        MessageCase("an encoded NUL", "Subject: =?utf-8?q?a=00b?=\n\nx") { read in
            #expect(read.message.subject?.hasPrefix("a") == true)
        },
        MessageCase("an encoded line end cannot make a header", "Subject: =?utf-8?q?a=0D=0AX-Y:_z?=\n\nx") { read in
            #expect(read.message.subject == "a  X-Y: z")
        },
        MessageCase("no Message-ID", "From: a@b.c\nSubject: s\n\nx") { read in
            #expect(read.message.messageId == nil)
            #expect(read.message.problems.contains(.missingMessageId))
        },
        MessageCase("two Message-IDs", "Message-ID: <first@x>\nMessage-ID: <second@x>\nFrom: a@b.c\n\nx") { read in
            #expect(read.message.messageId == "first@x")
            #expect(read.message.problems.contains(.duplicateMessageId))
        },
        MessageCase("an empty Message-ID before a good one", "Message-ID: <>\nMessage-Id: <second@x>\n\nx") { read in
            #expect(read.message.messageId == "second@x")
        },
        MessageCase("a Message-ID without brackets", "Message-ID: 123.abc@host\n\nx") { read in
            #expect(read.message.messageId == "123.abc@host")
        },
        MessageCase("a folded Message-ID", "Message-ID:\n <a.very.long.one@\n host.example>\n\nx") { read in
            #expect(read.message.messageId == "a.very.long.one@host.example")
        },
        MessageCase("no Date", "From: a@b.c\n\nx") { read in
            #expect(read.message.date == nil)
            #expect(read.message.problems.contains(.missingDate))
        },
        MessageCase("two Dates", "Date: Thu, 1 Jan 2026 00:00:00 +0000\nDate: Fri, 2 Jan 2026 00:00:00 +0000\n\nx") {
            read in
            #expect(read.message.date?.rfc3339 == "2026-01-01T00:00:00.000Z")
            #expect(read.message.problems.contains(.duplicateDate))
        },
        MessageCase("a Date that is none, then one", "Date: yesterday\nDate: Fri, 2 Jan 2026 00:00:00 +0000\n\nx") {
            read in
            #expect(read.message.date?.rfc3339 == "2026-01-02T00:00:00.000Z")
        },
        MessageCase("an obsolete Date", "Date: Fri, 2 Jan 26 00:00:00 EST\n\nx") { read in
            #expect(read.message.date?.rfc3339 == "2026-01-02T05:00:00.000Z")
        },
        MessageCase("a thread", "In-Reply-To: <b@x>\nReferences: <a@x>\n <b@x> <a@x>\n\nx") { read in
            #expect(read.message.inReplyTo == ["b@x"])
            #expect(read.message.references == ["a@x", "b@x"])
        },
        MessageCase("In-Reply-To in prose", "In-Reply-To: Your message of \"Mon\" <id@x>\n\nx") { read in
            #expect(read.message.inReplyTo == ["id@x"])
        },
        MessageCase("References without brackets and with commas", "References: a@x, b@x\n\nx") { read in
            #expect(read.message.references == ["a@x", "b@x"])
        },
        MessageCase("a group of addresses", "To: Friends: a@x.y, B <b@x.y>;\nCc: undisclosed-recipients:;\n\nx") {
            read in
            #expect(read.message.to.map(\.address) == ["a@x.y", "b@x.y"])
            #expect(read.message.cc == [])
            #expect(!read.message.problems.contains(.brokenAddress))
        },
        MessageCase("an address that is none", "From: not an address at all\n\nx") { read in
            #expect(read.message.from?.address.contains("address") == true)
            #expect(read.message.problems.contains(.brokenAddress))
        },
        MessageCase("a name with comma that nobody quoted", "From: Müller, Hans <h.m@x.de>\n\nx") { read in
            #expect(read.message.from != nil)
        },
        MessageCase("a route and a comment", "From: (nobody) Ann <@relay.x:ann@x.y> (really)\n\nx") { read in
            #expect(read.message.from?.address == "ann@x.y")
        },
        MessageCase("two From headers", "From: a@x.y\nFrom: b@x.y\nSubject: 1\n\nx") { read in
            #expect(read.message.from?.address == "a@x.y")
            #expect(read.message.problems.contains(.duplicateHeader))
        },
        MessageCase("Reply-To and Sender", "From: a@x.y\nSender: s@x.y\nReply-To: R <r@x.y>, q@x.y\n\nx") { read in
            #expect(read.message.sender?.address == "s@x.y")
            #expect(read.message.replyTo.map(\.address) == ["r@x.y", "q@x.y"])
        },
        MessageCase(
            "a header of a megabyte",
            "Subject: s\nX-Huge: \(String(repeating: "x", count: 1_100_000))\nFrom: a@x.y\n\nbody"
        ) { read in
            #expect(read.message.subject == "s")
            #expect(read.message.from?.address == "a@x.y")
            #expect(read.message.text == "body")
            #expect(read.message.problems.contains(.headersShortened))
        },
        MessageCase(
            "fifty thousand headers",
            "Subject: s\n\(String(repeating: "X-Many: 0123456789012345678901234567890123456789\n", count: 50_000))\nbody"
        ) { read in
            #expect(read.message.subject == "s")
            #expect(read.message.text == "body")
            #expect(read.message.problems.contains(.headersShortened))
        },
        MessageCase(
            "a subject of many folded lines", "Subject:\(String(repeating: " word\n", count: 2_000))From: a@x.y\n\nbody"
        ) { read in
            #expect((read.message.subject?.utf8.count ?? 0) <= 4_096)
            #expect(read.message.from?.address == "a@x.y")
        },
        MessageCase("a mailbox line before the headers", "From someone Fri Nov 27 10:00:00 2026\nSubject: s\n\nbody") {
            read in
            #expect(read.message.subject == "s")
            #expect(read.message.text == "body")
        },
        MessageCase(
            "a quoted mailbox line among the headers", "Received: x\n>From someone Fri Nov 27\nSubject: s\n\nbody"
        ) { read in
            #expect(read.message.subject == "s")
            #expect(read.message.problems.contains(.strayHeaderLine))
        },
        MessageCase("a line among the headers that is none", "Subject: s\nthis is the text already\n\nmore") { read in
            #expect(read.message.subject == "s")
            #expect(read.message.text == "this is the text already\n\nmore")
        },
        MessageCase("no headers", "Hello,\n\nno header here: none.\n") { read in
            #expect(read.message.text == "Hello,\n\nno header here: none.")
            #expect(read.message.problems.contains(.noHeaders))
        },
        MessageCase("nothing", "") { read in
            #expect(read.message.text == "")
            #expect(read.message.problems.contains(.noHeaders))
        },
        MessageCase("headers without a body", "Subject: s\nFrom: a@x.y") { read in
            #expect(read.message.subject == "s")
            #expect(read.message.from?.address == "a@x.y")
            #expect(read.message.text == "")
        },
        MessageCase("a byte order mark before the headers", "\u{FEFF}Subject: s\n\nbody") { read in
            #expect(read.message.subject == "s")
        },
        MessageCase("a blank before the colon", "Subject : s\nFrom: a@x.y\n\nbody") { read in
            #expect(read.message.from?.address == "a@x.y")
            #expect(read.message.text == "body")
        },
        MessageCase("bare LF line ends", bytes: Array("Subject: s\nFrom: a@x.y\n\nline\nline\n".utf8)) { read in
            #expect(read.message.subject == "s")
            #expect(read.message.text == "line\nline")
        },
        MessageCase("Content-Language", "Content-Language: de-AT, en\n\nx") { read in
            #expect(read.message.language == "de-at")
        },
    ]
}
