import Domain
import Foundation
import Storage

/// Looks at messages without changing them.
struct EmailQueries: Sendable {
    let pool: PostgresPool
    let tenant: Int32

    func find(_ id: UUID) async throws -> Email? { try await emails("id = $2", [.uuid(id)]).first }

    /// The message of an item's conversation that an answer answers: the last that came and could be read.
    func last(of item: UUID) async throws -> Email? {
        try await emails(
            "work_item = $2 AND direction = 'in' AND state = 'received' ORDER BY id DESC LIMIT 1", [.uuid(item)]
        ).first
    }

    func emails(_ condition: String, _ parameters: [SQLValue]) async throws -> [Email] {
        try await pool.query(
            "SELECT \(Email.columns) FROM email WHERE tenant = $1 AND \(condition)", [.int4(tenant)] + parameters,
            tenant: tenant
        ).map { try Email(row: $0) }
    }
}
