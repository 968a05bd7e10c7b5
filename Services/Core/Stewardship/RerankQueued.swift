import Domain
import Foundation
import Storage

/// After a configuration has been applied: waiting items get the new versions of their category's schema, calendar,
/// endpoint and skills, page by page in the background. Order is exact before and after; in between each item is ranked
/// by one version or the other.
struct RerankQueued: Sendable {
    let runtime: TenantRuntime

    func step() async throws -> Duration {
        let snapshot = runtime.snapshot
        let done = try await runtime.dependencies.pool.query(
            "SELECT reranked FROM relay WHERE tenant = $1", [.int4(runtime.tenant)], tenant: runtime.tenant)
        guard let row = done.first, try row[0].int32 < snapshot.version, runtime.reranking.isDue(for: snapshot.version)
        else { return .milliseconds(200) }
        try await emptyWorkbins(in: snapshot)
        var last = UUID(high: 0, low: 0)
        while true {
            let rows = try await runtime.dependencies.pool.query(
                """
                SELECT id FROM work_item WHERE tenant = $1 AND status = 'queued' AND id > $2
                    AND configuration_version < $3 ORDER BY id LIMIT 500
                """,
                [.int4(runtime.tenant), .uuid(last), .int4(snapshot.version)], tenant: runtime.tenant)
            if rows.isEmpty { break }
            let ids = try rows.map { try $0[0].uuid }
            last = ids.last ?? last
            try await runtime.change(
                ids.map { ChangeRequest(reference: .id($0), command: .rerank, actor: .configuration) })
        }
        // Instances that had not heard of the version may have captured by the old one for some seconds: one more pass.
        guard runtime.reranking.passes(for: snapshot.version) >= 2 else { return .milliseconds(200) }
        _ = try await runtime.dependencies.pool.batch(
            tenant: runtime.tenant, idempotent: true,
            [
                SQLStatement(
                    "UPDATE relay SET reranked = greatest(reranked, $2) WHERE tenant = $1",
                    [.int4(runtime.tenant), .int4(snapshot.version)])
            ])
        return .milliseconds(200)
    }

    /// What lies in a workbin whose agent or group the configuration has no more goes back to the queue.
    private func emptyWorkbins(in snapshot: TenantSnapshot) async throws {
        let bins = snapshot.agents.values.map(\.workbin) + snapshot.groups.map(Workbin.ofGroup)
        let rows = try await runtime.dependencies.pool.query(
            "SELECT id FROM work_item WHERE tenant = $1 AND status = 'parked' AND workbin <> ALL($2)",
            [.int4(runtime.tenant), .texts(bins)], tenant: runtime.tenant)
        try await runtime.change(
            try rows.map { ChangeRequest(reference: .id(try $0[0].uuid), command: .resume, actor: .configuration) })
    }
}
