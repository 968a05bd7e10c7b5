extension OpenAPIDocument {
    static let mailboxes: [OpenAPIOperation] = [
        OpenAPIOperation(
            method: "GET", path: "/mailboxes", id: "listMailboxes", tag: .mailboxes,
            summary: "Mailboxes with the states of their connections", roles: [.admin, .supervisor, .reader],
            parameters: ["ListLimit", "Cursor"], answers: [OpenAPIAnswer(200, "One page, by name.", "MailboxPage")]),
        OpenAPIOperation(
            method: "POST", path: "/mailboxes", id: "createMailbox", tag: .mailboxes, summary: "Add a mailbox",
            description: """
                It becomes part of the tenant's configuration: a new version is applied, with everything that is checked of a \
                whole document.
                """,
            roles: [.admin], parameters: ["ConfigurationIfMatch", "IdempotencyKey"],
            body: OpenAPIBody(schema: "MailboxDefinition"),
            answers: [OpenAPIAnswer(201, "The mailbox.", "Mailbox", headers: ["ETag"])], problems: [409, 412, 422]),
        OpenAPIOperation(
            method: "GET", path: "/mailboxes/{name}", id: "getMailbox", tag: .mailboxes, summary: "One mailbox",
            roles: [.admin, .supervisor, .reader], parameters: ["MailboxName"],
            answers: [OpenAPIAnswer(200, "The mailbox.", "Mailbox", headers: ["ETag"])]),
        OpenAPIOperation(
            method: "PUT", path: "/mailboxes/{name}", id: "replaceMailbox", tag: .mailboxes,
            summary: "Configure a mailbox anew",
            roles: [.admin], parameters: ["MailboxName", "ConfigurationIfMatch", "IdempotencyKey"],
            body: OpenAPIBody(schema: "MailboxReplacement"),
            answers: [OpenAPIAnswer(200, "The mailbox.", "Mailbox", headers: ["ETag"])], problems: [409, 412, 422]),
        OpenAPIOperation(
            method: "PATCH", path: "/mailboxes/{name}", id: "changeMailbox", tag: .mailboxes,
            summary: "Change a mailbox", description: "A merge patch (RFC 7396): `null` takes a setting away.",
            roles: [.admin], parameters: ["MailboxName", "ConfigurationIfMatch", "IdempotencyKey"],
            body: OpenAPIBody(schema: "MailboxPatch"),
            answers: [OpenAPIAnswer(200, "The mailbox.", "Mailbox", headers: ["ETag"])], problems: [409, 412, 422]),
        OpenAPIOperation(
            method: "DELETE", path: "/mailboxes/{name}", id: "deleteMailbox", tag: .mailboxes,
            summary: "Take a mailbox away",
            description: "Its messages and items stay.", roles: [.admin],
            parameters: ["MailboxName", "ConfigurationIfMatch", "IdempotencyKey"],
            answers: [OpenAPIAnswer(204, "It is gone.")], problems: [409, 412, 422]),
        OpenAPIOperation(
            method: "POST", path: "/mailboxes/{name}/copy", id: "copyMailbox", tag: .mailboxes,
            summary: "Copy a mailbox under another name", description: "The copy is disabled at first.",
            roles: [.admin], parameters: ["MailboxName", "ConfigurationIfMatch", "IdempotencyKey"],
            body: OpenAPIBody(schema: "MailboxCopy"),
            answers: [OpenAPIAnswer(201, "The copy.", "Mailbox", headers: ["ETag"])], problems: [409, 412, 422]),
        switching("enable", "Let a mailbox be read and send"), switching("disable", "Let a mailbox rest"),
        OpenAPIOperation(
            method: "POST", path: "/mailboxes/{name}/test", id: "testMailbox", tag: .mailboxes,
            summary: "Test the connections of a mailbox",
            description:
                "The email service connects with the settings in force; ask for the result where `Location` says.",
            roles: [.admin], parameters: ["MailboxName"], body: OpenAPIBody.optional("Nothing"),
            answers: [OpenAPIAnswer(202, "The test was asked for.", "MailboxTest", headers: ["Location"])],
            problems: [422]),
        OpenAPIOperation(
            method: "GET", path: "/mailboxes/tests/{id}", id: "getMailboxTest", tag: .mailboxes,
            summary: "What came of a test", description: "With `wait` the answer comes when the test is done.",
            roles: [.admin], parameters: ["MailboxTestId", "Wait"],
            answers: [OpenAPIAnswer(200, "The test.", "MailboxTest")]),
        OpenAPIOperation(
            method: "POST", path: "/mailboxes/secrets/{name}/consent", id: "askConsent", tag: .mailboxes,
            summary: "A link by which a person lets Millrace use a mailbox at a provider",
            description: """
                The secret holds the application's `clientId` and `clientSecret`. The link is good for ten minutes; the \
                refresh token goes into the secret. `redirectUri` is registered at the provider.
                """,
            roles: [.admin], parameters: ["SecretName"], body: OpenAPIBody(schema: "ConsentRequest"),
            answers: [OpenAPIAnswer(200, "The link.", "ConsentLink")], problems: [422]),
        OpenAPIOperation(
            method: "GET", path: "/mailboxes/consent", id: "takeConsent", tag: .mailboxes,
            summary: "Where providers send the browser after consent", roles: nil,
            parameters: ["ConsentState", "ConsentCode"],
            answers: [OpenAPIAnswer(200, "A page that says that it is done.").binary(["text/html"])],
            problems: [400, 404, 422, 503]),
    ]

    /// Under mailboxes they have been since there were no others.
    static let secrets =
        secrets(at: "/secrets", tag: .configuration, ids: "")
        + secrets(at: "/mailboxes/secrets", tag: .mailboxes, ids: "Mailbox")

    private static func secrets(at path: String, tag: OpenAPITag, ids: String) -> [OpenAPIOperation] {
        [
            OpenAPIOperation(
                method: "GET", path: path, id: "list\(ids)Secrets", tag: tag, summary: "Names of secrets",
                description: "What they hold is never shown.", roles: [.admin], parameters: ["ListLimit", "Cursor"],
                answers: [OpenAPIAnswer(200, "One page, by name.", "SecretPage")]),
            OpenAPIOperation(
                method: "PUT", path: "\(path)/{name}", id: "put\(ids)Secret", tag: tag,
                summary: "Store a secret that a configuration names",
                description: "Sealed by `MILLRACE_SECRETS_KEY`; without that key the answer is 503.", roles: [.admin],
                parameters: ["SecretName"], body: OpenAPIBody(schema: "Secret"),
                answers: [OpenAPIAnswer(204, "It is stored.")], problems: [422]),
            OpenAPIOperation(
                method: "DELETE", path: "\(path)/{name}", id: "delete\(ids)Secret", tag: tag,
                summary: "Take a secret away", roles: [.admin], parameters: ["SecretName"],
                answers: [OpenAPIAnswer(204, "It is gone.")]),
        ]
    }

    private static func switching(_ action: String, _ summary: String) -> OpenAPIOperation {
        OpenAPIOperation(
            method: "POST", path: "/mailboxes/{name}/\(action)", id: "\(action)Mailbox", tag: .mailboxes,
            summary: summary, roles: [.admin], parameters: ["MailboxName", "ConfigurationIfMatch", "IdempotencyKey"],
            body: OpenAPIBody.optional("Nothing"),
            answers: [OpenAPIAnswer(200, "The mailbox.", "Mailbox", headers: ["ETag"])], problems: [409, 412, 422])
    }

    static let mailService: [OpenAPIOperation] = [
        OpenAPIOperation(
            method: "GET", path: "/mailboxes/work", id: "getMailWork", tag: .mailService,
            summary: "The mailboxes to serve, with their sealed secrets",
            description: """
                With `wait`, `version` and `seen` the answer comes at a change, when a message becomes due in a mailbox (then \
                it is among `due`), when a message is to be read once more, or when a test is asked for. A mailbox whose \
                `revision` is another one than before is connected anew. Without `mailboxes` they are what they were.
                """,
            roles: [.mail], parameters: ["Wait", "KnownVersion", "SeenWork"],
            answers: [OpenAPIAnswer(200, "The work.", "MailWork")]),
        OpenAPIOperation(
            method: "POST", path: "/mailboxes/{name}/lease", id: "leaseMailbox", tag: .mailService,
            summary: "Begin a new term of a mailbox",
            description: "What an earlier term writes from now on is refused.",
            roles: [.mail], parameters: ["MailboxName"], body: OpenAPIBody(schema: "LeaseRequest"),
            answers: [OpenAPIAnswer(200, "The term.", "Lease")], problems: [422]),
        OpenAPIOperation(
            method: "GET", path: "/mailboxes/{name}/progress", id: "getProgress", tag: .mailService,
            summary: "How far a mailbox has been read", roles: [.mail], parameters: ["MailboxName", "Term"],
            answers: [OpenAPIAnswer(200, "The progress.", "MailProgress")], problems: [409]),
        OpenAPIOperation(
            method: "PUT", path: "/mailboxes/{name}/state", id: "putMailboxState", tag: .mailService,
            summary: "Tell how a mailbox's connections are", roles: [.mail], parameters: ["MailboxName"],
            body: OpenAPIBody(schema: "MailboxReport"), answers: [OpenAPIAnswer(204, "It is stored.")],
            problems: [409, 422]),
        OpenAPIOperation(
            method: "POST", path: "/mailboxes/{name}/received", id: "receiveEmails", tag: .mailService,
            summary: "Hand messages over",
            description: """
                One transaction: messages, items, events and progress are there together. A message that is handed over again \
                is told as `duplicate`; one that is told as `retry` was not taken, and progress does not pass over it.
                """,
            roles: [.mail], parameters: ["MailboxName"], body: OpenAPIBody(schema: "Received"),
            answers: [OpenAPIAnswer(200, "What became of each message.", "ReceivedOutcomes")], problems: [409, 422]),
        OpenAPIOperation(
            method: "POST", path: "/mailboxes/{name}/taken", id: "lookForTaken", tag: .mailService,
            summary: "Which messages of the folder were taken",
            description: "What lies in the folder is compared with what was taken by it.",
            roles: [.mail], parameters: ["MailboxName"], body: OpenAPIBody(schema: "TakenQuestion"),
            answers: [OpenAPIAnswer(200, "Those that were not, by their places in `keys`.", "TakenAnswer")],
            problems: [409, 422]),
        OpenAPIOperation(
            method: "POST", path: "/mailboxes/{name}/outbound/claim", id: "claimEmails", tag: .mailService,
            summary: "Take messages in hand whose time has come",
            description: """
                `emails` are to be sent, each after its `begin`; what was claimed and never begun is among them again. \
                `interrupted` were begun under an earlier term: they are looked for in the sent folder and their outcome \
                told, and never simply sent again.
                """,
            roles: [.mail], parameters: ["MailboxName"], body: OpenAPIBody(schema: "ClaimRequest"),
            answers: [OpenAPIAnswer(200, "The messages.", "Claim")], problems: [409, 422]),
        OpenAPIOperation(
            method: "POST", path: "/emails/{id}/begin", id: "beginEmail", tag: .mailService,
            summary: "Say that an attempt begins",
            description:
                "From then on the server may have the message. Refused when the attempt is over: then do not send it.",
            roles: [.mail], parameters: ["EmailId"], body: OpenAPIBody(schema: "AttemptBegin"),
            answers: [OpenAPIAnswer(204, "It is stored.")], problems: [409, 422]),
        OpenAPIOperation(
            method: "POST", path: "/emails/{id}/read", id: "rereadEmail", tag: .mailService,
            summary: "Tell what stands in a message that was to be read once more",
            roles: [.mail], parameters: ["EmailId"], body: OpenAPIBody(schema: "Reread"),
            answers: [OpenAPIAnswer(204, "It is stored.")], problems: [409, 422]),
        OpenAPIOperation(
            method: "POST", path: "/emails/{id}/outcome", id: "settleEmail", tag: .mailService,
            summary: "Tell what became of an attempt", roles: [.mail], parameters: ["EmailId"],
            body: OpenAPIBody(schema: "AttemptOutcome"), answers: [OpenAPIAnswer(200, "The message.", "Email")],
            problems: [409, 422]),
        OpenAPIOperation(
            method: "GET", path: "/mailboxes/secrets/{name}/sealed", id: "getSealedSecret", tag: .mailService,
            summary: "A secret as it is stored now",
            description: "Another mailbox may have got a new refresh token for it.",
            roles: [.mail], parameters: ["SecretName"], answers: [OpenAPIAnswer(200, "The secret.", "SealedSecret")]),
        OpenAPIOperation(
            method: "PUT", path: "/mailboxes/secrets/{name}/refresh-token", id: "replaceRefreshToken",
            tag: .mailService,
            summary: "Keep the refresh token that a provider gave in place of the one before",
            description: """
                Refused when the secret holds neither the token that is replaced nor the new one. No mailbox is connected anew \
                for it.
                """,
            roles: [.mail], parameters: ["SecretName"], body: OpenAPIBody(schema: "RefreshToken"),
            answers: [OpenAPIAnswer(204, "It is stored.")], problems: [409, 422, 503]),
        OpenAPIOperation(
            method: "POST", path: "/mailboxes/tests/{id}", id: "answerMailboxTest", tag: .mailService,
            summary: "Tell what came of a test", roles: [.mail], parameters: ["MailboxTestId"],
            body: OpenAPIBody(schema: "MailboxTestResult"), answers: [OpenAPIAnswer(204, "It is stored.")],
            problems: [422]),
        OpenAPIOperation(
            method: "PUT", path: "/contents/{sha256}", id: "putContent", tag: .mailService, summary: "Store a content",
            description: """
                Streamed, at most 64 MiB, of any media type. Bytes of another digest are refused. What no message refers to \
                goes after a day.
                """,
            roles: [.mail, .supervisor, .agent], parameters: ["ContentDigest"],
            body: OpenAPIBody(schema: "Bytes", isRequired: false, mediaTypes: ["application/octet-stream"]),
            answers: [OpenAPIAnswer(201, "It is stored."), OpenAPIAnswer(204, "It was stored before.")], problems: [422]
        ),
        OpenAPIOperation(
            method: "GET", path: "/contents/{sha256}", id: "getContent", tag: .mailService, summary: "Read a content",
            roles: [.mail], parameters: ["ContentDigest"],
            answers: [OpenAPIAnswer(200, "Its bytes, of the media type that it was stored with.").binary(["*/*"])]),
    ]
}
