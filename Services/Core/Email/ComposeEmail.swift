import Domain
import Foundation
import ServiceKit
import Storage

/// Makes messages that go out: whom they go to, what stands in them, and the headers that keep a conversation together.
/// The Message-ID is fixed here, before the first try.
struct ComposeEmail {
    let snapshot: TenantSnapshot
    let mailbox: MailboxConfiguration
    let tokens: ReplyTokens
    let now: Instant

    /// What an answer has to do with.
    struct Context {
        var item: WorkItem?
        /// The message that is answered.
        var original: Email?
        var agent: AgentSettings?
    }

    /// The answer to a first message; nil when the mailbox does not send.
    func acknowledgement(
        to: EmailAddress, of email: ReceivedEmail, item: WorkItem, template: EmailTemplate
    ) -> Email? {
        guard let outbound = mailbox.outbound else { return nil }
        let fields = TemplateFields(item: item, agent: nil, mailbox: mailbox)
        let subject =
            template.subject.map { TemplateText.render($0, fields.value) }
            ?? EmailReplying.subject(email.subject, for: .reply)
        var content = JSONObject()
        content["from"] = outbound.from.document
        // Nothing comes back to a null return path, so that no answer is answered.
        content["envelopeFrom"] = .string("")
        content["to"] = .array([to.document])
        content["subject"] = .string(Self.oneLine(subject))
        content["text"] = .string(signed(TemplateText.render(template.text, fields.value), item.id))
        content["html"] = template.html.map {
            .string(signedHTML(TemplateText.render($0, escaping: true, fields.value), item.id))
        }
        content["inReplyTo"] = email.messageId.map(JSONValue.string)
        content["references"] = references(email.references, email.messageId)
        content["autoSubmitted"] = "auto-replied"
        content["replyTo"] = replyTo(outbound.from, item.id)
        return Email(
            direction: .outgoing, state: .queued, mailbox: mailbox.name, workItem: item.id,
            messageId: messageId(from: outbound.from.address), at: now, dueAt: now, content: content)
    }

    /// A person's message.
    /// - Parameter attachments: resolved.
    /// - Throws: ``Problem`` 422 with every wrong place.
    func message(
        _ draft: EmailDraft, _ context: Context, attachments: [EmailAttachment], state: EmailState
    ) throws(Problem) -> Email {
        guard let outbound = mailbox.outbound else {
            throw .unprocessable(
                "The mailbox \(mailbox.name) does not send.",
                errors: [.init(path: "/mailbox", message: "must name a mailbox with outbound")])
        }
        let from = try sender(draft.from, outbound)
        let original = context.original
        let derived = EmailReplying.recipients(
            of: draft.kind, from: original?.from, replyTo: original?.addresses("replyTo") ?? [],
            to: original?.addresses("to") ?? [], cc: original?.addresses("cc") ?? [],
            own: mailbox.ownAddresses.union([from.key]))
        let to = draft.to ?? derived.to
        if to.isEmpty, state != .draft {
            throw .unprocessable(
                "Nobody is named to whom the message goes.",
                errors: [.init(path: "/to", message: "must name at least one address")])
        }
        let quotes = original != nil && draft.quote ?? (draft.kind != .new)
        let body = try body(of: draft, context, quotes: quotes)
        let subject =
            body.subject ?? (draft.kind == .new ? "" : EmailReplying.subject(original?.subject, for: draft.kind))
        var content = JSONObject()
        content["from"] = from.document
        content["envelopeFrom"] = .string(from.address)
        content["to"] = .array(to.map(\.document))
        content["cc"] = list(draft.cc ?? derived.cc)
        content["bcc"] = list(draft.bcc ?? [])
        content["subject"] = .string(Self.oneLine(subject))
        content["text"] = .string(body.text)
        content["html"] = body.html.map(JSONValue.string)
        content["answers"] = original.map { .string($0.id.dashedText) }
        if quotes { content["quote"] = true }
        if let original, draft.kind == .reply || draft.kind == .replyAll {
            content["inReplyTo"] = original.messageId.map(JSONValue.string)
            content["references"] = references(original.references, original.messageId)
        }
        content["replyTo"] = context.item.flatMap { replyTo(from, $0.id) }
        if !attachments.isEmpty { content["attachments"] = .array(attachments.map(\.document)) }
        try checkSize(content, attachments, outbound)
        return Email(
            direction: .outgoing, state: state, mailbox: mailbox.name, workItem: context.item?.id,
            messageId: messageId(from: from.address), agent: context.agent?.id, at: now,
            dueAt: state == .draft ? draft.sendAt : max(now, draft.sendAt ?? now), content: content)
    }

    /// Whom a message may be from.
    func sender(_ address: String?, _ outbound: MailboxOutbound) throws(Problem) -> EmailAddress {
        guard let address else { return outbound.from }
        guard outbound.maySend(as: address) else {
            throw .unprocessable(
                "The mailbox \(mailbox.name) may not send as \(address).",
                errors: [.init(path: "/from", message: "must be the mailbox's own address or one of its sendAs")])
        }
        return EmailAddress(name: outbound.from.name, address: address)
    }

    func checkSize(
        _ content: JSONObject, _ attachments: [EmailAttachment], _ outbound: MailboxOutbound
    ) throws(Problem) {
        let texts = ["text", "html"].compactMap { content[$0]?.stringValue?.utf8.count }.reduce(0, +)
        // Base 64 makes four bytes of three.
        let size = texts + attachments.reduce(0) { $0 + Int($1.size) * 4 / 3 }
        guard size > outbound.greatestMessage else { return }
        throw .unprocessable(
            "The message would have some \(size) bytes; the mailbox sends at most \(outbound.greatestMessage).",
            errors: [.init(path: "/attachments", message: "together too large")])
    }

    func template(_ name: String?) throws(Problem) -> EmailTemplate? {
        guard let name else { return nil }
        guard let template = snapshot.configuration.template(named: name) else {
            throw .unprocessable(
                "The configuration has no template \(name).",
                errors: [.init(path: "/template", message: "must name a template")])
        }
        return template
    }

    func signed(_ text: String, _ item: UUID?) -> String {
        var text = text
        if let signature = mailbox.signature { text += "\n\n-- \n\(signature)" }
        if let token = item.flatMap(tokens.token) { text += "\n\n[ref:\(token)]" }
        return text
    }

    func signedHTML(_ html: String, _ item: UUID?) -> String {
        var html = html
        if let signature = mailbox.signature {
            html +=
                "\n<p>-- <br>\n"
                + TemplateText.escaped(signature).replacing("\r\n", with: "\n").replacing("\n", with: "<br>\n") + "</p>"
        }
        if let token = item.flatMap(tokens.token) { html += "\n<p>[ref:\(token)]</p>" }
        return html
    }

    private func replyTo(_ from: EmailAddress, _ item: UUID) -> JSONValue? {
        // A local part has 64 bytes at most (RFC 5321); without the tag the token stands in the text alone.
        tokens.token(of: item).map { from.tagged($0) }.flatMap {
            EmailAddress.isAddress($0.address) ? $0.document : nil
        }
    }

    private func references(_ references: [String], _ messageId: String?) -> JSONValue? {
        let all = EmailReplying.references(references, answering: messageId)
        return all.isEmpty ? nil : .array(all.map(JSONValue.string))
    }

    private func list(_ addresses: [EmailAddress]) -> JSONValue? {
        addresses.isEmpty ? nil : .array(addresses.map(\.document))
    }

    private func messageId(from address: String) -> String {
        let domain = address.split(separator: "@").last.map(String.init) ?? "localhost"
        return "\(UUIDv7.next().hexText)@\(domain)"
    }

    /// Header fields have no line breaks.
    static func oneLine(_ text: String) -> String {
        String(text.unicodeScalars.map { $0.value < 0x20 || $0.value == 0x7F ? " " : Character($0) }).cut(toBytes: 900)
    }
}

/// What the fields of a template stand for.
struct TemplateFields {
    let item: WorkItem?
    let agent: AgentSettings?
    let mailbox: MailboxConfiguration

    func value(_ field: String) -> String? {
        switch field {
        case "workItem.captureId": return item?.captureId
        case "workItem.id": return item?.id.dashedText
        case "workItem.due": return item?.due?.rfc3339
        case "agent.name": return agent?.name
        case "agent.id": return agent?.key
        case "mailbox.name": return mailbox.name
        case "mailbox.address": return mailbox.address
        default: break
        }
        let root = "attributes."
        guard field.hasPrefix(root), let item else { return nil }
        return switch JSONObject(stored: item.attributes)[String(field.dropFirst(root.count))] {
        case .string(let text)?: text
        case .array(let values)?: values.map { $0.stringValue ?? $0.text }.joined(separator: ", ")
        case let value?: value.text
        case nil: nil
        }
    }
}
