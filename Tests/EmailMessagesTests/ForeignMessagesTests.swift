import EmailMessages
import Foundation
import Testing

/// The test messages of Python's email package, read from where Debian puts them, and thousands of damaged ones.
struct ForeignMessagesTests {
    /// Where `dpkg -L libpython3.11-testsuite` lists them.
    static let folder: String? = {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/dpkg")
        process.arguments = ["-L", "libpython3.11-testsuite"]
        let output = Pipe()
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        guard (try? process.run()) != nil else { return nil }
        let list = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        return list.split(separator: "\n").first { $0.hasSuffix("test_email/data") }.map(String.init)
    }()

    static func files() throws -> [String] {
        let folder = try #require(folder, "install.sh tests installs libpython3.11-testsuite")
        return try FileManager.default.contentsOfDirectory(atPath: folder).sorted().map { "\(folder)/\($0)" }
    }

    @Test func everyFileGivesValidText() throws {
        let files = try Self.files()
        #expect(files.count > 60)
        for file in files {
            let read = try read(Data(contentsOf: URL(fileURLWithPath: file)))
            // but for these, whose parts are empty, a message of Python's has something to read in it
            let empty = ["msg_08", "msg_09", "msg_12", "msg_18", "msg_24"].contains { file.contains($0) }
            if file.hasSuffix(".txt"), !empty {
                #expect(!read.message.text.isEmpty || !read.message.attachments.isEmpty, "\(file)")
            }
        }
    }

    @Test func knownOnesAreReadRight() throws {
        let folder = try #require(Self.folder)
        func message(_ name: String) throws -> ReadMessage {
            try read(Data(contentsOf: URL(fileURLWithPath: "\(folder)/\(name)")))
        }
        #expect(try message("msg_01.txt").message.subject == "This is a test message")
        #expect(try message("msg_02.txt").message.from?.address == "ppp-request@zzz.org")
        #expect(try message("msg_07.txt").message.attachments.map(\.name) == ["dingusfish.gif"])
        #expect(try message("msg_16.txt").message.deliveryStatus?.recipients.isEmpty == false)
        #expect(try message("msg_33.txt").message.protection == [.signedOpenPGP])
        #expect(try message("msg_17.txt").message.text.hasPrefix("Hi there"))
    }

    @Test(arguments: 1...8) func damagedMessagesNeverCrash(_ seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        let corpus =
            try Self.files().map { [UInt8](try Data(contentsOf: URL(fileURLWithPath: $0))) }.filter {
                $0.count < 12_000
            }
            + (HeaderCases.cases + StructureCases.cases).map(\.bytes).filter { $0.count < 12_000 }
        for _ in 0..<600 {
            var bytes = corpus.randomElement(using: &generator) ?? []
            for _ in 0..<Int.random(in: 1...8, using: &generator) {
                Mutation.allCases.randomElement(using: &generator)?.apply(to: &bytes, corpus, &generator)
            }
            _ = try read(bytes)
        }
    }

    private enum Mutation: CaseIterable {
        case flip, cut, remove, double, splice, nul, high, boundary, lines

        func apply(to bytes: inout [UInt8], _ corpus: [[UInt8]], _ generator: inout SeededGenerator) {
            guard bytes.count > 4, bytes.count < 200_000 else { return }
            let start = Int.random(in: 0..<bytes.count - 1, using: &generator)
            let end = min(bytes.count, start + Int.random(in: 1...400, using: &generator))
            switch self {
            case .flip: bytes[start] ^= 1 << UInt8.random(in: 0...7, using: &generator)
            case .cut: bytes.removeSubrange(start...)
            case .remove: bytes.removeSubrange(start..<end)
            case .double: bytes.insert(contentsOf: Array(bytes[start..<end]), at: end)
            case .splice:
                let other = corpus.randomElement(using: &generator) ?? []
                bytes.insert(contentsOf: other.suffix(Int.random(in: 0...other.count, using: &generator)), at: start)
            case .nul: bytes[start] = 0
            case .high: bytes[start] = UInt8.random(in: 128...255, using: &generator)
            case .boundary:
                bytes.insert(contentsOf: "\n--BOUNDARY\nContent-Type: multipart/x; boundary=b\n\n--b\n".utf8, at: start)
            case .lines: bytes.insert(contentsOf: "\r\n\r\n".utf8, at: start)
            }
        }
    }
}
