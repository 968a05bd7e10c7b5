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
    private let threads = NIOThreadPool(numberOfThreads: ContentFolder.atOnce)
    private static let atOnce = 4
    private let calls: Mutex<ContentCalls>
    private let patience: Duration
    /// Folders of tenants that have contents.
    private let expected = Mutex<Set<String>>([])
    private let logger: Logger
    private let told = Mutex<(text: String, at: ContinuousClock.Instant)?>(nil)

    /// - Parameters:
    ///   - path: of a folder that is there.
    ///   - patience: after how long a disk that answers nothing is asked nothing more.
    package init(path: String, takesNew: Bool, patience: Duration = .seconds(10), logger: Logger) {
        self.path = path
        self.takesNew = takesNew
        self.logger = logger
        self.patience = patience
        calls = Mutex(ContentCalls(threads: Self.atOnce, patience: patience))
        threads.start()
    }

    /// Ends its threads. Nothing can be asked of it after that.
    package func close() async { try? await threads.shutdownGracefully() }

    /// Makes blocking calls on one of the threads. They are made also when the task is cancelled: what was begun is taken
    /// away again. None is made while the disk answers nobody.
    func perform<Value: Sendable>(_ calls: @escaping @Sendable () throws -> Value) async throws -> Value {
        do {
            try requireAnswers()
            async let _ = watch()
            return try await withCheckedThrowingContinuation { continuation in
                submit {
                    let result = $0.flatMap { Result { try calls() } }
                    return { continuation.resume(with: result) }
                }
            }
        } catch let error as ContentFolderError {
            tell(error)
            throw error
        }
    }

    /// Makes calls that end something, whose failure is nobody's; on a disk that answers nobody some time, unwaited for.
    func conclude(_ calls: @escaping @Sendable () throws -> Void) async {
        do {
            try await perform(calls)
        } catch let error as ContentFolderError {
            guard error.code == .stuck else { return }
            submit(waiting: true) {
                if case .success = $0 { try? calls() }
                return {}
            }
        } catch {
            return
        }
    }

    /// - Parameters:
    ///   - waits: however long, for a thread; else it may be refused.
    ///   - work: is given a failure when it can do nothing. What it returns is done when the thread is known to be free:
    ///     whoever is told goes on with the next call.
    private func submit(
        waiting waits: Bool = false, _ work: @escaping @Sendable (Result<Void, any Error>) -> @Sendable () -> Void
    ) {
        let refuse: @Sendable () -> Void = { work(.failure(ContentFolderError.stuck))() }
        let call = calls.withLock { $0.add(waits ? nil : refuse) }
        threads.submit { [self] state in
            guard calls.withLock({ $0.begin(call, at: .now) }) else { return }
            let tell =
                switch state {
                case .active: work(.success(()))
                case .cancelled: work(.failure(CancellationError()))
                }
            calls.withLock { $0.end(call) }
            tell()
        }
    }

    /// - Throws: ``ContentFolderError`` when nothing has been answered for a while; those who wait for it are told as well.
    private func requireAnswers() throws(ContentFolderError) {
        guard let refusals = calls.withLock({ $0.giveUp(at: .now) }) else { return }
        for refuse in refusals { refuse() }
        throw .stuck
    }

    /// Looks whether the disk answers, for as long as somebody waits for it.
    private func watch() async {
        while (try? await Task.sleep(for: patience)) != nil { try? requireAnswers() }
    }

    /// Whether a tenant has contents, so that its folder has to be there.
    func expect(_ place: String, _ isExpected: Bool = true) {
        expected.withLock { expected in
            if isExpected { expected.insert(place) } else { expected.remove(place) }
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

    /// Whether it is there with the folders of those who have contents, can be written to, and has room for one content at
    /// least. A disk that does not answer is not waited for when the task is cancelled.
    package func check() async throws {
        let (findings, finding) = AsyncStream<ContentFolderError?>.makeStream()
        let places = expected.withLock(\.self)
        do throws(ContentFolderError) {
            try requireAnswers()
        } catch {
            tell(error)
            throw error
        }
        submit { [path] start in
            let result = Result {
                try start.get()
                try FileCalls.requireRoom(in: path, bytes: UInt64(EmailLimits.contentBytes))
                for place in places { try FileCalls.requireFolder(place) }
            }
            return {
                switch result {
                case .success: finding.yield(nil)
                case .failure(let error): if let error = error as? ContentFolderError { finding.yield(error) }
                }
                finding.finish()
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
