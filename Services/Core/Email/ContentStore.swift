import Crypto
import Domain
import Foundation
import NIOCore
import ServiceKit
import Storage

/// Raw messages and attachments: named by digest, stored once, streamed in chunks of at most 1 MiB, so that none is ever
/// held whole in memory.
///
/// Commits here do not wait for the disk. A message that refers to a content is committed behind it, and that commit waits
/// for both; a content that a crash takes was told of by nobody, and is stored again.
struct ContentStore: Sendable {
    let pool: PostgresPool
    let tenant: Int32

    /// A content that is there.
    struct Content: Sendable {
        let sha256: [UInt8]
        let size: Int64
        let type: String
        fileprivate let upload: UUID
    }

    func find(_ sha256: [UInt8]) async throws -> Content? {
        let rows = try await pool.query(
            "SELECT sha256, size, type, upload FROM content WHERE tenant = $1 AND sha256 = $2",
            [.int4(tenant), .bytes(sha256)], tenant: tenant)
        return try rows.first.map { row in
            Content(
                sha256: try row[0].bytes, size: try row[1].int64, type: try row[2].text,
                upload: try row[3].uuid)
        }
    }

    /// Takes a content in as it comes. What is there already is read and compared, and stored no second time.
    /// - Returns: whether it was stored now.
    /// - Throws: ``Problem`` 422 when the bytes have another digest; then nothing stays.
    func store(
        _ sha256: [UInt8], type: String,
        from stream: (_ take: (ByteBuffer) async throws -> Void) async throws -> Void
    ) async throws -> Bool {
        var intake = ContentIntake(store: self, sha256: sha256)
        do {
            try await stream { try await intake.take($0) }
            let (digest, size) = intake.finish()
            guard digest == sha256 else {
                throw Problem.unprocessable(
                    "The bytes are not those of the digest in the address; nothing was stored.",
                    errors: [
                        .init(path: "sha256", message: "is \(EmailAttachment.hexadecimal(digest)) of this body")
                    ])
            }
            if intake.isKnown { return false }
            return try await settle(sha256, type: type, size: size, intake)
        } catch {
            await intake.abandon()
            throw error
        }
    }

    /// Whether it is there. What nothing refers to yet is given its time anew.
    fileprivate func touch(_ sha256: [UInt8]) async throws -> Bool {
        let results = try await batch([
            SQLStatement(
                """
                UPDATE content SET unreferenced_since = $3
                WHERE tenant = $1 AND sha256 = $2 AND unreferenced_since IS NOT NULL
                """, [.int4(tenant), .bytes(sha256), .int8(Instant.now.milliseconds)]),
            SQLStatement(
                "SELECT 1 FROM content WHERE tenant = $1 AND sha256 = $2", [.int4(tenant), .bytes(sha256)]),
        ])
        return !results[1].isEmpty
    }

    /// The upload becomes the content, with its last chunk, unless another one was quicker. A small one is there by this step
    /// alone.
    private func settle(
        _ sha256: [UInt8], type: String, size: Int64, _ intake: ContentIntake
    ) async throws -> Bool {
        let now = Instant.now.milliseconds
        var statements = [
            SQLStatement(
                """
                INSERT INTO content AS c (tenant, sha256, size, type, upload, created_at, unreferenced_since)
                VALUES ($1, $2, $3, $4, $5, $6, $6) ON CONFLICT (tenant, sha256)
                    DO UPDATE SET unreferenced_since = excluded.unreferenced_since WHERE c.unreferenced_since IS NOT NULL
                RETURNING upload = $5
                """,
                [.int4(tenant), .bytes(sha256), .int8(size), .text(type), .uuid(intake.upload), .int8(now)])
        ]
        if !intake.waiting.isEmpty {
            statements.append(
                SQLStatement(
                    """
                    INSERT INTO content_chunk (tenant, upload, place, bytes)
                    SELECT $1, $2, $3, $4 WHERE EXISTS (SELECT FROM content WHERE tenant = $1 AND sha256 = $5 AND upload = $2)
                    ON CONFLICT DO NOTHING
                    """,
                    [
                        .int4(tenant), .uuid(intake.upload), .int4(intake.place), .bytes(intake.waiting),
                        .bytes(sha256),
                    ]))
        }
        if intake.place > 0 {
            let parameters: [SQLValue] = [.int4(tenant), .uuid(intake.upload)]
            statements += [
                SQLStatement(
                    """
                    DELETE FROM content_chunk WHERE tenant = $1 AND upload = $2
                        AND NOT EXISTS (SELECT FROM content WHERE tenant = $1 AND sha256 = $3 AND upload = $2)
                    """, parameters + [.bytes(sha256)]),
                SQLStatement("DELETE FROM content_upload WHERE tenant = $1 AND id = $2", parameters),
            ]
        }
        let made = try await batch(statements)[0]
        return try made.first.map { try $0[0].bool } ?? false
    }

    fileprivate func batch(_ statements: [SQLStatement]) async throws -> [SQLResult] {
        let lazily = SQLStatement("SELECT set_config('synchronous_commit', 'off', true)")
        let results = try await pool.batch(tenant: tenant, idempotent: true, [lazily] + statements)
        return Array(results.dropFirst())
    }

    /// Hands a content out chunk by chunk, in order.
    func read(_ content: Content, _ give: (ByteBuffer) async throws -> Void) async throws {
        var place: Int32 = 0
        var left = content.size
        while left > 0 {
            let rows = try await pool.query(
                "SELECT bytes FROM content_chunk WHERE tenant = $1 AND upload = $2 AND place = $3",
                [.int4(tenant), .uuid(content.upload), .int4(place)], tenant: tenant)
            // Erased while it was read: the answer breaks off, which its length shows.
            guard let row = rows.first else {
                throw Problem.notFound("The content was erased while it was read.")
            }
            let bytes = try row[0].bytesSlice
            left -= Int64(bytes.count)
            place += 1
            try await give(ByteBuffer(bytes: bytes))
        }
    }
}

/// The bytes of one upload on their way into chunks. The last one waits until the digest is known to be right.
struct ContentIntake {
    let upload = UUIDv7.next()
    /// Bytes that are in no chunk yet.
    private(set) var waiting: [UInt8] = []
    /// The place of the chunk that waits.
    private(set) var place: Int32 = 0
    /// Whether the content is there already: then its bytes are only counted and compared.
    private(set) var isKnown = false
    private let store: ContentStore
    private let sha256: [UInt8]
    private var hash = SHA256()
    private var size: Int64 = 0

    init(store: ContentStore, sha256: [UInt8]) {
        self.store = store
        self.sha256 = sha256
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

    /// - Returns: digest and bytes of all that came.
    mutating func finish() -> (digest: [UInt8], size: Int64) { (Array(hash.finalize()), size) }

    /// Takes away what was written; what cannot be is found by its age.
    func abandon() async {
        guard place > 0 else { return }
        let parameters: [SQLValue] = [.int4(store.tenant), .uuid(upload)]
        _ = try? await store.batch([
            SQLStatement("DELETE FROM content_chunk WHERE tenant = $1 AND upload = $2", parameters),
            SQLStatement("DELETE FROM content_upload WHERE tenant = $1 AND id = $2", parameters),
        ])
    }

    /// Writes the chunk that waits, of a content that has more than one.
    private mutating func write() async throws {
        defer { waiting.removeAll(keepingCapacity: !isKnown) }
        if place == 0, try await store.touch(sha256) {
            isKnown = true
            return
        }
        var statements: [SQLStatement] = []
        if place == 0 {
            statements.append(
                SQLStatement(
                    "INSERT INTO content_upload (tenant, id, at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
                    [.int4(store.tenant), .uuid(upload), .int8(Instant.now.milliseconds)]))
        }
        statements.append(
            SQLStatement(
                "INSERT INTO content_chunk (tenant, upload, place, bytes) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING",
                [.int4(store.tenant), .uuid(upload), .int4(place), .bytes(waiting)]))
        _ = try await store.batch(statements)
        place += 1
    }
}
