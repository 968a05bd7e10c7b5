/// What became of a message that was to be sent.
public enum SmtpOutcome: Sendable, Hashable {
    /// The server has taken it over; its reply.
    case accepted(String)
    /// The server does not take it now (4xx); nothing was sent to anybody. Try again later.
    case refusedForNow(String)
    /// The server does not take it at all (5xx); nothing was sent to anybody.
    case refusedForGood(String)
    /// The connection was lost before the message's end was sent: nothing was sent to anybody. Try again.
    case lostBefore(EmailAccessError)
    /// The message's end was sent and no answer came: the server may have taken it or not. Never send it again unless
    /// somebody has looked.
    case uncertain(EmailAccessError)
}

/// From whom and to whom a message goes, whatever its head says.
public struct SmtpEnvelope: Sendable, Hashable {
    /// The return path; empty: none, for answers that must not be answered.
    public var sender: String
    /// All recipients.
    public var recipients: [String]

    /// Makes an envelope.
    public init(sender: String, recipients: [String]) {
        self.sender = sender
        self.recipients = recipients
    }

    /// - Throws: ``EmailAccessError/Code/invalidConfiguration`` for what would break out of a command.
    func check() throws(EmailAccessError) {
        guard !recipients.isEmpty else {
            throw EmailAccessError(.invalidConfiguration, "The message has no recipients.")
        }
        for address in recipients + (sender.isEmpty ? [] : [sender]) {
            let isSafe = address.utf8.allSatisfy {
                $0 > 0x20 && $0 != 0x7f && $0 != UInt8(ascii: "<") && $0 != UInt8(ascii: ">")
            }
            guard isSafe, address.contains("@"), address.utf8.count <= 254 else {
                throw EmailAccessError(
                    .invalidConfiguration, "\(address.prefix(100)) is not an address that mail can be sent to.")
            }
        }
    }

    var isASCII: Bool { (recipients + [sender]).allSatisfy { $0.utf8.allSatisfy { $0 < 128 } } }
}
