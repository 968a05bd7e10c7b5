import Domain
import EmailMessages
import Foundation
import Testing

/// A folder that is gone after the test.
struct TestFolder: ~Copyable {
    let path: String

    init() throws {
        path = NSTemporaryDirectory() + "/millrace-mail-test-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func write(_ bytes: some Sequence<UInt8>, name: String = "raw") throws -> String {
        let file = "\(path)/\(name)"
        try Data(bytes).write(to: URL(fileURLWithPath: file))
        return file
    }
}

/// A message that was read, with the contents that were written beside it.
struct ReadMessage: Sendable {
    let message: EmailMessage
    let attachments: [[UInt8]]
    let html: String

    /// The text of an attachment's content.
    func attachment(_ index: Int) -> String { String(decoding: attachments[index], as: UTF8.self) }
}

/// Reads the bytes as a message.
func read(_ bytes: some Sequence<UInt8>, limits: EmailReadingLimits = EmailReadingLimits()) throws -> ReadMessage {
    let folder = try TestFolder()
    let message = try EmailReader.readBlocking(path: folder.write(bytes), into: folder.path, limits: limits)
    func content(_ file: MessageFile) throws -> [UInt8] {
        let bytes = try Array(Data(contentsOf: URL(fileURLWithPath: "\(folder.path)/\(file.file)")))
        #expect(bytes.count == file.size)
        return bytes
    }
    let read = ReadMessage(
        message: message, attachments: try message.attachments.map { try content($0.content) },
        html: try message.html.map { String(decoding: try content($0), as: UTF8.self) } ?? "")
    checkText(read)
    return read
}

/// What holds of every message: no text with U+0000, digests of 64 digits, names that are no paths, bounded text.
func checkText(_ read: ReadMessage) {
    let message = read.message
    var texts = [message.text, message.subject ?? "", message.messageId ?? "", read.html] + message.references
    texts += ([message.from, message.sender] + message.to + message.cc + message.replyTo).compactMap { $0 }
        .flatMap { [$0.address, $0.name ?? ""] }
    texts += message.attachments.flatMap { [$0.name, $0.type, $0.contentId ?? ""] } + message.replyTokens
    for recipient in message.deliveryStatus?.recipients ?? [] {
        texts += [recipient.address, recipient.action, recipient.status ?? "", recipient.diagnostic ?? ""]
    }
    #expect(texts.allSatisfy { !$0.utf8.contains(0) })
    #expect(message.text.utf8.count <= EmailReadingLimits().text)
    for (index, attachment) in message.attachments.enumerated() {
        #expect(attachment.index == index)
        #expect(attachment.content.sha256.utf8.count == 64)
        #expect(!attachment.name.isEmpty && !attachment.name.contains("/") && attachment.name.utf8.count <= 255)
    }
}

/// A message and what reading it has to give.
struct MessageCase: Sendable, CustomTestStringConvertible {
    let name: String
    let bytes: [UInt8]
    let check: @Sendable (ReadMessage) -> Void

    /// A case of text; line ends become CRLF, as on the wire.
    init(_ name: String, _ text: String, _ check: @escaping @Sendable (ReadMessage) -> Void) {
        self.init(name, bytes: Array(text.replacing("\n", with: "\r\n").utf8), check)
    }

    /// A case of bytes.
    init(_ name: String, bytes: [UInt8], _ check: @escaping @Sendable (ReadMessage) -> Void) {
        self.name = name
        self.bytes = bytes
        self.check = check
    }

    var testDescription: String { name }
}

/// Text whose characters are bytes: `\u{E9}` is the byte E9.
func latin(_ text: String) -> [UInt8] {
    text.replacing("\n", with: "\r\n").unicodeScalars.map { UInt8(truncatingIfNeeded: $0.value) }
}
