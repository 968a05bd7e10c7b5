import Glibc

/// A file without a name, gone with its last descriptor.
struct TemporaryFile: ~Copyable {
    private let descriptor: Int32

    /// Makes one in a folder of the caller's: a container may have no other that can be written to.
    init(in folder: String) throws(EmailMessageError) {
        var template = Array("\(folder)/millrace-mail-XXXXXX".utf8CString)
        descriptor = template.withUnsafeMutableBufferPointer { name in
            guard let path = name.baseAddress else { return -1 }
            let made = mkstemp(path)
            if made >= 0 {
                unlink(path)
                _ = fcntl(made, F_SETFD, FD_CLOEXEC)
            }
            return made
        }
        guard descriptor >= 0 else { throw OutputFile.failure("make") }
    }

    deinit { close(descriptor) }

    /// A second descriptor for a library that closes it.
    func duplicate() throws(EmailMessageError) -> Int32 {
        let copy = dup(descriptor)
        guard copy >= 0 else { throw OutputFile.failure("open") }
        return copy
    }

    /// Reads the file from its beginning; stops when `body` returns false.
    func forEachChunk(
        _ body: (UnsafeRawBufferPointer) throws(EmailMessageError) -> Bool
    ) throws(EmailMessageError) {
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 65_536, alignment: 16)
        defer { buffer.deallocate() }
        var offset = 0
        while true {
            let count = pread(descriptor, buffer.baseAddress, buffer.count, off_t(offset))
            if count < 0 && errno == EINTR { continue }
            guard count >= 0 else { throw OutputFile.failure("read") }
            guard count > 0 else { return }
            offset += count
            guard try body(UnsafeRawBufferPointer(rebasing: buffer[..<count])) else { return }
        }
    }
}
