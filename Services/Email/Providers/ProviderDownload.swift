import AsyncHTTPClient
import Domain
import EmailAccess
import Foundation
import NIOCore

/// A message on its way from a provider into a file, bounded.
final class ProviderDownload {
    private let descriptor: Int32
    private let greatest: Int
    private(set) var size = 0

    /// - Parameter greatest: bytes; the file gets no more.
    init(path: String, greatest: Int) throws(EmailAccessError) {
        self.greatest = greatest
        descriptor = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw Self.failure("made") }
    }

    deinit { close(descriptor) }

    /// Whether there was more than the file takes.
    var isOver: Bool { size > greatest }

    /// Writes. Such short writes into a page cache block for no time that counts.
    func write(_ buffer: ByteBuffer) throws(EmailAccessError) {
        guard buffer.withUnsafeReadableBytes(writeAll) else { throw Self.failure("written") }
    }

    /// Whether all that the file takes was written. It does not throw: a closure that throws a typed error where any
    /// would do makes the compiler crash (Swift 6.3.1).
    private func writeAll(_ bytes: UnsafeRawBufferPointer) -> Bool {
        var rest = bytes.prefix(max(0, greatest - size))
        size += bytes.count
        while !rest.isEmpty {
            let count = Foundation.write(descriptor, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else { return false }
            rest = rest.dropFirst(count)
        }
        return true
    }

    /// Takes a message that comes in pieces into a file.
    /// - Parameter decoded: what a piece brings of the message.
    /// - Returns: what is known of it here.
    static func take(
        _ body: HTTPClientResponse.Body, to path: String, greatest: Int, receivedAt: Instant? = nil,
        _ decoded: (ByteBuffer) -> ByteBuffer = { $0 }
    ) async throws -> DownloadedMessage {
        let file = try ProviderDownload(path: path, greatest: greatest)
        for try await piece in body {
            try file.write(decoded(piece))
            if file.isOver { break }
        }
        if file.isOver { try file.keepHead() }
        return DownloadedMessage(size: file.size, receivedAt: receivedAt, isHeadOnly: file.isOver)
    }

    /// Leaves only the head in the file: up to the first empty line, at most 1 MiB.
    func keepHead() throws(EmailAccessError) {
        var head = [UInt8](repeating: 0, count: 1 << 20)
        let count = pread(descriptor, &head, head.count, 0)
        guard count >= 0 else { throw Self.failure("read") }
        var end = count
        var wasBreak = false
        for (index, byte) in head.prefix(count).enumerated() where byte != 0x0D {
            if byte == 0x0A, wasBreak {
                end = index + 1
                break
            }
            wasBreak = byte == 0x0A
        }
        guard ftruncate(descriptor, off_t(end)) == 0 else { throw Self.failure("cut") }
    }

    private static func failure(_ what: String) -> EmailAccessError {
        EmailAccessError(.localFile, "A message's file cannot be \(what) (\(String(cString: strerror(errno)))).")
    }
}
