import Glibc
import Synchronization

/// An open file, to be closed by ``FileCalls/close(_:)``; else it is closed with the last who holds it, wherever that is.
final class OpenFile: Sendable {
    let descriptor: Int32
    fileprivate let isClosed = Atomic(false)

    fileprivate init(_ descriptor: Int32) { self.descriptor = descriptor }

    deinit {
        if !isClosed.load(ordering: .acquiring) { close(descriptor) }
    }
}

/// The system's calls on files. They block, so they are made on threads of the ``ContentFolder``. All throw
/// ``ContentFolderError``.
enum FileCalls {
    /// A new file that only we may read.
    static func create(_ path: String) throws(ContentFolderError) -> OpenFile {
        try opened(Glibc.open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600), "a file cannot be made")
    }

    /// - Returns: nil when there is none.
    static func open(_ path: String) throws(ContentFolderError) -> OpenFile? {
        let descriptor = Glibc.open(path, O_RDONLY | O_CLOEXEC)
        if descriptor < 0, errno == ENOENT { return nil }
        return try opened(descriptor, "a file cannot be opened")
    }

    private static func opened(_ descriptor: Int32, _ attempt: String) throws(ContentFolderError) -> OpenFile {
        guard descriptor >= 0 else { throw .system(attempt) }
        return OpenFile(descriptor)
    }

    /// The folder of a tenant that has contents. What is asked of it while it is open is asked of no empty mount point.
    static func openFolder(_ path: String) throws(ContentFolderError) -> OpenFile {
        let descriptor = Glibc.open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        if descriptor < 0, errno == ENOENT { throw .away(path) }
        return try opened(descriptor, "a folder cannot be opened")
    }

    /// That a tenant's folder is there.
    static func requireFolder(_ path: String) throws(ContentFolderError) { try close(openFolder(path)) }

    /// Closes a file, once.
    static func close(_ file: OpenFile) throws(ContentFolderError) {
        guard !file.isClosed.exchange(true, ordering: .acquiringAndReleasing) else { return }
        guard Glibc.close(file.descriptor) == 0 || errno == EINTR else { throw .system("a file cannot be closed") }
    }

    static func write(_ bytes: [UInt8], to file: OpenFile) throws(ContentFolderError) {
        var written = 0
        while written < bytes.count {
            let count = bytes.withUnsafeBytes {
                Glibc.write(file.descriptor, $0.baseAddress?.advanced(by: written), $0.count - written)
            }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw .system("a file cannot be written") }
            written += count
        }
    }

    /// - Returns: no more than so many bytes; none at the end.
    static func read(_ file: OpenFile, at offset: Int64, atMost count: Int) throws(ContentFolderError) -> [UInt8] {
        while true {
            var read = 0
            let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
                read = pread(file.descriptor, buffer.baseAddress, count, off_t(offset))
                initialized = max(0, read)
            }
            if read < 0, errno == EINTR { continue }
            guard read >= 0 else { throw .system("a file cannot be read") }
            return bytes
        }
    }

    /// Waits until the bytes are on the disk.
    static func synchronize(_ file: OpenFile) throws(ContentFolderError) {
        guard fsync(file.descriptor) == 0 else { throw .system("a file cannot be brought to the disk") }
    }

    /// Waits until what was made, renamed and removed in a folder is so on the disk; a folder that is gone is.
    static func synchronize(folder path: String) throws(ContentFolderError) {
        if let folder = try open(path) { try synchronize(folder) }
    }

    /// The same for a folder in an open one.
    static func synchronize(folder name: String, in place: OpenFile) throws(ContentFolderError) {
        let descriptor = openat(place.descriptor, name, O_RDONLY | O_CLOEXEC)
        if descriptor < 0, errno == ENOENT { return }
        try synchronize(opened(descriptor, "a folder cannot be opened"))
    }

    static func rename(_ path: String, to other: String) throws(ContentFolderError) {
        guard Glibc.rename(path, other) == 0 else { throw .system("a file cannot be renamed") }
    }

    /// What is not there need not be removed.
    /// - Parameter place: an open folder in which the path begins.
    static func remove(_ path: String, in place: OpenFile? = nil) throws(ContentFolderError) {
        guard unlinkat(place?.descriptor ?? AT_FDCWD, path, 0) == 0 || errno == ENOENT else {
            throw .system("a file cannot be removed")
        }
    }

    /// Makes a folder that only we may look into, unless it is there; the folder that it is in is.
    static func makeFolder(_ path: String) throws(ContentFolderError) {
        guard mkdir(path, 0o700) == 0 || errno == EEXIST else { throw .system("a folder cannot be made") }
    }

    /// - Returns: a file's size; nil when there is none.
    static func size(_ path: String) throws(ContentFolderError) -> Int64? {
        var status = stat()
        if stat(path, &status) == 0 { return Int64(status.st_size) }
        guard errno == ENOENT else { throw .system("a file cannot be looked at") }
        return nil
    }

    /// That a folder can be written to, and has room for so many bytes.
    static func requireRoom(in path: String, bytes: UInt64) throws(ContentFolderError) {
        guard access(path, R_OK | W_OK | X_OK) == 0 else { throw .system("the folder cannot be written to") }
        var room = statvfs()
        guard statvfs(path, &room) == 0 else { throw .system("the folder cannot be looked at") }
        // Some file systems say that they have room without end.
        let (free, isMore) = UInt64(room.f_bavail).multipliedReportingOverflow(by: UInt64(room.f_frsize))
        guard isMore || free >= bytes else {
            errno = ENOSPC
            throw .system("the folder has hardly any room")
        }
    }

    /// - Returns: what a folder holds, in no order; nothing when there is none.
    static func names(in path: String) throws(ContentFolderError) -> [String] {
        guard let folder = opendir(path) else {
            if errno == ENOENT { return [] }
            throw .system("a folder cannot be read")
        }
        defer { closedir(folder) }
        var names: [String] = []
        while true {
            errno = 0
            guard let entry = readdir(folder) else {
                guard errno == 0 else { throw .system("a folder cannot be read") }
                return names
            }
            let name = withUnsafeBytes(of: &entry.pointee.d_name) {
                String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name != ".", name != ".." { names.append(name) }
        }
    }
}
