import Crypto
import Domain
import Foundation
import NIOCore
import ServiceKit
import Storage

/// The bytes of one upload on their way into chunks. The last one waits until the digest is known to be right.
struct ContentIntake {
    /// Halves of uploads go after a day; what has not come by then is refused long before.
    private static let longest: Int64 = 43_200_000

    private let store: ContentStore
    private let sha256: [UInt8]
    private let upload = UUIDv7.next()
    private var target: any ContentTarget
    private var hash = SHA256()
    private var size: Int64 = 0
    /// Bytes that are in no chunk yet.
    private var waiting: [UInt8] = []
    private var standing: ContentStore.Standing?

    init(store: ContentStore, sha256: [UInt8]) {
        self.store = store
        self.sha256 = sha256
        if let files = store.files, files.folder.takesNew {
            target = ContentInFolder(store: store, files: files, name: ContentName(sha256: sha256, upload: upload))
        } else {
            target = ContentInRows(store: store, sha256: sha256, upload: upload)
        }
    }

    /// Whether the content is there already: then its bytes are only counted and compared.
    private var isKnown: Bool {
        if case .whole = standing { true } else { false }
    }

    mutating func take(_ buffer: ByteBuffer) async throws {
        var buffer = buffer
        while buffer.readableBytes > 0 {
            if waiting.count == EmailLimits.chunkBytes { try await write() }
            let part = min(buffer.readableBytes, EmailLimits.chunkBytes - waiting.count)
            guard let bytes = buffer.readBytes(length: part) else { return }
            hash.update(data: bytes)
            size += Int64(part)
            if !isKnown { waiting += bytes }
        }
    }

    /// - Returns: the digest of all that came.
    func finish() -> [UInt8] { Array(hash.finalize()) }

    /// The upload becomes the content, unless it is there or another upload was quicker.
    /// - Returns: whether it did.
    mutating func settle(type: String) async throws -> Bool {
        if standing == nil, target.asksFirst { standing = try await store.touch(sha256) }
        if isKnown { return false }
        guard Instant.now.milliseconds - upload.millisecondsOfVersion7 < Self.longest else {
            throw Problem.unavailable("The content took too long to come; send it again.")
        }
        if try await target.settle(row(type), last: waiting) { return true }
        // A small one in PostgreSQL is tried without a look before; it may stand for a file that is lost.
        guard standing == nil else { return false }
        standing = try await store.standing(of: store.find(sha256))
        guard case .lost = standing else { return false }
        return try await target.settle(row(type), last: waiting)
    }

    /// Takes away what was written; what cannot be is found by its age.
    func abandon() async { await target.abandon() }

    private func row(_ type: String) -> ContentRow {
        var replaced: UUID?
        if case .lost(let lost) = standing { replaced = lost }
        return ContentRow(
            tenant: store.tenant, sha256: sha256, size: size, type: type, upload: upload, replaced: replaced)
    }

    /// Writes the chunk that waits, of a content that has more than one.
    private mutating func write() async throws {
        if standing == nil { standing = try await store.touch(sha256) }
        if !isKnown { try await target.write(waiting) }
        waiting.removeAll(keepingCapacity: !isKnown)
    }
}

/// Where the bytes of one upload go.
protocol ContentTarget: Sendable {
    /// Whether a look at what is there comes before anything is written, also for a small content.
    var asksFirst: Bool { get }
    /// Takes a chunk of a content that has more than one.
    mutating func write(_ chunk: [UInt8]) async throws
    /// Takes the last chunk and writes the row.
    /// - Returns: whether the row is this upload's; when it is another's, nothing of this one stays.
    mutating func settle(_ row: ContentRow, last chunk: [UInt8]) async throws -> Bool
    /// Takes away what was written, unless the row may have been.
    func abandon() async
}

/// The row of a content that is about to be.
struct ContentRow: Sendable {
    let tenant: Int32
    let sha256: [UInt8]
    let size: Int64
    let type: String
    let upload: UUID
    /// The upload whose bytes are lost, whose place this one takes.
    let replaced: UUID?

    /// Adds the row, unless there is one; what nothing refers to yet is given its time anew. Tells whether it is this
    /// upload's, also when it is asked once more: no row means no.
    func adding(inFolder: Bool) -> SQLStatement {
        SQLStatement(
            """
            INSERT INTO content AS c (tenant, sha256, size, type, upload, created_at, unreferenced_since, in_folder)
            VALUES ($1, $2, $3, $4, $5, $6, $6, $7) ON CONFLICT (tenant, sha256) DO UPDATE SET
                unreferenced_since = CASE WHEN c.unreferenced_since IS NULL THEN NULL ELSE excluded.unreferenced_since END,
                upload = CASE WHEN c.upload = $8 THEN excluded.upload ELSE c.upload END,
                in_folder = CASE WHEN c.upload = $8 THEN excluded.in_folder ELSE c.in_folder END
                WHERE c.unreferenced_since IS NOT NULL OR c.upload IN ($5, $8)
            RETURNING upload = $5
            """,
            [
                .int4(tenant), .bytes(sha256), .int8(size), .text(type), .uuid(upload),
                .int8(Instant.now.milliseconds), .bool(inFolder), replaced.map { .uuid($0) } ?? .null,
            ])
    }
}
