import Domain
import Foundation
import Logging
import NIOPosix
import Synchronization

/// The folder in which contents are files, and the threads on which it is read and written: a disk that is slow holds up
/// nobody else.
///
/// `FOLDER/TENANT/AB/NAME`: in the tenant's folder one for each first byte of the digest. All instances of core see the same
/// folder.
package final class ContentFolder: Sendable {
    /// Absolute.
    package let path: String
    /// Whether new contents go there; else those that are there are read and taken away, no more.
    let takesNew: Bool
    private let threads = NIOThreadPool(numberOfThreads: 4)
    private let logger: Logger
    private let told = Mutex<(text: String, at: ContinuousClock.Instant)?>(nil)

    /// - Parameter path: of a folder that is there.
    package init(path: String, takesNew: Bool, logger: Logger) {
        self.path = path
        self.takesNew = takesNew
        self.logger = logger
        threads.start()
    }

    /// Ends its threads. Nothing can be asked of it after that.
    package func close() async { try? await threads.shutdownGracefully() }

    /// Makes blocking calls on one of the threads. They are made also when the task is cancelled: what was begun is taken
    /// away again.
    func perform<Value: Sendable>(_ calls: @escaping @Sendable () throws -> Value) async throws -> Value {
        do {
            return try await withCheckedThrowingContinuation { continuation in
                threads.submit { state in
                    switch state {
                    case .active: continuation.resume(with: Result { try calls() })
                    case .cancelled: continuation.resume(throwing: CancellationError())
                    }
                }
            }
        } catch let error as ContentFolderError {
            tell(error)
            throw error
        }
    }

    /// Tells the operator, once a minute while it is always the same.
    func tell(_ error: ContentFolderError, about name: ContentName? = nil) {
        let text = "\(error)\(name.map { " (\($0.text))" } ?? "")"
        let isNew = told.withLock { told in
            if let told, told.text == text, told.at.duration(to: .now) < .seconds(60) { return false }
            told = (text, .now)
            return true
        }
        guard isNew else { return }
        logger.error("the folder of contents failed", metadata: ["folder": "\(path)", "error": "\(text)"])
    }

    /// Whether it is there, can be written to, and has room for one content at least. A disk that does not answer is not
    /// waited for when the task is cancelled.
    package func check() async throws {
        let (findings, finding) = AsyncStream<ContentFolderError?>.makeStream()
        threads.submit { [path] state in
            defer { finding.finish() }
            guard case .active = state else { return }
            do throws(ContentFolderError) {
                try FileCalls.requireRoom(in: path, bytes: UInt(EmailLimits.contentBytes))
                finding.yield(nil)
            } catch {
                finding.yield(error)
            }
        }
        for await found in findings {
            guard let found else { return }
            tell(found)
            throw found
        }
        throw CancellationError()
    }

    /// Makes the folder unless it is there, and tries to write to it. Blocks.
    /// - Returns: what is wrong; nil when all is well.
    static func prepare(_ path: String) -> ContentFolderError? {
        do {
            try FileCalls.makeFolder(path)
            let probe = "\(path)/.probe-\(UUID().uuidString)"
            try FileCalls.write([0], to: try FileCalls.create(probe))
            try FileCalls.remove(probe)
            return nil
        } catch {
            return error
        }
    }
}
