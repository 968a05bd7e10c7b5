import Domain
import Foundation
import Storage

/// Dead letters. Each is read token by token, since a part of a text may belong to another customer.
extension EraseCustomer {
    /// Letters that name the customer or are about one of the customer's items lose their bytes. That there was one stays,
    /// and the digest by which a redelivery is known.
    /// - Returns: the id of the last letter.
    func eraseDeadLetters(after first: UUID) async throws -> UUID {
        let tenant = runtime.tenant
        let pool = runtime.dependencies.pool
        // A letter may be as large as a message.
        let limit = 50
        var last = first
        while true {
            let rows = try await pool.query(
                "SELECT id, value, key FROM dead_letter WHERE tenant = $1 AND id > $2 ORDER BY id LIMIT \(limit)",
                [.int4(tenant), .uuid(last)], tenant: tenant)
            var naming: [UUID] = []
            var numbered: [(letter: UUID, captureId: String)] = []
            for row in rows {
                last = try row[0].uuid
                let value = try row[1].bytes
                if value.isEmpty { continue }
                if name.isNamed(inMessage: value) {
                    naming.append(last)
                } else {
                    let key = try row[2].nullable.flatMap { String(validating: try $0.bytes, as: UTF8.self) }
                    let ids = Set(MessageTokens.captureIds(of: value) + [key].compactMap { $0 })
                    for id in ids where !id.contains("\0") { numbered.append((last, id)) }
                }
            }
            if !numbered.isEmpty { naming += try await aboutItems(numbered) }
            if !naming.isEmpty {
                _ = try await pool.batch(
                    tenant: tenant, idempotent: true,
                    [
                        SQLStatement(
                            """
                            UPDATE dead_letter SET value = '', key = NULL, reason = 'erased: it named a customer'
                            WHERE tenant = $1 AND id = ANY($2::uuid[])
                            """, [.int4(tenant), .uuids(naming)])
                    ])
            }
            if rows.count < limit { return last }
        }
    }

    /// The letters whose captureId, of whatever source, is that of an item of the customer.
    private func aboutItems(_ letters: [(letter: UUID, captureId: String)]) async throws -> [UUID] {
        let sources = runtime.snapshot.names.all(of: .source).map(\.id)
        return try await runtime.dependencies.pool.query(
            """
            SELECT DISTINCT l.letter FROM unnest($3::uuid[], $4::text[]) AS l(letter, capture_id)
            JOIN work_item w ON w.tenant = $1 AND w.source = ANY($5::int[]) AND w.capture_id = l.capture_id
                AND w.customer_key = md5($2)::uuid
            """,
            [
                .int4(runtime.tenant), .text(name.text), .uuids(letters.map(\.letter)),
                .texts(letters.map(\.captureId)), .int4s(sources),
            ], tenant: runtime.tenant
        ).map { try $0[0].uuid }
    }
}
