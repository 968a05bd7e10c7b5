import Core
import Domain
import Foundation
import Logging
import NIOCore
import Storage
import Testing

@Suite("Contents in a folder")
struct ContentFolderTests {
    private let root = FileManager.default.temporaryDirectory.appending(path: "contents-\(UUID().uuidString)").path

    /// A folder of its own, which goes with the test.
    private func with(
        patience: Duration = .seconds(60), _ body: (ContentFolder, ContentFiles, String) async throws -> Void
    ) async throws {
        try FileManager.default.createDirectory(atPath: root, withIntermediateDirectories: false)
        defer { try? FileManager.default.removeItem(atPath: root) }
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        let folder = ContentFolder(path: root, takesNew: true, patience: patience, logger: logger)
        let place = UUIDv7.next()
        do {
            try await body(folder, ContentFiles(folder, place: place), "\(root)/\(place.hexText)")
        } catch {
            await folder.close()
            throw error
        }
        await folder.close()
    }

    private func name(_ first: UInt8 = 0xAB) -> ContentName {
        ContentName(sha256: [first] + [UInt8](repeating: 7, count: 31), upload: UUIDv7.next())
    }

    private func whole(_ name: ContentName) -> ContentFiles.Entry { .init(name: name, isUnfinished: false) }

    private func mode(_ path: String) throws -> Int {
        try #require(FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int)
    }

    private func read(_ files: ContentFiles, _ name: ContentName, size: Int64) async throws -> [UInt8] {
        var found: [UInt8] = []
        try await files.read(name, size: size, pieces: 4) { found += Array($0.readableBytesView) }
        return found
    }

    @Test func aNameIsReadAsItWasWritten() {
        let name = name()
        #expect(ContentName(name.text) == name && name.bucket == "ab")
        #expect(abs(name.began - Instant.now) < 60_000)
        let digest = String(repeating: "0a", count: 32)
        for foreign in [
            "", ".", digest, "\(digest).", "\(digest).1", name.text.uppercased(), name.text + ".part",
            "../" + name.text,
            name.text + ".", "\(digest).\(UUIDv7.next().uuidString)",
        ] {
            #expect(ContentName(foreign) == nil, "\(foreign)")
        }
    }

    @Test func aFileHasItsNameWhenItIsWhole() async throws {
        try await with { _, files, path in
            let name = name()
            let draft = try await files.beginFirst(name)
            try await draft.write([1, 2, 3, 4, 5])
            #expect(try await files.size(of: name) == nil)
            #expect(try await files.entries(in: "ab") == [.init(name: name, isUnfinished: true)])
            try await draft.write([6, 7])
            try await draft.finish()
            #expect(try await files.size(of: name) == 7)
            #expect(try await files.entries(in: "ab") == [.init(name: name, isUnfinished: false)])
            #expect(try await read(files, name, size: 7) == [1, 2, 3, 4, 5, 6, 7])
            #expect(try mode("\(path)/ab/\(name.text)") == 0o600)
            #expect(try mode(path) == 0o700 && mode("\(path)/ab") == 0o700)
        }
    }

    @Test func whatIsAbandonedLeavesNothingAlsoWhenTheTaskIsCancelled() async throws {
        try await with { _, files, _ in
            let name = name()
            let task = Task {
                let draft = try await files.beginFirst(name)
                try await draft.write([1])
                withUnsafeCurrentTask { $0?.cancel() }
                await draft.abandon()
            }
            try await task.value
            #expect(try await files.buckets() == ["ab"])
            #expect(try await files.entries(in: "ab").isEmpty)
        }
    }

    @Test func whatIsNotOursIsLeftAlone() async throws {
        try await with { _, files, path in
            #expect(try await files.buckets().isEmpty)
            #expect(try await files.entries(in: "ab").isEmpty)
            let (first, second) = (name(0), name(0xFF))
            for name in [first, second] { try await files.beginFirst(name).finish() }
            for foreign in ["lost+found", "00/README", "00/\(second.text)"] {
                #expect(FileManager.default.createFile(atPath: "\(path)/\(foreign)", contents: Data()))
            }
            #expect(try await files.buckets() == ["00", "ff"])
            #expect(try await files.entries(in: "00") == [.init(name: first, isUnfinished: false)])
            // A second time there is nothing to remove.
            for _ in 0..<2 { #expect(try await files.remove([first, second].map(whole)).isEmpty) }
            #expect(try await files.entries(in: "00").isEmpty)
            #expect(try FileManager.default.contentsOfDirectory(atPath: "\(path)/00").count == 2)
        }
    }

    @Test func anUploadNeverMeetsAnotherOne() async throws {
        try await with { _, files, _ in
            let (old, new) = (name(), name())
            for name in [old, new] { try await files.beginFirst(name).finish() }
            #expect(try await files.remove([whole(old)]).isEmpty)
            #expect(try await files.size(of: new) == 0)
            // A file is begun once.
            _ = try await files.beginFirst(old)
            await #expect(throws: ContentFolderError.self) { _ = try await files.beginFirst(old) }
        }
    }

    @Test func aFileThatIsGoneOrShortIsToldOf() async throws {
        try await with { _, files, _ in
            let name = name()
            try await files.beginFirst(self.name()).finish()
            await #expect(throws: ContentFolderError.missing) { _ = try await read(files, name, size: 1) }
            let draft = try await files.beginFirst(name)
            try await draft.write([1, 2])
            try await draft.finish()
            await #expect(throws: ContentFolderError.missing) { _ = try await read(files, name, size: 3) }
        }
    }

    @Test(arguments: [(ENOSPC, true), (EDQUOT, true), (EROFS, false), (EACCES, false), (EIO, false)])
    func aFullDiskIsToldApartFromAnotherFailure(_ number: Int32, _ isFull: Bool) {
        errno = number
        let error = ContentFolderError.system("a file cannot be written")
        #expect(error.code == (isFull ? .full : .failed) && error.problem.status == 503)
        #expect(error.problem.detail?.contains("full") == isFull)
        #expect(error.description.contains(String(cString: strerror(number))))
    }

    @Test func aFolderThatIsGoneIsNotMadeAnewUnderADiskThatIsNotMounted() async throws {
        try await with { folder, files, _ in
            try FileManager.default.removeItem(atPath: folder.path)
            await #expect(throws: ContentFolderError.self) { _ = try await files.beginFirst(name()) }
            await #expect(throws: ContentFolderError.self) { try await folder.check() }
            #expect(!FileManager.default.fileExists(atPath: folder.path))
        }
    }

    /// A mount point whose disk is away is an empty folder.
    @Test func anEmptyMountPointIsNotTakenForTheFolder() async throws {
        try await with { folder, files, path in
            let (name, hidden) = (name(), "\(folder.path)-hidden")
            try await files.beginFirst(name).finish()
            try FileManager.default.moveItem(atPath: path, toPath: hidden)
            defer { try? FileManager.default.removeItem(atPath: hidden) }
            await #expect(throws: ContentFolderError.away(path)) { _ = try await files.size(of: name) }
            await #expect(throws: ContentFolderError.away(path)) { _ = try await read(files, name, size: 1) }
            await #expect(throws: ContentFolderError.away(path)) { _ = try await files.remove([whole(name)]) }
            await #expect(throws: ContentFolderError.away(path)) { _ = try await files.begin(self.name()) { false } }
            await #expect(throws: ContentFolderError.away(path)) { try await folder.check() }
            #expect(!FileManager.default.fileExists(atPath: path))
            try FileManager.default.moveItem(atPath: hidden, toPath: path)
            try await folder.check()
            #expect(try await files.size(of: name) == 0)
        }
    }

    @Test func whatCannotBeRemovedIsPassedOver() async throws {
        try await with { _, files, path in
            let names = [name(0), name(), name(), name(0xFF)]
            for name in names { try await files.beginFirst(name).finish() }
            let blocked = "\(path)/ab/\(names[1].text)"
            try FileManager.default.removeItem(atPath: blocked)
            try FileManager.default.createDirectory(atPath: blocked, withIntermediateDirectories: false)
            #expect(try await files.remove(names.map(whole)).map(\.key) == [whole(names[1])])
            for name in names { #expect(try await files.size(of: name) == nil || name == names[1]) }
        }
    }

    /// A pipe that nobody writes to is opened for ever, as a file on a disk that hangs.
    @Test func aDiskThatDoesNotAnswerIsAskedNothingMore() async throws {
        try await with(patience: .milliseconds(300)) { folder, files, path in
            let (pipe, file) = (name(), name())
            for name in [pipe, file] { try await files.beginFirst(name).finish() }
            let pipePath = "\(path)/ab/\(pipe.text)"
            try FileManager.default.removeItem(atPath: pipePath)
            try #require(mkfifo(pipePath, 0o600) == 0)
            try await withThrowingTaskGroup(of: Bool.self) { group in
                // More than there are threads: those that wait are told as well.
                for _ in 0..<6 {
                    group.addTask {
                        do {
                            _ = try await read(files, pipe, size: 1)
                        } catch let error as ContentFolderError {
                            return error == .stuck
                        }
                        return false
                    }
                }
                // Until all threads hang there is an answer.
                while (try? await files.size(of: file)) != nil {}
                await #expect(throws: ContentFolderError.stuck) { _ = try await files.beginFirst(name()) }
                await #expect(throws: ContentFolderError.stuck) { try await folder.check() }
                for _ in 0..<2 {
                    let isRefused = try await group.next()
                    #expect(isRefused == true)
                }
                let writer = open(pipePath, O_WRONLY | O_NONBLOCK)
                try #require(writer >= 0)
                close(writer)
                for _ in 0..<4 {
                    let isRefused = try await group.next()
                    #expect(isRefused == false)
                }
            }
            try await folder.check()
            #expect(try await files.size(of: file) == 0)
        }
    }
}

extension ContentFiles {
    /// Begins a file of a tenant that has none.
    fileprivate func beginFirst(_ name: ContentName) async throws -> Draft { try await begin(name) { true } }
}
