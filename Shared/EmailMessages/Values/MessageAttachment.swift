/// Bytes that the reader wrote into the caller's folder.
public struct MessageFile: Sendable, Hashable {
    /// The file's name in the folder; made by the reader, never by the sender.
    public var file: String
    /// Bytes.
    public var size: Int
    /// SHA-256 of the bytes, 64 hexadecimal digits in lower case.
    public var sha256: String
}

/// A part of a message that is not its text.
public struct MessageAttachment: Sendable, Hashable {
    /// What a reader has to know before opening it.
    public enum Kind: String, Sendable, Hashable {
        /// A file.
        case file
        /// A message in the message: forwarded, or returned by a mail server.
        case message
        /// What only the holder of a key can read.
        case encrypted
        /// The signature of a signed message.
        case signature
        /// Microsoft's winmail.dat.
        case tnef
    }

    /// The position among the message's attachments, from 0.
    public var index: Int
    /// The name as the sender wrote it, without path and controls; made from type and index when there is none.
    public var name: String
    /// The media type in lower case, such as `application/pdf`.
    public var type: String
    /// The Content-ID without angle brackets.
    public var contentId: String?
    /// Whether it is meant to be shown within the text.
    public var isInline: Bool
    /// What it is.
    public var kind: Kind
    /// The decoded bytes.
    public var content: MessageFile
}
