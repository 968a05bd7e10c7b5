import Domain
import Foundation
import Storage

/// What the holder of a mailbox writes under its term, and reads before it begins.
struct MailboxLease: Sendable {
    let runtime: TenantRuntime
    let mailbox: MailboxConfiguration
    private var pool: PostgresPool { runtime.dependencies.pool }
    private var tenant: Int32 { runtime.tenant }
    private var lease: String { MailboxState.lease(tenant: tenant, mailbox: mailbox.name) }

    /// Everything written under a term carries it, and is refused when a newer one exists.
    func fence(_ term: Int64) -> TermFence { TermFence(lease: lease, term: term) }

    /// Begins a new term.
    func begin(holder: String, at now: Instant) async throws -> Int64 {
        let term = try await pool.nextTerm(lease, holder: holder)
        _ = try await pool.batch(
            tenant: tenant, idempotent: true,
            [
                MailboxState.begin(mailbox, tenant: tenant, at: now),
                SQLStatement(
                    "UPDATE mailbox_state SET term = $3, holder = $4 WHERE tenant = $1 AND name = $2 AND term < $3",
                    [.int4(tenant), .text(mailbox.name), .int8(term), .text(holder)]),
            ])
        return term
    }

    /// How far the mailbox has been read. Its folder is there also when nothing was read: with the moment from when on
    /// mail is taken.
    func progress(term: Int64, at now: Instant) async throws -> JSONObject {
        let results = try await pool.batch(
            tenant: tenant, fence: fence(term), idempotent: true,
            [
                MailboxState.begin(mailbox, tenant: tenant, at: now),
                MailboxState.read(mailbox.name, tenant: tenant),
            ])
        guard let row = results[1].first else { return [:] }
        let state = try MailboxState(row: row)
        let from = JSONValue.string((state.firstFrom ?? now).rfc3339)
        var folders = state.folders
        let folder = mailbox.inbound?.folder ?? "INBOX"
        for name in folders.keys + (folders[folder] == nil ? [folder] : []) where folders[name]?["from"] == nil {
            var entry = folders[name]?.objectValue ?? JSONObject()
            entry["from"] = from
            folders[name] = .object(entry)
        }
        var progress: JSONObject = ["folders": .object(folders), "from": from]
        progress["cursor"] = state.cursor.map(JSONValue.string)
        return progress
    }

    /// What the holder tells of its connections.
    struct Report: Sendable {
        var inbound: (state: MailboxState.Connection, error: String?)?
        var outbound: (state: MailboxState.Connection, error: String?)?
        var unread: Int64?
        var folderCount: Int64?
        var takenCount: Int64?
    }

    func store(_ report: Report, term: Int64, at now: Instant) async throws {
        func side(_ name: String, _ first: Int) -> String {
            """
            \(name) = coalesce($\(first), \(name)),
            \(name)_since = CASE WHEN $\(first) IS DISTINCT FROM \(name) AND $\(first) IS NOT NULL THEN $8 ELSE \(name)_since END,
            \(name)_error = CASE WHEN $\(first) IS NULL THEN \(name)_error ELSE $\(first + 1) END
            """
        }
        _ = try await pool.batch(
            tenant: tenant, fence: fence(term), idempotent: true,
            [
                MailboxState.begin(mailbox, tenant: tenant, at: now),
                SQLStatement(
                    """
                    UPDATE mailbox_state SET \(side("inbound", 3)), \(side("outbound", 5)),
                        unread = coalesce($7, unread), folder_count = coalesce($9, folder_count),
                        taken_count = coalesce($10, taken_count)
                    WHERE tenant = $1 AND name = $2
                    """,
                    [
                        .int4(tenant), .text(mailbox.name), SQLValue(report.inbound?.state.rawValue),
                        SQLValue(report.inbound?.error), SQLValue(report.outbound?.state.rawValue),
                        SQLValue(report.outbound?.error), SQLValue(report.unread), .int8(now.milliseconds),
                        SQLValue(report.folderCount), SQLValue(report.takenCount),
                    ]),
            ])
    }
}
