import EmailMessages
import Foundation
import NIOCore

/// A file that is written piece by piece, on owned threads.
struct OutputPieces: Sendable {
    private let path: String
    private let threads: MessageThreads

    /// - Throws: `EmailMessageError` when the file cannot be made.
    init(path: String, threads: MessageThreads) throws {
        guard FileManager.default.createFile(atPath: path, contents: nil) else {
            throw EmailMessageError(.file, "A file in hand cannot be written.")
        }
        self.path = path
        self.threads = threads
    }

    /// Appends.
    func write(_ piece: ByteBuffer) async throws(EmailMessageError) {
        let path = path
        try await threads.run { () throws(EmailMessageError) in
            let descriptor = open(path, O_WRONLY | O_APPEND | O_CLOEXEC)
            guard descriptor >= 0 else { throw EmailMessageError(.file, "A file in hand cannot be written.") }
            defer { close(descriptor) }
            var rest = Array(piece.readableBytesView)[...]
            while !rest.isEmpty {
                let count = rest.withUnsafeBytes { Foundation.write(descriptor, $0.baseAddress, $0.count) }
                guard count > 0 else { throw EmailMessageError(.file, "A file in hand cannot be written.") }
                rest = rest.dropFirst(count)
            }
        }
    }
}
