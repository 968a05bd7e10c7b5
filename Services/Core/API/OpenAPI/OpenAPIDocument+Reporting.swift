extension OpenAPIDocument {
    static let queues: [OpenAPIOperation] = [
        OpenAPIOperation(
            method: "GET", path: "/queues", id: "getQueues", tag: .reporting,
            summary: "What waits, how old, how late, and who is there for it",
            description: """
                One row for each endpoint and category that has open items, and one without a category for each endpoint of \
                the configuration that has none; at most a second old.
                """,
            roles: [.reader, .supervisor, .mart], parameters: ["ListLimit", "Cursor"],
            answers: [OpenAPIAnswer(200, "One page of the queues.", "Queues")])
    ]

    static let events: [OpenAPIOperation] = [
        OpenAPIOperation(
            method: "GET", path: "/events", id: "readEvents", tag: .reporting, summary: "The reporting feed",
            description: """
                Every event of the tenant, complete and in order: positions have no gaps. Ask with `after` set to `next` of \
                the answer before; an empty answer means that nothing has happened since, or, where `last` is beyond it, that \
                retention has taken all that had.
                """,
            roles: [.reader, .mart, .search], parameters: ["AfterPosition", "EventLimit"],
            answers: [OpenAPIAnswer(200, "Events after that position.", "EventPage")])
    ]

    static let deadLetters: [OpenAPIOperation] = [
        OpenAPIOperation(
            method: "GET", path: "/dead", id: "listDeadLetters", tag: .administration,
            summary: "Messages that could not be taken",
            description: """
                Newest first, with their original bytes unless `contents` is `false`. A page of large messages ends before \
                its `limit`; the next one goes on.
                """,
            roles: [.supervisor], parameters: ["Limit", "Cursor", "DeadLetterContents"],
            answers: [OpenAPIAnswer(200, "One page.", "DeadLetterPage")]),
        OpenAPIOperation(
            method: "POST", path: "/dead/{id}/retry", id: "retryDeadLetter", tag: .administration,
            summary: "Take a message once more",
            description: """
                After whatever stood in its way was mended. The answer is that of the command in the message, and its \
                source gets it on the topic of replies as well. A command that was taken already has no second effect.
                """,
            roles: [.supervisor], parameters: ["DeadLetterId", "IdempotencyKey"],
            answers: [
                OpenAPIAnswer(200, "The command had its effect.", "WorkItem"),
                OpenAPIAnswer(201, "The command made a new item.", "WorkItem"),
            ], problems: [409, 412, 422, 429]),
    ]

    static let customers: [OpenAPIOperation] = [
        OpenAPIOperation(
            method: "POST", path: "/customers/erase", id: "eraseCustomer", tag: .administration,
            summary: "Erase what is known of a customer",
            description: """
                Takes attributes, the source's number, reasons and results out of all items of that customer and their \
                events, and what names the customer out of dead letters and kept answers. The items stay, so that counts \
                stay what they were, and each tells of it by an event (`erase`). An item that was the customer's once and \
                is another's now keeps its content; its events of that time lose theirs. Which attribute names the \
                customer is a setting of the tenant (`customerAttribute`).
                """,
            roles: [.admin], parameters: ["IdempotencyKey"], body: OpenAPIBody(schema: "Erasure"),
            answers: [OpenAPIAnswer(200, "How much was erased.", "Erased")], problems: [409, 422])
    ]

    static let keys: [OpenAPIOperation] = [
        OpenAPIOperation(
            method: "GET", path: "/keys", id: "listKeys", tag: .administration, summary: "API keys, not their texts",
            roles: [.admin], parameters: ["ListLimit", "Cursor"],
            answers: [OpenAPIAnswer(200, "One page of the keys, oldest first.", "KeyPage")]),
        OpenAPIOperation(
            method: "POST", path: "/keys", id: "createKey", tag: .administration, summary: "Make an API key",
            description: """
                The answer holds its text, which is shown this once. Two keys of one name may be valid at a time, so that a \
                key is rotated without a gap: make the second, use it, revoke the first. A repeat under the same \
                `Idempotency-Key` makes no second key and answers 409 with the first one's id.
                """,
            roles: [.admin], parameters: ["IdempotencyKey"], body: OpenAPIBody(schema: "KeyDraft"),
            answers: [OpenAPIAnswer(201, "The key with its text.", "NewKey", headers: ["Location"])],
            problems: [409, 422]),
        OpenAPIOperation(
            method: "DELETE", path: "/keys/{id}", id: "revokeKey", tag: .administration, summary: "Revoke an API key",
            description: """
                It is refused from now on, everywhere; should Redis be away, an instance that has just seen it may take it \
                for 5 more seconds.
                """,
            roles: [.admin], parameters: ["KeyId"], answers: [OpenAPIAnswer(204, "Revoked.")]),
    ]
}
