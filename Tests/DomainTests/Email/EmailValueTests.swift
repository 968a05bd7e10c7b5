import Domain
import Testing

@Suite("Values of emails")
struct EmailValueTests {
    @Test(
        arguments: [
            ("a@b", true), ("support@example.com", true), ("å@ö.se", true), ("a+b@c.d", true), ("", false),
            ("a", false),
            ("@b", false), ("a@", false), ("a b@c", false), ("a@b@c", false), ("<a@b>", false), ("a@.b", false),
            ("a@b.", false),
            ("a,b@c", false),
        ])
    func addresses(_ text: String, _ isOne: Bool) { #expect(EmailAddress.isAddress(text) == isOne) }

    @Test func aTaggedAddressKeepsItsDomain() {
        #expect(EmailAddress(address: "support@example.com").tagged("x1").address == "support+x1@example.com")
    }

    @Test(
        arguments: [
            ("Order", EmailDraft.Kind.reply, "Re: Order"), ("RE: re: Order", .reply, "Re: Order"),
            ("Re: Order", .forward, "Fwd: Re: Order"),
            ("Fwd: Order", .forward, "Fwd: Order"), ("AW: Order", .replyAll, "Re: Order"),
        ])
    func subjects(_ subject: String, _ kind: EmailDraft.Kind, _ expected: String) {
        #expect(EmailReplying.subject(subject, for: kind) == expected)
    }

    @Test func anAnswerToAllLeavesOutTheMailboxItself() {
        func address(_ text: String) -> EmailAddress { EmailAddress(address: text) }
        let (to, cc) = EmailReplying.recipients(
            of: .replyAll, from: address("Kim@x.org"), replyTo: [],
            to: [address("support+abc@y.com"), address("lee@x.org")],
            cc: [address("kim@X.org"), address("not one"), address("lee@x.org")],
            own: ["support@y.com"])
        #expect(to == [address("Kim@x.org")])
        #expect(cc == [address("lee@x.org")])
        let reply = EmailReplying.recipients(
            of: .reply, from: address("kim@x.org"), replyTo: [address("list@x.org")], to: [], cc: [], own: [])
        #expect(reply.to == [address("list@x.org")])
    }

    @Test func referencesKeepTheFirstAndTheLast() {
        let many = (0..<80).map { "\($0)@x" }
        let kept = EmailReplying.references(many, answering: "new@x")
        #expect(kept.count == 50)
        #expect(kept.first == "79@x" && kept.last == "new@x" && kept[48] == "0@x")
    }

    @Test func quotedLinesStandBehindAnAngle() {
        let quoted = EmailReplying.quoted(
            "a\r\n\r\nb", from: EmailAddress(name: "Kim", address: "k@x"), at: Instant(milliseconds: 0))
        #expect(quoted == "\n\nOn 1970-01-01 00:00 UTC, Kim wrote:\n> a\n>\n> b")
        #expect(EmailReplying.quotedHTML("<b>", from: nil, at: nil).contains("&lt;b&gt;"))
    }

    @Test func templatesEscapeInHTMLOnly() {
        let fields = ["attributes.x": "<b>&'"]
        #expect(TemplateText.render("a {{ attributes.x }} {{nothing}}b", { fields[$0] }) == "a <b>&' b")
        #expect(TemplateText.render("{{attributes.x}}", escaping: true, { fields[$0] }) == "&lt;b&gt;&amp;&#39;")
        #expect(TemplateText.render("{ {{}} }}", { fields[$0] }) == "{  }}")
    }

    @Test func retriesGrowToAnHour() {
        #expect(
            (1...10).map(EmailRetry.pause(afterAttempt:)).map { $0 / 1000 } == [
                30, 60, 120, 240, 480, 960, 1920, 3600, 3600, 3600,
            ])
    }

    @Test func nobodyTriesForEver() {
        let pauses = (1..<54).map(EmailRetry.pause(afterAttempt:)).reduce(0, +)
        #expect((47...49).contains(pauses / 3_600_000))
        #expect(EmailRetry.givesUp(afterAttempt: 54, of: 2 * 86_400_000 + 1))
        #expect(!EmailRetry.givesUp(afterAttempt: 53, of: 9 * 86_400_000))
        #expect(!EmailRetry.givesUp(afterAttempt: 99, of: 86_400_000))
    }

    @Test func everyStateHasItsActions() {
        let allowed = EmailState.allCases.flatMap { state in
            EmailAction.allCases.compactMap { action in
                EmailTransition.next(from: state, action: action).map {
                    "\(state.rawValue) \(action.rawValue) \($0.rawValue)"
                }
            }
        }
        #expect(allowed.count == 27)
        #expect(EmailTransition.next(from: .sent, action: .retry) == nil)
        #expect(EmailTransition.next(from: .sending, action: .cancel) == nil)
        #expect(
            EmailTransition.refusal(of: .send, in: .sent)
                == "send is not possible while the message is sent; nothing is possible now.")
    }

    @Test func textIsCutBetweenCharacters() {
        #expect("åäö".cut(toBytes: 5) == "åä")
        #expect("abc".cut(toBytes: 5) == "abc")
    }
}
