import EmailMessages
import Testing

/// What headers say about where a message comes from and whether it wants an answer.
struct MailMarkCases {
    @Test(arguments: [
        ("X-Millrace-Mark: t1\nList-Id: <l.example.com>", AutomaticReason.ownMark),
        ("X-Millrace-Mark: t1\nAuto-Submitted: auto-replied", .autoSubmitted),
        ("X-Millrace-Mark: t1\nReturn-Path: <>", .nullReturnPath),
        ("Return-Path: <>", .nullReturnPath),
        ("Return-Path: < >", .nullReturnPath),
        ("Return-Path: <a@b.c>", nil),
        ("Auto-Submitted: auto-generated", .autoSubmitted),
        ("Auto-Submitted: Auto-Replied; owner-email=x", .autoSubmitted),
        ("Auto-Submitted: no", nil),
        ("Auto-Submitted: No (really)", nil),
        ("X-Auto-Response-Suppress: DR, OOF, AutoReply", .responsesSuppressed),
        ("X-Auto-Response-Suppress: All\nAuto-Submitted: auto-generated", .autoSubmitted),
        ("Precedence: auto_reply", .autoSubmitted),
        ("X-Auto-Response-Suppress: DR", nil),
        ("X-Autoreply: yes", .autoSubmitted),
        ("Precedence: bulk", .precedence),
        ("Precedence: List", .precedence),
        ("Precedence: first-class", nil),
        ("List-Id: <l.example.com>", .list),
        ("List-Unsubscribe: <mailto:x@y.z>", .list),
        ("Subject: Out of office", nil),
    ])
    func automaticMessagesAreKnown(_ header: String, _ expected: AutomaticReason?) throws {
        let read = try read(latin("\(header)\nFrom: a@b.c\n\ntext\n"))
        #expect(read.message.automatic == expected)
    }

    @Test(arguments: [
        ("X-Spam-Status: Yes, score=7.5 required=5.0", SpamVerdict(isSpam: true, score: 7.5, source: "x-spam-status")),
        ("X-Spam-Status: No, hits=-1.2", SpamVerdict(isSpam: false, score: -1.2, source: "x-spam-status")),
        ("X-Spam-Flag: YES\nX-Spam-Score: 9", SpamVerdict(isSpam: true, score: 9, source: "x-spam-flag")),
        (
            "X-Spamd-Result: default: False [3.10 / 15.00];",
            SpamVerdict(isSpam: false, score: 3.1, source: "x-spamd-result")
        ),
        (
            "X-MS-Exchange-Organization-SCL: 5",
            SpamVerdict(isSpam: true, score: 5, source: "x-ms-exchange-organization-scl")
        ),
        ("X-Spam-Score: 2.5", SpamVerdict(isSpam: nil, score: 2.5, source: "x-spam-score")),
        ("Subject: spam", nil),
    ])
    func spamVerdictsAreRead(_ header: String, _ expected: SpamVerdict?) throws {
        #expect(try read(latin("\(header)\n\ntext\n")).message.spam == expected)
    }

    @Test func authenticationIsTheTopmostServers() throws {
        let read = try read(
            latin(
                """
                Authentication-Results: mx.example.com (v=1; x); spf=pass (ok; yes) smtp.mailfrom=a@b.c;
                 dkim=fail header.d=x; dkim=pass header.d=b.c; dmarc=pass (p=none)
                Authentication-Results: liar.example; spf=fail; dmarc=fail

                text
                """))
        let verdict = read.message.authentication
        #expect(verdict?.server == "mx.example.com")
        #expect(verdict?.spf == "pass")
        #expect(verdict?.dkim == "pass")
        #expect(verdict?.dmarc == "pass")
    }

    @Test func receivedSPFStandsIn() throws {
        let read = try read(latin("Received-SPF: SoftFail (x) client-ip=1\n\ntext\n"))
        #expect(read.message.authentication?.spf == "softfail")
        #expect(try self.noVerdict().message.authentication == nil)
    }

    private func noVerdict() throws -> ReadMessage { try EmailMessagesTests.read(latin("Subject: s\n\ntext\n")) }

    @Test func replyTokensAreFound() throws {
        let message = try read(
            latin(
                """
                To: Support <support+abcdefgh23456722@example.com>, other+tag@example.com
                Subject: Re: x [ref:zzzzzzzz22222222]

                I answer.
                > [ref:abcdefgh23456722] [ref:] [ref:not a token] [ref:\(String(repeating: "a", count: 80))]
                """)
        ).message
        #expect(message.replyTokens == ["abcdefgh23456722", "zzzzzzzz22222222"])
    }
}
