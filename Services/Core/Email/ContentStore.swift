import Domain
import Foundation
import NIOCore
import ServiceKit
import Storage

/// Raw messages and attachments: named by digest, stored once, streamed in chunks of at most 1 MiB, so that none is ever
/// held whole in memory.
///
/// That a content is there says its row; its bytes are chunks in PostgreSQL or a file in the folder, whichever was set when
/// it came. Commits here do not wait for the disk. A message that refers to a content is committed behind it, and that commit
/// waits for both; a content that a crash takes was told of by nobody, and is stored again.
struct ContentStore: Sendable {
    let pool: PostgresPool
    let tenant: Int32
    /// The tenant's part of the folder, where one is named.
    let files: ContentFiles?

    init(_ runtime: TenantRuntime) {
        pool = runtime.dependencies.pool
        tenant = runtime.tenant
        files = runtime.dependencies.contentFolder.map { ContentFiles($0, place: runtime.contentPlace) }
    }

    /// A content that is there.
    struct Content: Sendable {
        let sha256: [UInt8]
        let size: Int64
        let type: String
        /// Which upload brought its bytes.
        let upload: UUID
        let isFile: Bool

        var name: ContentName { ContentName(sha256: sha256, upload: upload) }

        static let columns = "sha256, size, type, upload, in_folder"

        init(row: SQLRow) throws {
            sha256 = try row[0].bytes
            size = try row[1].int64
            type = try row[2].text
            upload = try row[3].uuid
            isFile = try row[4].bool
        }
    }

    func find(_ sha256: [UInt8]) async throws -> Content? {
        let rows = try await pool.query(
            "SELECT \(Content.columns) FROM content WHERE tenant = $1 AND sha256 = $2",
            [.int4(tenant), .bytes(sha256)], tenant: tenant)
        return try rows.first.map { try Content(row: $0) }
    }

    /// Takes a content in as it comes. What is there already is read and compared, and stored no second time.
    /// - Returns: whether it was stored now.
    /// - Throws: ``Problem`` 422 when the bytes have another digest; then nothing stays. ``ContentFolderError``.
    func store(
        _ sha256: [UInt8], type: String,
        from stream: (_ take: (ByteBuffer) async throws -> Void) async throws -> Void
    ) async throws -> Bool {
        var intake = ContentIntake(store: self, sha256: sha256)
        do {
            try await stream { try await intake.take($0) }
            let digest = intake.finish()
            guard digest == sha256 else {
                throw Problem.unprocessable(
                    "The bytes are not those of the digest in the address; nothing was stored.",
                    errors: [
                        .init(path: "sha256", message: "is \(EmailAttachment.hexadecimal(digest)) of this body")
                    ])
            }
            return try await intake.settle(type: type)
        } catch {
            await intake.abandon()
            throw error
        }
    }

    /// What is known of a content before it is stored.
    enum Standing: Sendable {
        case absent
        case whole
        /// The row is there and its file is not: whoever brings the bytes again takes this upload's place.
        case lost(upload: UUID)
    }

    /// Whether it is there. What nothing refers to yet is given its time anew.
    func touch(_ sha256: [UInt8]) async throws -> Standing {
        let results = try await batch([
            SQLStatement(
                """
                UPDATE content SET unreferenced_since = $3
                WHERE tenant = $1 AND sha256 = $2 AND unreferenced_since IS NOT NULL
                """, [.int4(tenant), .bytes(sha256), .int8(Instant.now.milliseconds)]),
            SQLStatement(
                "SELECT \(Content.columns) FROM content WHERE tenant = $1 AND sha256 = $2",
                [.int4(tenant), .bytes(sha256)]),
        ])
        return try await standing(of: results[1].first.map { try Content(row: $0) })
    }

    func standing(of content: Content?) async throws -> Standing {
        guard let content else { return .absent }
        guard content.isFile else { return .whole }
        return try await isWhole(content) ? .whole : .lost(upload: content.upload)
    }

    /// Whether no file of the tenant's is known, not even one to be removed: only then may its folder not be there.
    func hasNoFiles() async throws -> Bool {
        let rows = try await pool.query(
            """
            SELECT NOT EXISTS (SELECT FROM content_gone WHERE tenant = $1)
                AND NOT EXISTS (SELECT FROM content WHERE tenant = $1 AND in_folder)
            """, [.int4(tenant)], tenant: tenant)
        return try rows[0][0].bool
    }

    private func isWhole(_ content: Content) async throws -> Bool {
        guard let files else { throw ContentFolderError.notNamed }
        return try await files.size(of: content.name) == content.size
    }

    func batch(_ statements: [SQLStatement]) async throws -> [SQLResult] {
        let lazily = SQLStatement("SELECT set_config('synchronous_commit', 'off', true)")
        let results = try await pool.batch(tenant: tenant, idempotent: true, [lazily] + statements)
        return Array(results.dropFirst())
    }

    /// That its bytes can be read, so far as can be told before an answer begins.
    /// - Throws: ``ContentFolderError``.
    func requireBytes(of content: Content) async throws {
        guard content.isFile, try await !isWhole(content) else { return }
        files?.folder.tell(.missing, about: content.name)
        throw ContentFolderError.missing
    }

    /// Hands a content out chunk by chunk, in order. One that is erased while it is read makes the answer break off, which
    /// its length shows.
    func read(_ content: Content, _ give: (ByteBuffer) async throws -> Void) async throws {
        guard content.isFile else { return try await readChunks(content, give) }
        guard let files else { throw ContentFolderError.notNamed }
        try await files.read(content.name, size: content.size, pieces: EmailLimits.chunkBytes, give)
    }

    private func readChunks(_ content: Content, _ give: (ByteBuffer) async throws -> Void) async throws {
        var place: Int32 = 0
        var left = content.size
        while left > 0 {
            let rows = try await pool.query(
                "SELECT bytes FROM content_chunk WHERE tenant = $1 AND upload = $2 AND place = $3",
                [.int4(tenant), .uuid(content.upload), .int4(place)], tenant: tenant)
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
