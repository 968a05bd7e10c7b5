import AsyncHTTPClient
import EmailMessages
import Foundation
import NIOCore

/// Bytes on their way into core's content store.
struct ContentBody: Sendable {
    /// Where they are.
    enum Source: Sendable {
        case bytes([UInt8])
        /// In a file, which is read on these threads.
        case file(path: String, size: Int, MessageThreads)
    }

    let source: Source
    /// 64 hexadecimal digits.
    let sha256: String

    /// A new body for each try.
    var body: HTTPClientRequest.Body {
        switch source {
        case .bytes(let bytes): .bytes(ByteBuffer(bytes: bytes))
        case .file(let path, let size, let threads):
            .stream(FilePieces(path: path, threads: threads), length: .known(Int64(size)))
        }
    }
}

/// A file in pieces, read on owned threads.
struct FilePieces: AsyncSequence, Sendable {
    typealias Element = ByteBuffer

    let path: String
    let threads: MessageThreads

    func makeAsyncIterator() -> Iterator { Iterator(path: path, threads: threads) }

    struct Iterator: AsyncIteratorProtocol {
        let path: String
        let threads: MessageThreads
        private var offset = 0

        init(path: String, threads: MessageThreads) {
            self.path = path
            self.threads = threads
        }

        mutating func next() async throws -> ByteBuffer? {
            let piece = try await FilePiece(path: path, offset: offset).read(on: threads)
            offset += piece.readableBytes
            return piece.readableBytes == 0 ? nil : piece
        }
    }
}

/// A piece of a file.
struct FilePiece: Sendable {
    static let size = 262_144

    let path: String
    let offset: Int

    /// Empty at the end of the file.
    func read(on threads: MessageThreads) async throws(EmailMessageError) -> ByteBuffer {
        let (path, offset) = (path, offset)
        return try await threads.run { () throws(EmailMessageError) -> ByteBuffer in
            let descriptor = open(path, O_RDONLY | O_CLOEXEC)
            guard descriptor >= 0 else { throw EmailMessageError(.file, "A file in hand is gone.") }
            defer { close(descriptor) }
            var buffer = ByteBufferAllocator().buffer(capacity: Self.size)
            var count = 0
            buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: Self.size) { bytes in
                count = pread(descriptor, bytes.baseAddress, Self.size, off_t(offset))
                return Swift.max(0, count)
            }
            guard count >= 0 else { throw EmailMessageError(.file, "A file in hand cannot be read.") }
            return buffer
        }
    }
}
