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
            within: .milliseconds(configuration.answersWithin))
        guard let position = SearchControl.position(in: answer) else {
            throw SearchIndexError(.notFound, "nothing says how far the index is")
        }
        let problem = try await problem(at: position)
        runtime.searchServer.noteStanding(problem, version)
        if let problem { throw problem }
    }

    private func problem(at position: Int64) async throws -> SearchIndexError? {
        let row = try await runtime.dependencies.pool.query(
            """
            SELECT coalesce(max(r.position), 0), coalesce(max(o.written_at), 0) FROM relay r
            LEFT JOIN LATERAL (
                SELECT b.written_at FROM outbox b WHERE b.tenant = $1 AND b.position <= $2 + 1
                ORDER BY b.position DESC LIMIT 1
            ) o ON true
            WHERE r.tenant = $1
            """, [.int4(runtime.tenant), .int8(position)], tenant: runtime.tenant)
        let last = try row[0, 0].int64
        if position > last {
            return SearchIndexError(
                .behind, "the index has read events of another history (a restored database); rebuild it")
        }
        // The batch with the first event that is missing; none where that has been cleared away.
        guard position < last, Instant.now.milliseconds - (try row[0, 1].int64) > Self.grace else { return nil }
        return SearchIndexError(.behind, "the index lacks events that are older than 10 s")
    }
}
