import Domain
import SearchIndex
import Storage

/// Whether the search server's index follows the feed. An index that nobody writes any more answers as quickly as ever, and
/// does not find what came since.
struct IndexStanding: Sendable {
    let runtime: TenantRuntime
    let configuration: SearchConfiguration

    /// Milliseconds for which an event may be on its way into the index.
    private static let grace: Int64 = 10_000

    /// Looks once a second at most.
    /// - Throws: `SearchIndexError`: `.behind` when the oldest event that the index lacks is older than 10 s, or the index
    ///   is that of another history; what asking the server throws.
    func require(_ server: SearchServer) async throws {
        let version = runtime.snapshot.version
        if let known = runtime.searchServer.standing(version) { return try known.get() }
        let answer = try await server.call(
            "GET", "/\(SearchControl.index)/_doc/\(configuration.alias)",
            within: .milliseconds(configuration.answersWithin), limit: 1 << 20)
        guard let position = SearchControl.position(in: answer) else {
            throw SearchIndexError(.notFound, "nothing says how far the index is")
        }
        let problem = try await problem(at: position, of: SearchControl.owner(in: answer))
        runtime.searchServer.noteStanding(problem, version)
        if let problem { throw problem }
    }

    private func problem(at position: Int64, of owner: String?) async throws -> SearchIndexError? {
        // When the first event was written that the indexer would have noted whatever it is, and the first one that
        // changes a document.
        let row = try await runtime.dependencies.pool.query(
            """
            SELECT coalesce(max(r.position), 0),
                (SELECT b.written_at FROM outbox b WHERE b.tenant = $1 AND b.position <= $2 + $3 + 1
                    ORDER BY b.position DESC LIMIT 1),
                (SELECT o.written_at FROM outbox o JOIN event e ON e.tenant = o.tenant AND e.batch = o.batch
                    WHERE o.tenant = $1
                        AND o.position > coalesce(
                            (SELECT max(position) FROM outbox WHERE tenant = $1 AND position <= $2 + 1), 0) - 1
                        AND o.position <= $2 + $3 AND o.position + e.place > $2
                        AND (e.kind LIKE 'workitem.%' OR e.kind = 'workitems.remove'
                            OR (e.kind LIKE 'email.%' AND strpos(e.body, '"workItemId"') > 0))
                    ORDER BY o.position, e.place LIMIT 1), \(SearchSettings.owner)
            FROM relay r WHERE r.tenant = $1
            """, [.int4(runtime.tenant), .int8(position), .int8(SearchControl.unnoted)], tenant: runtime.tenant)
        if let owner, try row[0, 3].text != owner {
            return SearchIndexError(.refused, "the index is that of another tenant or installation (\(owner))")
        }
        let last = try row[0, 0].int64
        if position > last {
            return SearchIndexError(
                .behind, "the index has read events of another history (a restored database); rebuild it")
        }
        let latest = Instant.now.milliseconds - Self.grace
        // What has been cleared away is older than that.
        let isFar = try last > position + SearchControl.unnoted && (row[0, 1].nullable?.int64 ?? 0) < latest
        let lacks = try row[0, 2].nullable.map { try $0.int64 < latest } ?? false
        guard isFar || lacks else { return nil }
        return SearchIndexError(.behind, "the index lacks events that are older than 10 s")
    }
}
