import Domain
import Foundation
import Storage

/// Looks at messages without changing them.
struct EmailQueries: Sendable {
    let pool: PostgresPool
    let tenant: Int32

    func find(_ id: UUID) async throws -> Email? { try await emails("id = $2", [.uuid(id)]).first }

    /// The message of an item's conversation that an answer answers: the last that came and could be read. What nobody
    /// wrote, as a delivery report, is answered only where there is nothing else.
    func last(of item: UUID) async throws -> Email? {
        let readable = "work_item = $2 AND direction = 'in' AND state = 'received'"
        let written = try await emails(
            """
            \(readable) AND content::jsonb->'unattended' IS NULL
                AND coalesce(content::jsonb->>'automatic', '') <> ALL($3::text[])
            ORDER BY id DESC LIMIT 1
            """, [.uuid(item), .texts(ReceivedEmail.unattended)])
        if let last = written.first { return last }
        return try await emails("\(readable) ORDER BY id DESC LIMIT 1", [.uuid(item)]).first
    }

    /// A message of an item's conversation that a person may answer.
    func answerable(_ id: UUID, of item: UUID) async throws -> Email? {
        try await emails(
            "id = $2 AND work_item = $3 AND direction = 'in' AND state = 'received'", [.uuid(id), .uuid(item)]
        ).first
    }

    func emails(_ condition: String, _ parameters: [SQLValue]) async throws -> [Email] {
        try await pool.query(
            "SELECT \(Email.columns) FROM email WHERE tenant = $1 AND \(condition)", [.int4(tenant)] + parameters,
            tenant: tenant
        ).map { try Email(row: $0) }
    }
}
