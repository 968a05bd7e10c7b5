import Domain
import Foundation
import Storage

/// Which messages of a mailbox were taken, by the keys under which they were handed over: what lies in its folder is
/// compared with that.
struct TakenEmails: Sendable {
    let lease: MailboxLease

    /// Places in the list that was asked about.
    struct Answer: Sendable {
        /// Those that were not taken.
        var missing: [Int] = []
        /// Those of which not all was kept: the server has the only copy.
        var incomplete: [Int] = []
    }

    /// One look-up in the primary key for each.
    /// - Parameter keys: at most `EmailLimits.keys`.
    /// - Throws: `StorageError` with the code `staleTerm` when the term is over.
    func look(for keys: [ReceivedEmail.Key], term: Int64) async throws -> Answer {
        let digests = keys.map { EmailIdentity.key($0) }
        let results = try await lease.runtime.dependencies.pool.batch(
            tenant: lease.runtime.tenant, fence: lease.fence(term), idempotent: true,
            [
                SQLStatement(
                    """
                    SELECT k.key, CASE WHEN e.state <> 'received' THEN e.content END
                    FROM email_key k LEFT JOIN email e ON e.tenant = k.tenant AND e.id = k.email
                    WHERE k.tenant = $1 AND k.mailbox = $2 AND k.key = ANY($3::uuid[])
                    """, [.int4(lease.runtime.tenant), .text(lease.mailbox.name), .uuids(digests)])
            ])
        var known: [UUID: Bool] = [:]
        for row in results[0] {
            let content = (try row[1].nullable?.text).map { JSONObject(stored: $0) }
            known[try row[0].uuid] = ReceiveEmails.isIncomplete(content)
        }
        var answer = Answer()
        for (index, digest) in digests.enumerated() {
            guard let isIncomplete = known[digest] else {
                answer.missing.append(index)
                continue
            }
            if isIncomplete { answer.incomplete.append(index) }
        }
        return answer
    }
}
