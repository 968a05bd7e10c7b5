import EmailAccess
import EmailMessages

/// A message that is ready to be sent, in files that live as long as this.
struct ComposedEmail: Sendable {
    /// An attachment that goes to the provider apart from the message.
    struct Apart: Sendable {
        /// The name that the recipient sees.
        let name: String
        let type: String
        /// By which the HTML shows it; nil for a plain attachment.
        let contentId: String?
        let content: MailBody
    }

    let messageId: String
    /// Bytes of the whole message.
    let size: Int
    /// The message; without what goes apart.
    var body: MailBody
    /// In their order.
    var apart: [Apart] = []
    /// The draft at the provider that holds all of it; nil as long as there is none.
    var draft: String?
    /// The files are in it.
    let folder: WorkFolder
}
