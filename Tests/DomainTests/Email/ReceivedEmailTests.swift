import Domain
import Testing

@Suite("Received messages as the service hands them over")
struct ReceivedEmailTests {
    static let digest = String(repeating: "0f", count: 32)

    static func message(_ rest: JSONObject = [:]) -> JSONValue {
        var message: JSONObject = [
            "key": ["folder": "INBOX", "uidValidity": 1, "uid": 2], "raw": .string(digest), "size": 10,
            "receivedAt": "2026-01-02T03:04:05Z",
        ]
        for (name, value) in rest.members { message[name] = value }
        return .object(message)
    }

    static func read(_ rest: JSONObject) throws -> ReceivedEmail {
        try #require(try ReceivedEmail.read([message(rest)], at: .root).first)
    }

    @Test func identifiersAreBareAndTheNearestComesFirst() throws {
        let email = try Self.read([
            "messageId": " <a@b> ", "inReplyTo": ["<three@x>"],
            "references": ["<one@x>", "<two@x>", "<three@x>", "<>"],
        ])
        #expect(email.messageId == "a@b")
        #expect(email.references == ["three@x", "two@x", "one@x"])
        #expect(email.identity == "a@b")
        #expect(try Self.read([:]).identity == Self.digest)
    }

    @Test func whatWasNotKeptWholeIsNeverTakenForTheWholeOne() throws {
        func place(_ uid: Int64) -> JSONValue { ["folder": "INBOX", "uidValidity": 1, "uid": .integer(uid)] }
        let bare = try Self.read(["whole": false])
        #expect(bare.identity != Self.digest)
        #expect(try bare.got(by: "a").identity != Self.read(["whole": false]).got(by: "b").identity)
        #expect(try bare.identity != Self.read(["whole": false, "key": place(3)]).identity)
        #expect(bare.content["place"] == place(2))
        let head = try Self.read(["whole": false, "messageId": "<a@b>"])
        #expect(head.identity != "a@b" && head.reference == "a@b")
        #expect(head.identities == [head.identity, "a@b"])
        let whole = try Self.read(["messageId": "<a@b>"])
        #expect(whole.identities == ["a@b"])
        #expect(whole.content["place"] == nil)
    }

    @Test func whatIsTooLongIsCutAndWhatIsUnknownIsPassedOver() throws {
        let email = try Self.read([
            "subject": .string(String(repeating: "ö", count: 900)),
            "text": .string(String(repeating: "x", count: 100_000)),
            "fromTheFuture": [1], "to": .array(Array(repeating: ["address": "a@b"], count: 2000)),
        ])
        #expect(email.subject?.utf8.count == 1000)
        #expect(email.text.utf8.count == EmailLimits.textBytes)
        #expect(email.to.count == EmailLimits.addresses)
        #expect(email.content["fromTheFuture"] == nil)
    }

    @Test func aNotificationTellsWhatFailed() throws {
        let email = try Self.read([
            "deliveryStatus": [
                "originalMessageId": "<o@x>",
                "recipients": [
                    ["address": "a@b", "action": "relayed"],
                    ["address": "c@d", "action": "Failed", "status": "5.1.1", "diagnostic": "unknown"],
                ],
            ]
        ])
        let status = try #require(email.deliveryStatus)
        #expect(status.originalMessageId == "o@x" && status.failed && status.delivered)
        #expect(status.summary == "5.1.1 unknown")
    }

    @Test func tokensAreAllTakenAndSixteenAtMost() throws {
        #expect(try Self.read(["token": "one"]).tokens == ["one"])
        #expect(try Self.read(["token": "one", "tokens": ["one", "two", "", 3]]).tokens == ["one", "two"])
        let many = (0..<20).map { JSONValue.string("token-\($0)") }
        #expect(try Self.read(["tokens": .array(many), "marks": .array(many)]).tokens.count == 16)
        #expect(try Self.read(["tokens": .array(many), "marks": .array(many)]).marks.count == 16)
    }

    @Test(
        arguments: [
            ([:], false), (["automatic": "list"], false), (["automatic": "precedence"], false),
            (["automatic": "of the future"], false), (["automatic": "auto-submitted"], true),
            (["automatic": "null-return-path"], true), (["deliveryStatus": [:]], true),
            (["automatic": "own-mark"], true), (["automatic": "own-mark", "marks": ["theirs"]], false),
            (["automatic": "own-mark", "marks": ["theirs", "ours"]], true),
        ] as [(JSONObject, Bool)])
    func whatNobodyWroteIsKnown(_ rest: JSONObject, _ expected: Bool) throws {
        #expect(try Self.read(rest).isUnattended { $0 == "ours" } == expected)
    }

    @Test func resultsOfServersAreScalars() throws {
        let email = try Self.read(["spam": ["score": 4.5], "authentication": ["spf": "pass", "dkim": 7]])
        #expect(email.results == ["spam": 4.5, "spf": "pass"])
    }

    @Test(
        arguments: [
            (["key": .null], "/0/key"), (["key": ["folder": "I", "uid": 1]], "/0/key/uidValidity"),
            (["raw": "abc"], "/0/raw"),
            (["size": -1], "/0/size"), (["receivedAt": "now"], "/0/receivedAt"),
            (["attachments": [["name": "x"]]], "/0/attachments/0"),
        ] as [(JSONObject, String)])
    func refused(_ rest: JSONObject, _ path: String) throws {
        let problems = try #require(throws: BodyProblems.self) { try Self.read(rest) }
        #expect(problems.problems.map(\.path).contains(path), "\(problems)")
    }

    @Test func draftsAreCheckedAsAWhole() throws {
        let reply = try EmailDraft(
            body: [
                "text": "x",
                "attachments": [
                    .string(Self.digest), ["email": .string(Self.digest.prefix(32).description), "index": 1],
                ],
            ], purpose: .reply)
        #expect(reply.kind == .reply && reply.attachments?.count == 2 && !reply.draft)
        let problems = try #require(throws: BodyProblems.self) {
            try EmailDraft(
                body: ["kind": "new", "to": ["x"], "template": "t", "text": "y", "sendAt": "soon"], purpose: .reply)
        }
        #expect(problems.problems.map(\.path) == ["/kind", "/to/0", "/template", "/sendAt"])
    }
}
