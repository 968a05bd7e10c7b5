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

    /// Removes the files of contents that are gone.
    /// - Throws: ``ContentFolderError`` when they cannot be; the notes stay.
    func removeGone() async throws {
        while true {
            let rows = try await store.pool.query(
                "SELECT sha256, upload FROM content_gone WHERE tenant = $1 ORDER BY upload LIMIT \(Self.page)",
                [.int4(store.tenant)], tenant: store.tenant)
            if rows.isEmpty { return }
            guard let files = store.files else { throw ContentFolderError.notNamed }
            let names = try rows.map { ContentName(sha256: try $0[0].bytes, upload: try $0[1].uuid) }
            try await files.remove(names)
            _ = try await store.pool.batch(
                tenant: store.tenant, idempotent: true,
                [
                    SQLStatement(
                        "DELETE FROM content_gone WHERE tenant = $1 AND upload = ANY($2::uuid[])",
                        [.int4(store.tenant), .uuids(names.map(\.upload))])
                ])
            if names.count < Self.page { return }
        }
    }

    /// One step of a round through the folder: the next of its 256 parts that holds something.
    /// - Parameter last: where the step before ended; empty begins a round.
    /// - Returns: where this one ended, nil at the end of the round; and how many files were removed.
    func sweep(after last: String, at now: Instant) async throws -> (last: String?, removed: Int) {
        guard let files = store.files,
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
            try await files.remove(orphans)
            removed += orphans.count
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
