/// One response of an IMAP server, understood as far as we use it.
package enum ImapResponse: Sendable, Equatable {
    /// The end of the command with this tag.
    case tagged(String, ImapStatus)
    /// An untagged OK, NO, BAD, PREAUTH or BYE.
    case status(ImapStatus)
    /// The server waits for more.
    case continuation(String)
    /// What the server can do, in capitals.
    case capability([String])
    /// How many messages the open folder has.
    case exists(Int)
    /// The message with this number is gone.
    case expunge(Int)
    /// Something of a message.
    case fetch(ImapFetch)
    /// UIDs of a SEARCH.
    case search([ClosedRange<UInt32>])
    /// A folder.
    case list(ImapFolder)
    /// Counts of a folder, their names in capitals.
    case folderStatus(name: String, values: [String: UInt64])
    /// What we have no use for.
    case other
}

/// OK, NO, BAD, PREAUTH or BYE with its code and text.
package struct ImapStatus: Sendable, Equatable {
    /// The first word.
    package enum Kind: String, Sendable, Equatable {
        /// Done.
        case ok = "OK"
        /// Refused.
        case no = "NO"
        /// Not understood.
        case bad = "BAD"
        /// Logged in already.
        case preauth = "PREAUTH"
        /// The server ends the session.
        case bye = "BYE"
    }

    /// The first word.
    package var kind: Kind
    /// The response code in brackets, its name in capitals.
    package var code: String?
    /// What follows the code's name.
    package var arguments: [ImapValue] = []
    /// The text for people.
    package var text: String

    /// The number of a code such as `[UIDNEXT 5]`.
    func number(_ name: String) -> UInt64? { code == name ? arguments.first?.number : nil }

    /// The error that a NO, BAD or BYE means.
    package func error(_ doing: String) -> EmailAccessError {
        let said = String(text.prefix(300))
        switch (kind, code) {
        case (.bye, _): return EmailAccessError(.connectionLost, "The mail server ended the session: \(said)")
        case (.bad, _):
            return EmailAccessError(.protocolViolation, "The mail server does not understand \(doing): \(said)")
        case (_, "OVERQUOTA"), (_, "LIMIT"):
            return EmailAccessError(.mailboxFull, "The mailbox is full; \(doing) is refused: \(said)")
        case (_, "UNAVAILABLE"), (_, "INUSE"), (_, "SERVERBUG"), (_, "CONTACTADMIN"):
            return EmailAccessError(.temporarilyRefused, "The mail server cannot do \(doing) now: \(said)")
        case (_, "AUTHENTICATIONFAILED"), (_, "AUTHORIZATIONFAILED"), (_, "EXPIRED"), (_, "PRIVACYREQUIRED"):
            return EmailAccessError(.credentialsRefused, "The mail server refuses the user: \(said)")
        default: return EmailAccessError(.refused, "The mail server refuses \(doing): \(said)")
        }
    }
}

/// What a FETCH response told of a message.
package struct ImapFetch: Sendable, Equatable {
    /// Its number in the folder just now.
    package var sequence: Int
    /// Its UID.
    package var uid: UInt32?
    /// Bytes.
    package var size: Int?
    /// Milliseconds since 1970.
    package var internalDate: Int64?
    /// Flags and keywords.
    package var flags: [String]?
    /// A body section: bytes in the line, or that handed out in pieces.
    package var section: ImapValue?
}

/// A folder as LIST tells it.
public struct ImapFolder: Sendable, Hashable {
    /// Its name, decoded.
    public var name: String
    /// What separates levels in names; nil: there are none.
    public var delimiter: String?
    /// Attributes as written: `\Sent`, `\Noselect`, …
    public var attributes: [String]

    /// Makes a folder.
    public init(name: String, delimiter: String?, attributes: [String]) {
        self.name = name
        self.delimiter = delimiter
        self.attributes = attributes
    }

    /// Whether it has an attribute, case aside.
    public func has(_ attribute: String) -> Bool {
        attributes.contains { $0.lowercased() == attribute.lowercased() }
    }
}
