import Domain
import Testing

@Suite("Mailboxes and templates in a tenant's configuration")
struct MailboxConfigurationTests {
    static let mailboxes = """
        "mailboxes": [
         {"name": "support", "source": "vinst", "address": "support@example.com",
          "inbound": {"server": {"host": "imap.example.com"}, "credentials": {"user": "s", "secret": "s-imap"},
           "processed": {"action": "move", "folder": "Done"}, "since": "2026-01-01T00:00:00Z", "pollEvery": "90s",
           "blockedAttachments": ["*.exe"], "duplicates": "perMailbox"},
          "outbound": {"server": {"host": "10.0.0.8", "port": 25, "security": "plain"},
           "from": {"name": "Support", "address": "support@example.com"}, "sendAs": ["sales@example.com"]},
          "attributes": {"channel": "email"}, "attributesFromHeaders": {"spam": "spamScore"}, "signature": "Yours",
          "acknowledgement": "thanks", "replies": {"final": "new"}, "approveReplies": true},
         {"name": "graph", "source": "vinst", "kind": "graph", "address": "g@example.com",
          "inbound": {"api": {"user": "g@example.com", "secret": "graph"}}}],
        "templates": [{"name": "thanks", "subject": "{{attributes.subject}}", "text": "Dear {{ agent.name }}"}],
        """

    static func document(_ change: (String) -> String = { $0 }) throws -> JSONValue {
        let text = SampleConfiguration.text.replacing(
            #""tenant": "demo","#, with: #""tenant": "demo", "# + change(mailboxes), maxReplacements: 1)
        return try SampleConfiguration.parsed(text)
    }

    @Test func readsBackAsTheSame() throws {
        let first = try TenantConfiguration.validate(Self.document(), now: SampleConfiguration.now).get()
        let again = try TenantConfiguration.validate(first.document, now: SampleConfiguration.now).get()
        #expect(first == again)
        #expect(first.document == again.document)
        let support = try #require(first.mailbox(named: "support"))
        #expect(support.inbound?.server?.port == 993)
        #expect(support.inbound?.server?.security == .tls)
        #expect(support.inbound?.greatestMessage == 50 << 20)
        #expect(support.secrets == ["s-imap"])
        #expect(support.replyToFinal == .new)
        #expect(support.outbound?.maySend(as: "SALES@example.com") == true)
        #expect(support.outbound?.maySend(as: "other@example.com") == false)
    }

    @Test func aDifferenceIsToldByName() throws {
        let before = try TenantConfiguration.validate(Self.document(), now: SampleConfiguration.now).get()
        let after = try TenantConfiguration.validate(
            Self.document { $0.replacing("90s", with: "2m").replacing("Dear", with: "Hello") },
            now: SampleConfiguration.now
        ).get()
        let changes = ConfigurationDifference.changes(from: before, to: after)
        #expect(changes.map(\.path) == ["/mailboxes/support/inbound/pollEvery", "/templates/thanks/text"])
        let without = try TenantConfiguration.validate(
            SampleConfiguration.parsed(SampleConfiguration.text), now: SampleConfiguration.now
        ).get()
        #expect(
            ConfigurationDifference.changes(from: without, to: before).map(\.path)
                == ["/mailboxes/support", "/mailboxes/graph", "/templates/thanks"])
    }

    @Test(
        "One fault, one problem, at its path",
        arguments: [
            (#""name": "support", "source": "vinst""#, #""name": "support", "source": "vinsd""#, "/mailboxes/0/source"),
            (#""name": "support","#, #""name": "work","#, "/mailboxes/0/name"),
            (#""name": "graph""#, #""name": "support""#, "/mailboxes/1/name"),
            (
                #""address": "support@example.com",\#n  "inbound""#, #""address": "support",\#n  "inbound""#,
                "/mailboxes/0/address"
            ),
            (
                #"{"host": "imap.example.com"}"#, #"{"host": "imap.example.com", "port": 0}"#,
                "/mailboxes/0/inbound/server/port"
            ),
            (
                #"{"host": "imap.example.com"}"#, #"{"host": "imap.example.com", "security": "ssl"}"#,
                "/mailboxes/0/inbound/server/security"
            ),
            (
                #"{"host": "imap.example.com"}"#, #"{"host": "imap.example.com", "security": "plain"}"#,
                "/mailboxes/0/inbound/server/security"
            ),
            (
                #""secret": "s-imap""#, #""secrt": "s-imap", "secret": "s-imap""#,
                "/mailboxes/0/inbound/credentials/secrt"
            ),
            (#""action": "move", "folder": "Done""#, #""action": "move""#, "/mailboxes/0/inbound/processed/folder"),
            (
                #""action": "move", "folder": "Done""#, #""action": "flag", "folder": "Done""#,
                "/mailboxes/0/inbound/processed/folder"
            ),
            ("90s", "1ms", "/mailboxes/0/inbound/pollEvery"),
            ("perMailbox", "perHaps", "/mailboxes/0/inbound/duplicates"),
            (#"["sales@example.com"]"#, #"["sales"]"#, "/mailboxes/0/outbound/sendAs/0"),
            (#""acknowledgement": "thanks""#, #""acknowledgement": "thanx""#, "/mailboxes/0/acknowledgement"),
            (#""spam": "spamScore""#, #""span": "spamScore""#, "/mailboxes/0/attributesFromHeaders/span"),
            (#"{"final": "new"}"#, #"{"final": "old"}"#, "/mailboxes/0/replies/final"),
            (#""kind": "graph""#, #""kind": "grapf""#, "/mailboxes/1/kind"),
            (#""inbound": {"api""#, #""inbound": {"server": {"host": "h"}, "api""#, "/mailboxes/1/inbound/server"),
            (
                #"{"user": "g@example.com", "secret": "graph"}"#, #"{"secret": "graph"}"#,
                "/mailboxes/1/inbound/api/user"
            ),
            ("{{ agent.name }}", "{{ agnt.name }}", "/templates/0/text"),
            ("{{attributes.subject}}", "{{attributes.subject", "/templates/0/subject"),
        ])
    func refused(_ part: String, _ other: String, _ path: String) throws {
        let document = try Self.document { text in
            let parts = text.split(separator: part, maxSplits: 1, omittingEmptySubsequences: false)
            #expect(parts.count == 2, "\(part)")
            return parts.joined(separator: other)
        }
        let problems = SampleConfiguration.problems(document)
        #expect(Set(problems.map(\.path)).contains(path), "\(problems)")
        #expect(problems.count <= 2)
    }

    @Test func aCategoryInheritsWhatRepliesDo() throws {
        let document = try SampleConfiguration.replacing(
            #""requiredSkills": ["java"],"#, with: #""requiredSkills": ["java"], "email": {"replyToFinal": "new"},"#)
        let configuration = try TenantConfiguration.validate(document, now: SampleConfiguration.now).get()
        #expect(configuration.categoryTree().categories.map(\.replyToFinal) == [.new, .new])
        #expect(configuration.document["categories"]?.arrayValue?.first?["email"] == ["replyToFinal": "new"])
    }
}
