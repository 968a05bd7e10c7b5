import Domain
import Foundation
import ServiceKit
import Storage

/// Queued messages whose mailbox does not send say so: once, in the message, in the history of its item and on
/// `emails.status`. When the mailbox sends again they go out; when it is gone from the configuration they have failed.
struct QueuedWithoutMailbox: Sendable {
    let runtime: TenantRuntime
    private var tenant: Int32 { runtime.tenant }

    /// Why messages wait.
    enum Reason {
        static let disabled = "waiting: mailbox disabled"
        static let receivesOnly = "waiting: mailbox has no outbound"

        static func removed(_ mailbox: String) -> String {
            "The mailbox \(mailbox) was removed from the configuration."
        }

        /// nil for a mailbox that sends.
        static func of(_ mailbox: MailboxConfiguration) -> String? {
            mailbox.enabled ? mailbox.outbound == nil ? receivesOnly : nil : disabled
        }
    }

    /// Messages of one step.
    private static let atOnce: Int64 = 200

    /// - Returns: whether there may be more.
    func step(at now: Instant) async throws -> Bool {
        let snapshot = runtime.snapshot
        let queued = try await mailboxes()
        var known: [(name: String, reason: String?)] = []
        var gone: [String] = []
        for name in queued {
            if let mailbox = snapshot.configuration.mailbox(named: name) {
                known.append((name, Reason.of(mailbox)))
            } else {
                gone.append(name)
            }
        }
        let told = known.isEmpty ? 0 : try await tell(known, at: now)
        let failed = gone.isEmpty ? 0 : try await fail(gone, version: snapshot.version, at: now)
        if told + failed > 0 { runtime.committed.raise() }
        return max(told, failed) >= Int(Self.atOnce)
    }

    /// Mailboxes with queued messages: from one to the next along the index, however many messages there are.
    private func mailboxes() async throws -> [String] {
        let first = "SELECT mailbox FROM email WHERE tenant = $1 AND state = 'queued'"
        return try await runtime.dependencies.pool.query(
            """
            WITH RECURSIVE found AS (
                (\(first) ORDER BY mailbox LIMIT 1)
                UNION ALL
                SELECT (\(first) AND mailbox > f.mailbox ORDER BY mailbox LIMIT 1) FROM found f WHERE f.mailbox IS NOT NULL
            )
            SELECT mailbox FROM found WHERE mailbox IS NOT NULL
            """, [.int4(tenant)], tenant: tenant
        ).map { try $0[0].text }
    }

    /// Has messages say why they wait, or that they do so no longer.
    private func tell(_ mailboxes: [(name: String, reason: String?)], at now: Instant) async throws -> Int {
        let reasons = Dictionary(mailboxes.map { ($0.name, $0.reason) }, uniquingKeysWith: { first, _ in first })
        // Of mailboxes that send few messages say so, or none: an index of those that do tells which.
        let sending = mailboxes.filter { $0.reason == nil }.map(\.name)
        let resting = mailboxes.filter { $0.reason != nil }
        var told = 0
        if !sending.isEmpty {
            told += try await change(
                SQLStatement(
                    """
                    SELECT \(Email.columns) FROM email
                    WHERE tenant = $1 AND mailbox = ANY($2::text[]) AND state = 'queued' AND reason LIKE 'waiting: %'
                    LIMIT $3 FOR UPDATE SKIP LOCKED
                    """, [.int4(tenant), .texts(sending), .int8(Self.atOnce)]), at: now
            ) { Self.saying(nil, $0, at: now) }
        }
        if !resting.isEmpty {
            told += try await change(
                SQLStatement(
                    """
                    SELECT \(Email.columns) FROM email
                    JOIN unnest($2::text[], $3::text[]) AS m(name, wanted) ON m.name = email.mailbox
                    WHERE tenant = $1 AND state = 'queued' AND reason IS DISTINCT FROM wanted
                    LIMIT $4 FOR UPDATE OF email SKIP LOCKED
                    """,
                    [
                        .int4(tenant), .texts(resting.map(\.name)), .textsOptional(resting.map(\.reason)),
                        .int8(Self.atOnce),
                    ]), at: now
            ) { Self.saying(reasons[$0.mailbox] ?? nil, $0, at: now) }
        }
        return told
    }

    private static func saying(_ reason: String?, _ email: Email, at now: Instant) -> Email {
        var after = email
        after.revision += 1
        (after.updatedAt, after.reason) = (now, reason)
        return after
    }

    /// What waits for a mailbox that is gone has failed: it can be tried again when there is one of its name.
    private func fail(_ mailboxes: [String], version: Int32, at now: Instant) async throws -> Int {
        try await change(
            SQLStatement(
                """
                SELECT \(Email.columns) FROM email
                WHERE tenant = $1 AND mailbox = ANY($2::text[]) AND state = 'queued'
                ORDER BY id LIMIT $3 FOR UPDATE SKIP LOCKED
                """, [.int4(tenant), .texts(mailboxes), .int8(Self.atOnce)]),
            // What was queued under a later configuration than is known here may well have its mailbox.
            onlyAt: version, at: now
        ) { email in
            try ChangeEmails.after(.fail, email, at: now) { $0.reason = Reason.removed(email.mailbox) }
        }
    }

    /// - Parameter version: of the configuration; under another one nothing is changed.
    private func change(
        _ select: SQLStatement, onlyAt version: Int32? = nil, at now: Instant,
        _ after: @Sendable (Email) throws -> Email
    ) async throws -> Int {
        let change = ChangeEmails(runtime: runtime)
        return try await runtime.dependencies.pool.transaction(tenant: tenant, idempotent: true) { transaction in
            let found = try await transaction.pipeline([
                select,
                SQLStatement("SELECT configuration_version FROM tenant WHERE id = $1", [.int4(tenant)]),
            ])
            if let version, try found[1][0, 0].int32 != version { return 0 }
            let changes = try found[0].map { row in
                let email = try Email(row: row)
                return (before: email, after: try after(email))
            }
            _ = try await transaction.commit(with: change.statements(changes, actor: .configuration, at: now))
            return changes.count
        }
    }
}
