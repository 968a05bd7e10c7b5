import Domain
import Foundation
import ServiceKit

/// What stands in a message: what a person writes or a template says, and below it signature, token and the message answered.
extension ComposeEmail {
    /// A message's texts.
    struct Body {
        /// What the person or the template says; nil lets the message that is answered say.
        var subject: String?
        var text: String
        var html: String?
    }

    /// The texts of a draft. `text`, `html` and `template` are one body: it is made of those that are named.
    /// - Parameters:
    ///   - quotes: whether the message that is answered stands below.
    ///   - shown: whether the draft may be made of a text that was shown: then what stands below is not added again.
    /// - Throws: ``Problem`` 422 when there is no such template.
    func body(
        of draft: EmailDraft, _ context: Context, quotes: Bool, shown: Bool = false
    ) throws(Problem) -> Body {
        let fields = TemplateFields(item: context.item, agent: context.agent, mailbox: mailbox)
        let template = try template(draft.template)
        let item = context.item?.id
        var below = (text: signed("", item), html: signedHTML("", item))
        if let original = context.original, quotes {
            let moment = original.content["receivedAt"]?.stringValue.flatMap { Instant(rfc3339: $0) }
            below.text += EmailReplying.quoted(original.text, from: original.from, at: moment)
            below.html += EmailReplying.quotedHTML(original.text, from: original.from, at: moment)
        }
        let mark = item.flatMap(tokens.token).map { "[ref:\($0)]" }
        func whole(_ written: String, _ below: String) -> String {
            if shown, written.hasSuffix(below) || mark.map(written.contains) == true { return written }
            return written + below
        }
        let text = draft.text ?? template.map { TemplateText.render($0.text, fields.value) } ?? ""
        let html = draft.html ?? template?.html.map { TemplateText.render($0, escaping: true, fields.value) }
        return Body(
            subject: draft.subject ?? template?.subject.map { TemplateText.render($0, fields.value) },
            text: whole(text, below.text), html: html.map { whole($0, below.html) })
    }
}
