import Domain

extension OpenAPIDocument {
    static let emails: [OpenAPIOperation] =
        [
            OpenAPIOperation(
                method: "POST", path: "/workitems/{id}/replies", id: "reply", tag: .emails,
                summary: "Answer an item's message",
                description: """
                    To the sender, to all, or on to somebody else. The message is queued at once, unless it is a draft or a \
                    supervisor has to approve it. An agent answers items that the agent has.
                    """,
                roles: [.agent, .supervisor], parameters: ["WorkItemId", "IdempotencyKey"],
                body: OpenAPIBody(schema: "Reply"),
                answers: [OpenAPIAnswer(201, "The message.", "Email", headers: ["ETag"])], problems: [409, 422]),
            OpenAPIOperation(
                method: "GET", path: "/workitems/{id}/emails/{emailId}/raw", id: "getRawEmail", tag: .emails,
                summary: "A message as it came", roles: [.reader, .supervisor, .agent],
                parameters: ["WorkItemId", "EmailOfItem"],
                answers: [OpenAPIAnswer(200, "RFC 5322.").binary(["message/rfc822"])]),
            OpenAPIOperation(
                method: "GET", path: "/workitems/{id}/emails/{emailId}/html", id: "getEmailHTML", tag: .emails,
                summary: "A message's HTML, fit for display", roles: [.reader, .supervisor, .agent],
                parameters: ["WorkItemId", "EmailOfItem"],
                answers: [OpenAPIAnswer(200, "Without script, form and remote content.").binary(["text/html"])]),
            OpenAPIOperation(
                method: "GET", path: "/workitems/{id}/emails/{emailId}/attachments/{n}", id: "getEmailAttachment",
                tag: .emails, summary: "An attachment", roles: [.reader, .supervisor, .agent],
                parameters: ["WorkItemId", "EmailOfItem", "AttachmentIndex"],
                answers: [OpenAPIAnswer(200, "Its bytes.").binary(["application/octet-stream"])]),
            OpenAPIOperation(
                method: "GET", path: "/emails", id: "listEmails", tag: .emails, summary: "List messages",
                description: "Newest first, without their texts.", roles: [.reader, .supervisor, .agent],
                parameters: ["EmailItemFilter", "EmailMailboxFilter", "EmailStateFilter", "Limit", "Cursor"],
                answers: [OpenAPIAnswer(200, "One page.", "EmailPage")]),
            OpenAPIOperation(
                method: "POST", path: "/emails", id: "writeEmail", tag: .emails, summary: "Write a new message",
                roles: [.agent, .supervisor], parameters: ["IdempotencyKey"], body: OpenAPIBody(schema: "NewEmail"),
                answers: [OpenAPIAnswer(201, "The message.", "Email", headers: ["ETag"])], problems: [409, 422]),
            OpenAPIOperation(
                method: "GET", path: "/emails/{id}", id: "getEmail", tag: .emails, summary: "Read a message",
                roles: [.reader, .supervisor, .agent], parameters: ["EmailId"],
                answers: [OpenAPIAnswer(200, "The message.", "Email", headers: ["ETag"])]),
            OpenAPIOperation(
                method: "PATCH", path: "/emails/{id}", id: "changeEmail", tag: .emails, summary: "Change a draft",
                description: """
                    `text`, `html` and `template` are one body: naming one of them makes both texts anew, as when the message \
                    was made, with signature, token and quotation below. A text that was read here and holds them is taken \
                    as it is. What an agent changes while the message awaits approval goes on waiting, and is approved with \
                    `If-Match` only.
                    """,
                roles: [.agent, .supervisor], parameters: ["EmailId", "IfMatch", "IdempotencyKey"],
                body: OpenAPIBody(schema: "EmailEdit"),
                answers: [OpenAPIAnswer(200, "The message.", "Email", headers: ["ETag"])], problems: [409, 412, 422]),
            OpenAPIOperation(
                method: "DELETE", path: "/emails/{id}", id: "discardEmail", tag: .emails, summary: "Discard a draft",
                description: "As `cancel`: that there was one stays in the item's history.",
                roles: [.agent, .supervisor], parameters: ["EmailId", "IfMatch", "IdempotencyKey"],
                answers: [OpenAPIAnswer(204, "It is called off.")], problems: [409, 412]),
        ]
        + EmailAction.commands.map { action in
            OpenAPIOperation(
                method: "POST", path: "/emails/{id}/\(action.rawValue)", id: "\(action.rawValue)Email", tag: .emails,
                summary: summary(of: action), description: description(of: action),
                roles: [.approve, .reject].contains(action) ? [.supervisor] : [.agent, .supervisor],
                parameters: ["EmailId", "IfMatch", "IdempotencyKey"], body: OpenAPIBody.optional("Reason"),
                answers: [OpenAPIAnswer(200, "The message.", "Email", headers: ["ETag"])], problems: [409, 412, 422])
        }

    private static func description(of action: EmailAction) -> String {
        guard action == .approve else { return "" }
        return "`If-Match` is required when an agent has changed the message since it was handed in."
    }

    private static func summary(of action: EmailAction) -> String {
        switch action {
        case .send: "Send a draft off"
        case .approve: "Let a message go out"
        case .reject: "Refuse a message"
        case .cancel: "Call a message off that has not gone out"
        case .retry: "Send a message once more that failed, or of which nobody knows"
        case .confirm: "Say that a message went out of which nobody knows"
        default: ""
        }
    }
}
