import Crypto
import Domain
import Foundation
import Storage

/// What the email service is to do for a tenant: its mailboxes with their sealed secrets, mailboxes with mail that is to
/// go out, messages to read once more, and tests of connections.
struct MailboxWork: Sendable {
    let runtime: TenantRuntime

    /// What the service knows from the answer before.
    struct Known: Sendable {
        var version: Int64?
        /// `seen` of that answer.
        var seen: String?
    }

    /// What there is to do at a moment.
    struct Look: Sendable {
        var version: Int32
        /// Changes with every secret.
        var secrets: Int64
        /// Mailboxes whose holders have something to send, with the last message that has become due there.
        var due: [(mailbox: String, last: UUID)] = []
        /// When the next message becomes due where none is yet.
        var nextDue: Instant?
        var tests: [MailboxTest]
        var rereads: [RereadEmails.Reread]

        fileprivate var secretsMark: String { "\(secrets)" }
        /// Another one when a message has become due; where some were sent meanwhile perhaps too.
        fileprivate var dueMark: String {
            due.isEmpty
                ? "0" : EmailDigest.of(due.map { "\($0.mailbox) \($0.last.hexText)" }.joined(separator: "\n")).hexText
        }
        var seen: String { "\(secretsMark).\(dueMark)" }

        /// Whether the service has to learn of it. That nothing is due any more is no news.
        fileprivate func isNews(to known: Known) -> Bool {
            !tests.isEmpty || !rereads.isEmpty || !knowsMailboxes(known)
                || (!due.isEmpty && known.seen != seen)
        }

        fileprivate func knowsMailboxes(_ known: Known) -> Bool {
            guard let seen = known.seen else { return known.version == Int64(version) }
            return known.version == Int64(version) && seen.split(separator: ".").first == Substring(secretsMark)
        }
    }

    /// Looks again and again until there is something that the service does not know.
    func wait(_ known: Known) async throws -> Look? {
        var known = known
        while true {
            let rings = runtime.mailNews.rings
            let look = try await look(at: .now)
            if look.isNews(to: known) { return look }
            // Who does not say what was seen is told of what changes from now on.
            if known.seen == nil { known.seen = look.seen }
            // Bells of other instances may be lost, and secrets and tests ring none there.
            let pause = look.nextDue.map { Duration.milliseconds(max(10, $0 - .now)) } ?? .seconds(1)
            await runtime.mailNews.wait(after: rings, atMost: min(.seconds(1), pause))
            try Task.checkCancellation()
        }
    }

    func look(at now: Instant) async throws -> Look {
        let snapshot = runtime.snapshot
        let own: SQLValue = .int4(runtime.tenant)
        let results = try await runtime.dependencies.pool.batch(
            tenant: runtime.tenant,
            [
                MailboxTests.taking(tenant: runtime.tenant, at: now),
                RereadEmails.taking(tenant: runtime.tenant, at: now),
                MailboxSecrets.mark(tenant: runtime.tenant),
                // The ends of each mailbox's part of the index, however much waits.
                SQLStatement(
                    """
                    SELECT m.name, o.due_at, n.id FROM unnest($2::text[]) AS m(name)
                    CROSS JOIN LATERAL (
                        SELECT due_at FROM email WHERE tenant = $1 AND mailbox = m.name AND state = 'queued'
                        ORDER BY due_at LIMIT 1) AS o
                    LEFT JOIN LATERAL (
                        SELECT id FROM email WHERE tenant = $1 AND mailbox = m.name AND state = 'queued' AND due_at <= $3
                        ORDER BY due_at DESC LIMIT 1) AS n ON true
                    """,
                    [
                        own, .texts(snapshot.configuration.mailboxes.filter(\.enabled).map(\.name)),
                        .int8(now.milliseconds),
                    ]),
            ])
        var look = Look(
            version: snapshot.version, secrets: try results[2][0, 0].int64, tests: try MailboxTests.taken(results[0]),
            rereads: try RereadEmails.tasks(results[1]))
        for row in results[3] {
            if let last = try row[2].nullable?.uuid {
                look.due.append((try row[0].text, last))
            } else {
                let due = Instant(milliseconds: try row[1].int64)
                look.nextDue = min(look.nextDue ?? due, due)
            }
        }
        look.due.sort { $0.mailbox < $1.mailbox }
        return look
    }

    /// - Parameter known: mailboxes that the caller knows are left out.
    func answer(_ look: Look, _ known: Known) async throws -> JSONObject {
        let snapshot = runtime.snapshot
        var answer: JSONObject = [
            "tenant": .string(runtime.name), "configurationVersion": .integer(Int64(snapshot.version)),
            "tests": .array(look.tests.map { ["id": .string($0.id.dashedText), "mailbox": .string($0.mailbox)] }),
            "due": .array(look.due.map { .string($0.mailbox) }), "rereads": .array(look.rereads.map(\.document)),
            "seen": .string(look.seen),
        ]
        if snapshot.version != look.version || known.seen == nil || !look.knowsMailboxes(known) {
            answer["mailboxes"] = .array(try await mailboxes(snapshot))
        }
        return answer
    }

    private func mailboxes(_ snapshot: TenantSnapshot) async throws -> [JSONValue] {
        let stored = try await MailboxSecrets(
            pool: runtime.dependencies.pool, tenant: runtime.tenant, tenantName: runtime.name
        ).stored()
        return snapshot.configuration.mailboxes.map { mailbox -> JSONValue in
            var boxes = JSONObject()
            var moments = JSONObject()
            for name in mailbox.secrets {
                boxes[name] = stored[name].map { .string(Data($0.sealed).base64EncodedString()) }
                moments[name] = stored[name].map { .integer($0.updatedAt) }
            }
            var entry: JSONObject = [
                "name": .string(mailbox.name), "enabled": .bool(mailbox.enabled),
                "kind": .string(mailbox.kind.rawValue),
                "settings": mailbox.document, "sealed": .object(moments),
            ]
            // Another one than before: whoever holds the mailbox connects anew. What people stored counts, not the tokens that
            // its holder gets from a provider.
            let digest = SHA256.hash(data: JSONValue.object(entry).canonical().bytes)
            entry["sealed"] = .object(boxes)
            entry["revision"] = .string(EmailAttachment.hexadecimal(digest.prefix(8)))
            return .object(entry)
        }
    }
}
