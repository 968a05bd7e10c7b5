import Glibc

/// The bytes of a message: in memory when small, in a file when not, so that no large one is held whole.
public enum MailBody: Sendable {
    /// In memory.
    case bytes([UInt8])
    /// In a file.
    case file(SpooledFile)

    /// Size in bytes.
    public var size: Int {
        switch self {
        case .bytes(let bytes): bytes.count
        case .file(let file): file.size
        }
    }

    /// Reads a piece; empty past the end.
    /// - Throws: ``EmailAccessError/Code/localFile``.
    public func piece(at offset: Int, atMost count: Int = 65536) throws(EmailAccessError) -> [UInt8] {
        switch self {
        case .bytes(let bytes):
            guard offset < bytes.count else { return [] }
            return Array(bytes[offset..<min(bytes.count, offset + count)])
        case .file(let file): return try file.piece(at: offset, atMost: count)
        }
    }
}

/// A file that lives as long as somebody holds this, or one that is somebody else's.
public final class SpooledFile: Sendable {
    /// Where it is.
    public let path: String
    /// Size in bytes.
    public let size: Int
    private let isOurs: Bool

    fileprivate init(path: String, size: Int) {
        self.path = path
        self.size = size
        isOurs = true
    }

    /// A file that is left where it is.
    /// - Throws: ``EmailAccessError/Code/localFile``.
    public init(existing path: String) throws(EmailAccessError) {
        var status = stat()
        guard stat(path, &status) == 0 else {
            throw EmailAccessError(.localFile, "A message's file is gone (\(String(cString: strerror(errno)))).")
        }
        self.path = path
        size = Int(status.st_size)
        isOurs = false
    }

    deinit { if isOurs { unlink(path) } }

    func piece(at offset: Int, atMost count: Int) throws(EmailAccessError) -> [UInt8] {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            throw EmailAccessError(.localFile, "A message's file cannot be read (\(String(cString: strerror(errno)))).")
        }
        defer { Glibc.close(descriptor) }
        var read = 0
        let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
            read = pread(descriptor, buffer.baseAddress, count, off_t(offset))
            initialized = max(0, read)
        }
        guard read >= 0 else {
            throw EmailAccessError(.localFile, "A message's file cannot be read (\(String(cString: strerror(errno)))).")
        }
        return bytes
    }
}

/// Takes a message's bytes as they come.
struct MailBodyWriter {
    /// Up to this size a message is kept in memory.
    static let inMemory = 262_144

    private let folder: String
    private var bytes: [UInt8] = []
    private var draft: Draft?

    /// An open file that goes unless it is finished.
    private final class Draft {
        let path: String
        let descriptor: Int32
        var size = 0
        var isFinished = false

        init(folder: String) throws(EmailAccessError) {
            var template = Array("\(folder)/message-XXXXXX".utf8CString)
            descriptor = mkstemp(&template)
            guard descriptor >= 0 else { throw Self.failure() }
            _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
            path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        }

        deinit {
            Glibc.close(descriptor)
            if !isFinished { unlink(path) }
        }

        func write(_ bytes: ArraySlice<UInt8>) throws(EmailAccessError) {
            var rest = bytes
            while !rest.isEmpty {
                let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
                guard count > 0 else { throw Self.failure() }
                rest = rest.dropFirst(count)
                size += count
            }
        }

        static func failure() -> EmailAccessError {
            EmailAccessError(.localFile, "A message cannot be written to a file (\(String(cString: strerror(errno)))).")
        }
    }

    /// - Parameters:
    ///   - size: as announced.
    ///   - folder: where the file goes when there must be one.
    init(size: Int, folder: String) throws(EmailAccessError) {
        self.folder = folder
        if size > Self.inMemory { draft = try Draft(folder: folder) } else { bytes.reserveCapacity(size) }
    }

    mutating func write(_ piece: ArraySlice<UInt8>) throws(EmailAccessError) {
        if let draft { try draft.write(piece) } else { bytes.append(contentsOf: piece) }
    }

    /// The message; nothing can be written after it.
    mutating func finish() -> MailBody {
        guard let draft else { return .bytes(bytes) }
        draft.isFinished = true
        return .file(SpooledFile(path: draft.path, size: draft.size))
    }
}
