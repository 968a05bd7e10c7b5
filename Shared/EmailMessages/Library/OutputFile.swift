import Crypto
import Glibc

/// A new file that is written from front to back, with digest and size counted on the way.
struct OutputFile: ~Copyable {
    private let descriptor: Int32
    private let name: String
    private var digest = SHA256()
    private var size = 0

    /// Makes `name` in `folder`, empty, for its owner only.
    init(folder: String, name: String) throws(EmailMessageError) {
        self.name = name
        descriptor = open("\(folder)/\(name)", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { throw Self.failure("make") }
    }

    deinit { close(descriptor) }

    /// Appends the bytes.
    mutating func write(_ bytes: UnsafeRawBufferPointer) throws(EmailMessageError) {
        digest.update(bufferPointer: bytes)
        size += bytes.count
        var rest = bytes[...]
        while !rest.isEmpty {
            let written = Glibc.write(descriptor, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
            if written < 0 && errno == EINTR { continue }
            guard written > 0 else { throw Self.failure("write") }
            rest = rest.dropFirst(written)
        }
    }

    /// What was written.
    consuming func finish() -> MessageFile {
        MessageFile(file: name, size: size, sha256: Self.hex(digest))
    }

    /// Size and digest of a file that something else wrote.
    static func described(path: String, name: String) throws(EmailMessageError) -> MessageFile {
        let file = try InputFile(path: path)
        var digest = SHA256()
        var size = 0
        while true {
            let bytes = try file.read(at: size, count: 262_144)
            if bytes.isEmpty { return MessageFile(file: name, size: size, sha256: hex(digest)) }
            bytes.withUnsafeBytes { digest.update(bufferPointer: $0) }
            size += bytes.count
        }
    }

    private static func hex(_ digest: SHA256) -> String {
        digest.finalize().map { byte in
            let text = String(byte, radix: 16)
            return byte < 16 ? "0" + text : text
        }.joined()
    }

    /// Says which step the system refused, without the path.
    static func failure(_ step: String) -> EmailMessageError {
        EmailMessageError(.file, "Cannot \(step) a file of a message (\(String(cString: strerror(errno)))).")
    }
}

/// A file that is read.
struct InputFile: ~Copyable {
    let descriptor: Int32
    let size: Int

    /// Opens the file for reading.
    init(path: String) throws(EmailMessageError) {
        descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw OutputFile.failure("open") }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else {
            let failure = OutputFile.failure("look at")
            close(descriptor)
            throw failure
        }
        size = Int(status.st_size)
    }

    deinit { close(descriptor) }

    /// Reads up to `count` bytes from `offset`; fewer at the end of the file.
    func read(at offset: Int, count: Int) throws(EmailMessageError) -> [UInt8] {
        var failed = false
        let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            while filled < count {
                let got = pread(
                    descriptor, buffer.baseAddress.map { $0 + filled }, count - filled, off_t(offset + filled))
                if got < 0 && errno == EINTR { continue }
                if got < 0 { failed = true }
                if got <= 0 { break }
                filled += got
            }
        }
        if failed { throw OutputFile.failure("read") }
        return bytes
    }
}
