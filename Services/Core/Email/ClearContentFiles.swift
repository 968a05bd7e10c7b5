import Domain
import Foundation
import Logging
import Storage

/// Takes contents away, and their files with them: rows first, and beside them a note of each file, so that none stays when
/// the folder cannot be reached just then. What has neither row nor note, halves of uploads among it, is found by going
/// through the folder; it goes when it is older than a day.
struct ClearContentFiles: Sendable {
    let store: ContentStore
    private static let day: Int64 = 86_400_000
    private static let page = 200

    /// Deletes contents with all that belongs to them, and notes their files. For the transaction in which they go.
    /// - Parameters:
    ///   - selection: of rows of `content c`, with their lock; $1 is the tenant.
    ///   - parameters: $1 and what the selection needs.
    static func deleting(_ selection: String, _ parameters: [SQLValue]) -> SQLStatement {
        SQLStatement(
            """
            WITH old AS MATERIALIZED (
                SELECT c.sha256, c.upload, c.in_folder FROM content c WHERE c.tenant = $1 \(selection)
            ), chunks AS (
                DELETE FROM content_chunk k USING old WHERE k.tenant = $1 AND k.upload = old.upload
            ), files AS (
                INSERT INTO content_gone (tenant, upload, sha256) SELECT $1, upload, sha256 FROM old WHERE in_folder
            )
            DELETE FROM content c USING old WHERE c.tenant = $1 AND c.sha256 = old.sha256
            """, parameters)
    }

    /// Writes on the notes that this transaction has made whose erasure waits for them.
    static func marking(erasedFor customer: UUID, tenant: Int32) -> SQLStatement {
        SQLStatement(
            """
            UPDATE content_gone SET erased_for = $2
            WHERE tenant = $1 AND erased_for IS NULL AND xmin = pg_current_xact_id()::xid
            """, [.int4(tenant), .uuid(customer)])
    }

    /// Removes the files of contents that are gone. What cannot be removed is told of, and its note stays.
    /// - Throws: ``ContentFolderError`` when the folder is away.
    func removeGone() async throws { _ = try await removeNoted(erasedFor: nil) }

    /// Removes the files that erasures of a customer took, also one that could not reach them then.
    /// - Throws: ``ContentFolderError`` when one of them is there still; its note stays.
    func removeGone(erasedFor customer: UUID) async throws {
        if let error = try await removeNoted(erasedFor: customer) { throw error }
    }

    /// - Returns: why the first that stayed did.
    private func removeNoted(erasedFor customer: UUID?) async throws -> ContentFolderError? {
        var last = UUID(high: 0, low: 0)
        var failure: ContentFolderError?
        while true {
            let rows = try await store.pool.query(
                """
                SELECT sha256, upload FROM content_gone
                WHERE tenant = $1 AND upload > $2 AND ($3::uuid IS NULL OR erased_for = $3)
                ORDER BY upload LIMIT \(Self.page)
                """,
                [.int4(store.tenant), .uuid(last), customer.map { .uuid($0) } ?? .null], tenant: store.tenant)
            let names = try rows.map { ContentName(sha256: try $0[0].bytes, upload: try $0[1].uuid) }
            guard let end = names.last else { return failure }
            guard let files = store.files else { throw ContentFolderError.notNamed }
            last = end.upload
            let entries = names.map { ContentFiles.Entry(name: $0, isUnfinished: false) }
            let stayed = try await files.remove(entries)
            failure = failure ?? stayed.first?.value
            let removed = entries.filter { stayed[$0] == nil }.map(\.name.upload)
            if removed.isEmpty { continue }
            _ = try await store.pool.batch(
                tenant: store.tenant, idempotent: true,
                [
                    SQLStatement(
                        "DELETE FROM content_gone WHERE tenant = $1 AND upload = ANY($2::uuid[])",
                        [.int4(store.tenant), .uuids(removed)])
                ])
        }
    }

    /// One step of a round through the folder: the next of its 256 parts that holds something.
    /// - Parameter last: where the step before ended; empty begins a round.
    /// - Returns: where this one ended, nil at the end of the round; and how many files were removed.
    /// - Throws: ``ContentFolderError`` when the folder is away.
    func sweep(after last: String, at now: Instant) async throws -> (last: String?, removed: Int) {
        guard let files = store.files, try await files.isThere(isFirst: store.hasNoFiles),
            let bucket = try await files.buckets().first(where: { $0 > last })
        else { return (nil, 0) }
        let old = try await files.entries(in: bucket).filter { $0.name.began < now - Self.day }
        var removed = 0
        var rest = old[...]
        while !rest.isEmpty {
            let page = rest.prefix(1000)
            rest = rest.dropFirst(page.count)
            let present = try await present(page.filter { !$0.isUnfinished }.map(\.name))
            let orphans = page.filter { $0.isUnfinished || !present.contains($0.name) }
            let stayed = try await files.remove(orphans)
            removed += orphans.count - stayed.count
        }
        return (bucket, removed)
    }

    /// Those of the files that a row names.
    private func present(_ names: [ContentName]) async throws -> Set<ContentName> {
        guard !names.isEmpty else { return [] }
        let rows = try await store.pool.query(
            "SELECT sha256, upload FROM content WHERE tenant = $1 AND sha256 = ANY($2::bytea[]) AND in_folder",
            [.int4(store.tenant), .bytesArray(names.map(\.sha256))], tenant: store.tenant)
        return Set(try rows.map { ContentName(sha256: try $0[0].bytes, upload: try $0[1].uuid) })
    }
}
