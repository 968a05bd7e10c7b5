import Crypto
import EmailMessages
import Foundation
import Testing

/// Messages far greater than what may be held in memory.
struct LargeMessageTests {
    /// Writes a message of about 50 MB: a short text and `count` attachments that share the bytes.
    private static func write(_ folder: borrowing TestFolder, attachments: Int) throws -> (String, [UInt8]) {
        let path = "\(folder.path)/large"
        _ = FileManager.default.createFile(atPath: path, contents: nil)
        let file = try #require(FileHandle(forWritingAtPath: path))
        defer { try? file.close() }
        try file.write(
            contentsOf: Data(
                "Subject: large\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nsmall text\r\n".utf8))
        var digest = SHA256()
        let line = Data((0..<57).map { UInt8($0) })
        let block = Data(String(repeating: line.base64EncodedString() + "\r\n", count: 1_000).utf8)
        for number in 0..<attachments {
            try file.write(
                contentsOf: Data("--b\r\nContent-Type: x/y; name=n\r\nContent-Transfer-Encoding: base64\r\n\r\n".utf8))
            for _ in 0..<(650 / attachments) {
                try file.write(contentsOf: block)
                if number == 0 { for _ in 0..<1_000 { digest.update(data: line) } }
            }
            try file.write(contentsOf: Data("\r\n".utf8))
        }
        try file.write(contentsOf: Data("--b--\r\n".utf8))
        return (path, Array(digest.finalize()))
    }

    // Each in a process of its own, where nothing else takes memory.

    @Test func aFiftyMegabyteAttachmentIsReadInLittleMemory() async {
        await #expect(processExitsWith: .success) { try LargeMessageTests.readAttachments(1) }
    }

    @Test func fiveAttachmentsOfTenMegabytesAreReadInLittleMemory() async {
        await #expect(processExitsWith: .success) { try LargeMessageTests.readAttachments(5) }
    }

    @Test func aFiftyMegabyteTextIsReadInLittleMemory() async {
        await #expect(processExitsWith: .success) { try LargeMessageTests.readBody("text/plain", greatest: 24_000) }
    }

    @Test func aFiftyMegabytePageIsReadInBoundedMemory() async {
        await #expect(processExitsWith: .success) { try LargeMessageTests.readBody("text/html", greatest: 80_000) }
    }

    @Test func aFiftyMegabyteMessageWithinAMessageIsReadInLittleMemory() async {
        await #expect(processExitsWith: .success) { try LargeMessageTests.readBody("message/rfc822", greatest: 24_000) }
    }

    @Test func aForwardedMessageIsReadWhereOnlyItsFolderCanBeWrittenTo() async {
        await #expect(processExitsWith: .success) {
            let folder = try TestFolder()
            let part = "--b\nContent-Type: message/rfc822\n\nSubject: inner\n\nforwarded\n"
            let path = try folder.write(
                latin("Content-Type: multipart/mixed; boundary=b\n\n--b\n\ntext\n\(part)--b--\n"))
            setenv("TMPDIR", "/nonexistent", 1)
            let message = try EmailReader.readBlocking(path: path, into: folder.path)
            #expect(message.attachments.map(\.type) == ["message/rfc822"])
            let left = try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
            #expect(left == ["attachment-0", "raw"])
        }
    }

    @Test func fiftyMegabytesOutsideOfPartsAreReadInLittleMemory() async {
        await #expect(processExitsWith: .success) {
            try LargeMessageTests.readBody("multipart/mixed; boundary=\"never\"", greatest: 24_000)
        }
        await #expect(processExitsWith: .success) {
            let parts = "multipart/mixed;\r\n boundary=b\r\n\r\n--b\r\n\r\ntext\r\n--b--"
            try LargeMessageTests.readBody(parts, greatest: 24_000)
        }
    }

    private static func readAttachments(_ attachments: Int) throws {
        let folder = try TestFolder()
        let (path, digest) = try write(folder, attachments: attachments)
        let size = try #require(FileManager.default.attributesOfItem(atPath: path)[.size] as? Int)
        #expect(size > 50_000_000)
        // the peak counts from now on
        try Data("5".utf8).write(to: URL(fileURLWithPath: "/proc/self/clear_refs"))
        let before = try memory("VmRSS")
        let message = try EmailReader.readBlocking(path: path, into: folder.path)
        let peak = try memory("VmHWM")
        #expect(message.text == "small text")
        #expect(message.attachments.count == attachments)
        let hex = digest.map { String(format: "%02x", $0) }.joined()
        #expect(message.attachments.first?.content.sha256 == hex)
        #expect(peak - before < 24_000, "reading 50 MB took \(peak - before) kB")
    }

    private static func readBody(_ type: String, greatest: Int) throws {
        let folder = try TestFolder()
        let path = "\(folder.path)/large"
        _ = FileManager.default.createFile(atPath: path, contents: nil)
        let file = try #require(FileHandle(forWritingAtPath: path))
        try file.write(contentsOf: Data("Content-Type: \(type)\r\n\r\nX-Inner: 1\r\n\r\n".utf8))
        let block = Data(String(repeating: "Some words that go on and on, line after line.\r\n", count: 20_000).utf8)
        for _ in 0..<52 { try file.write(contentsOf: block) }
        try file.close()
        try Data("5".utf8).write(to: URL(fileURLWithPath: "/proc/self/clear_refs"))
        let before = try memory("VmRSS")
        let message = try EmailReader.readBlocking(path: path, into: folder.path)
        let peak = try memory("VmHWM")
        if type.hasPrefix("text") { #expect(message.textIsTruncated) }
        #expect(peak - before < greatest, "reading 50 MB of \(type) took \(peak - before) kB")
    }

    @Test func threadsAreBoundedAndStop() async throws {
        let threads = MessageThreads(count: 2)
        let folder = try TestFolder()
        let path = try folder.write(Array("Subject: s\r\n\r\ntext".utf8))
        let reader = EmailReader(threads: threads)
        let into = folder.path
        let texts = try await withThrowingTaskGroup(of: String.self) { group in
            for number in 0..<50 {
                group.addTask {
                    let own = "\(into)/\(number)"
                    try FileManager.default.createDirectory(atPath: own, withIntermediateDirectories: true)
                    return try await reader.read(path: path, into: own).text
                }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(texts == Array(repeating: "text", count: 50))
        threads.stop()
        await #expect(throws: EmailMessageError.self) { try await reader.read(path: path, into: into) }
    }
}
