import EmailAccess
import Testing

@Suite struct ImapResponseTests {
    private func response(_ text: String, _ literals: [ImapLine.Literal] = []) throws -> ImapResponse {
        try ImapResponse(ImapLine(text: Array(text.utf8), literals: literals))
    }

    @Test func statusesKeepCodeArgumentsAndText() throws {
        guard case .tagged("M7", let status) = try response("M7 NO [OVERQUOTA] Quota exceeded") else {
            Issue.record("not tagged")
            return
        }
        #expect(status.kind == .no)
        #expect(status.code == "OVERQUOTA")
        #expect(status.text == "Quota exceeded")
        #expect(status.error("APPEND").code == .mailboxFull)
        #expect(status.error("APPEND").canRetry)
        guard case .status(let permanent) = try response("* OK [PERMANENTFLAGS (\\Seen \\*)] Limited") else {
            Issue.record("not a status")
            return
        }
        #expect(permanent.arguments == [.list([.atom("\\Seen"), .atom("\\*")])])
        guard case .status(let bye) = try response("* BYE shutting down") else {
            Issue.record("not a status")
            return
        }
        #expect(bye.error("NOOP").code == .connectionLost)
    }

    @Test func fetchesAreReadInAnyOrder() throws {
        let text =
            "* 12 FETCH (BODY[] \0 FLAGS (\\Seen $MillraceTaken) INTERNALDATE \"01-Jan-2026 00:00:00 +0100\" RFC822.SIZE 34 UID 7)"
        guard case .fetch(let fetch) = try response(text, [.body]) else {
            Issue.record("not a fetch")
            return
        }
        #expect(fetch.sequence == 12)
        #expect(fetch.uid == 7)
        #expect(fetch.size == 34)
        #expect(fetch.flags == ["\\Seen", "$MillraceTaken"])
        #expect(fetch.section == .body(0))
        #expect(fetch.internalDate == 1_767_222_000_000)
    }

    @Test(arguments: [
        "* 1 FETCH (BODY[HEADER.FIELDS (DATE FROM)] {x", "* 1 FETCH (UID 1", "* LIST (\\Sent \"/\"", "nonsense",
        "* 1 FETCH UID 1",
    ])
    func brokenLinesAreRefused(line: String) {
        #expect(throws: EmailAccessError.self) { try response(line) }
    }

    @Test func searchesInBothForms() throws {
        #expect(try response("* SEARCH 3 4 9") == .search([3...3, 4...4, 9...9]))
        #expect(try response("* SEARCH") == .search([]))
        #expect(try response("* ESEARCH (TAG \"M1\") UID ALL 3:4,9") == .search([3...4, 9...9]))
        #expect(try response("* ESEARCH (TAG \"M1\") UID") == .search([]))
    }

    @Test func foldersAndTheirCounts() throws {
        #expect(
            try response("* LIST (\\HasNoChildren \\Sent) \"/\" \"Gesendete Entw&APw-rfe\"")
                == .list(
                    ImapFolder(name: "Gesendete Entwürfe", delimiter: "/", attributes: ["\\HasNoChildren", "\\Sent"])))
        #expect(
            try response("* STATUS INBOX (MESSAGES 3 UNSEEN 1)")
                == .folderStatus(name: "INBOX", values: ["MESSAGES": 3, "UNSEEN": 1]))
        #expect(try response("* 23 EXISTS") == .exists(23))
        #expect(try response("* XYZZY") == .other)
        #expect(try response("+") == .continuation(""))
    }

    @Test(arguments: ["INBOX", "A&B", "Entwürfe", "台北", "😀 x", "~peter/mail/台北/日本語", "&"])
    func folderNamesComeBack(name: String) {
        let encoded = MailboxName.encoded(name)
        #expect(encoded.utf8.allSatisfy { (0x20...0x7e).contains($0) })
        #expect(MailboxName.decoded(encoded) == name)
    }

    @Test func folderNamesAreWrittenAsTheStandardSays() {
        #expect(MailboxName.encoded("~peter/mail/台北/日本語") == "~peter/mail/&U,BTFw-/&ZeVnLIqe-")
        #expect(MailboxName.decoded("a&b") == "a&b", "not modified UTF-7: left alone")
    }

    @Test func datesOnBothSidesOfZones() {
        #expect(InternalDate.milliseconds("17-Jul-1996 02:44:25 -0700") == 837_596_665_000)
        #expect(InternalDate.milliseconds(" 1-Jan-1970 00:00:00 +0000") == 0)
        #expect(InternalDate.milliseconds("29-Feb-2024 23:59:59 +1245") == 1_709_205_299_000)
        #expect(InternalDate.milliseconds("1-Foo-1970 00:00:00 +0000") == nil)
        #expect(InternalDate.day(1_709_205_299_000) == "29-Feb-2024")
        #expect(InternalDate.day(0) == "1-Jan-1970")
        #expect(InternalDate.day(-1) == "31-Dec-1969")
    }

    @Test func setsAreMergedAndWrittenShort() {
        #expect(UIDSet([5, 3, 4, 9, 4] as [UInt32]).description == "3:5,9")
        #expect(UIDSet([1...3, 2...6]).count == 6)
        #expect(UIDSet("7:5,9")?.ranges == [5...7, 9...9])
        #expect(UIDSet("1:x") == nil)
        #expect(UIDSet([.max ... .max, 1...1]).description == "1,4294967295")
    }

    @Test func quotingLetsNothingOut() throws {
        #expect(try ImapString.quoted("a\"b\\c") == "\"a\\\"b\\\\c\"")
        #expect(throws: EmailAccessError.self) { try ImapString.quoted("a\r\nb") }
    }
}
