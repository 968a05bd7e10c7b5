import Domain
import Foundation
import Storage

/// Messages and answers that were kept: SQL finds those that may name the customer, and each is then read token by token,
/// since a part of a text may belong to another customer.
extension EraseCustomer {
    /// Dead letters lose their bytes. That there was one stays, and the digest by which a redelivery is known.
    func eraseDeadLetters() async throws {
        let tenant = runtime.tenant
        let limit = 50
        var last = UUID(high: 0, low: 0)
        while true {
            // With a backslash in it, the name may be written in escapes.
            let rows = try await runtime.dependencies.pool.query(
                """
                SELECT id, value FROM dead_letter WHERE tenant = $1 AND id > $2
                    AND (position($3::bytea IN value) > 0 OR position('\\x5c'::bytea IN value) > 0) ORDER BY id LIMIT \(limit)
                """, [.int4(tenant), .uuid(last), .bytes(Array(name.text.utf8))], tenant: tenant)
            var naming: [UUID] = []
            for row in rows {
                last = try row[0].uuid
                if name.isNamed(inMessage: try row[1].bytes) { naming.append(last) }
            }
            if !naming.isEmpty {
                _ = try await runtime.dependencies.pool.batch(
                    tenant: tenant, idempotent: true,
                    [
                        SQLStatement(
                            """
                            UPDATE dead_letter SET value = '', key = NULL, reason = 'erased: it named a customer'
                            WHERE tenant = $1 AND id = ANY($2::uuid[])
                            """, [.int4(tenant), .uuids(naming)])
                    ])
            }
            if rows.count < limit { return }
        }
    }

    /// Kept answers go whose attributes name the customer, also those about items that are gone.
    func forgetAnswers() async throws {
        let tenant = runtime.tenant
        let limit = 200
        var last = (source: "", key: "")
        while true {
            let rows = try await runtime.dependencies.pool.query(
                """
                SELECT source, key, body FROM command_answer
                WHERE tenant = $1 AND (source, key) > ($2, $3) AND strpos(body, $4) > 0 ORDER BY source, key LIMIT \(limit)
                """, [.int4(tenant), .text(last.source), .text(last.key), .text(name.escaped)], tenant: tenant)
            var naming: [(source: String, key: String)] = []
            for row in rows {
                last = (try row[0].text, try row[1].text)
                let answer = try? JSONValue(parsing: try row[2].bytes)
                if let attributes = answer?["attributes"], name.isNamed(in: attributes) { naming.append(last) }
            }
            if !naming.isEmpty {
                _ = try await runtime.dependencies.pool.batch(
                    tenant: tenant, idempotent: true,
                    [
                        SQLStatement(
                            """
                            DELETE FROM command_answer a USING unnest($2::text[], $3::text[]) AS n(source, key)
                            WHERE a.tenant = $1 AND a.source = n.source AND a.key = n.key
                            """, [.int4(tenant), .texts(naming.map(\.source)), .texts(naming.map(\.key))])
                    ])
            }
            if rows.count < limit { return }
        }
    }
}
