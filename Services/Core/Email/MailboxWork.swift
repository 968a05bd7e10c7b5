import Crypto
import Domain
import Foundation
import Storage

/// What the email service is to do for a tenant: its mailboxes with their sealed secrets, and tests of connections.
struct MailboxWork: Sendable {
    let runtime: TenantRuntime

    private var tests: MailboxTests { MailboxTests(pool: runtime.dependencies.pool, tenant: runtime.tenant) }

    /// Waits until a version other than `known` is in force, a secret has changed, or a test is asked for.
    /// - Returns: the tests that were taken for the caller.
    func wait(knowing known: Int64?) async throws -> [MailboxTest]? {
        let before = try await secretsChanged()
        var round = 0
        while true {
            if let known, Int64(runtime.snapshot.version) != known { return [] }
            // The database is asked once a second, memory four times.
            if round.isMultiple(of: 4) || runtime.mailboxesChanged.take() {
                let taken = try await tests.take(at: .now)
                if !taken.isEmpty { return taken }
                if try await secretsChanged() != before { return [] }
            }
            round += 1
            try await Task.sleep(for: .milliseconds(250))
        }
    }

    private func secretsChanged() async throws -> Int64 {
        try await runtime.dependencies.pool.query(
            "SELECT coalesce(max(updated_at), 0) + count(*) FROM mailbox_secret WHERE tenant = $1",
            [.int4(runtime.tenant)], tenant: runtime.tenant)[0, 0].int64
    }

    /// - Parameter taken: tests that the caller has already; nil looks for some.
    func answer(tests taken: [MailboxTest]?) async throws -> JSONObject {
        let snapshot = runtime.snapshot
        let tests = if let taken, !taken.isEmpty { taken } else { try await tests.take(at: .now) }
        let sealed = try await MailboxSecrets(
            pool: runtime.dependencies.pool, tenant: runtime.tenant, tenantName: runtime.name
        ).sealed()
        let mailboxes = snapshot.configuration.mailboxes.map { mailbox -> JSONValue in
            var boxes = JSONObject()
            for name in mailbox.secrets {
                boxes[name] = sealed[name].map { .string(Data($0).base64EncodedString()) }
            }
            var entry: JSONObject = [
                "name": .string(mailbox.name), "enabled": .bool(mailbox.enabled),
                "kind": .string(mailbox.kind.rawValue),
                "settings": mailbox.document, "sealed": .object(boxes),
            ]
            // Another one than before: whoever holds the mailbox connects anew.
            let digest = SHA256.hash(data: JSONValue.object(entry).canonical().bytes)
            entry["revision"] = .string(EmailAttachment.hexadecimal(digest.prefix(8)))
            return .object(entry)
        }
        return [
            "tenant": .string(runtime.name), "configurationVersion": .integer(Int64(snapshot.version)),
            "mailboxes": .array(mailboxes),
            "tests": .array(tests.map { ["id": .string($0.id.dashedText), "mailbox": .string($0.mailbox)] }),
        ]
    }
}
