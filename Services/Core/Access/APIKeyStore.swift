import Domain
import Foundation
import ServiceKit
import Storage

/// An API key as it is listed: never its text.
struct StoredAPIKey: Sendable {
    var id: UUID
    var name: String
    var roles: [Role]
    var source: String?
    var agent: String?
    var createdAt: Instant
    var expiresAt: Instant?
    var revokedAt: Instant?

    func write(to json: inout JSONWriter) {
        json.member("id", id.dashedText)
        json.member("name", name)
        json.member("roles", roles.map(\.rawValue))
        json.member("source", source)
        json.member("agent", agent)
        json.member("createdAt", createdAt)
        json.member("expiresAt", expiresAt)
        json.member("revokedAt", revokedAt)
    }
}

/// Keys in PostgreSQL, stored as SHA-256. Of one name two may be valid at a time, so that a key is rotated without a gap.
public struct APIKeyStore: Sendable {
    let pool: PostgresPool
    let forget: @Sendable (String) async -> Void

    /// - Parameter forget: told of the id of every key that is revoked.
    public init(pool: PostgresPool, forget: @escaping @Sendable (String) async -> Void = { _ in }) {
        self.pool = pool
        self.forget = forget
    }

    /// Finds a key that holds, for the authenticator.
    public func record(hash: [UInt8]) async throws -> APIKeyRecord? {
        let rows = try await pool.query(
            """
            SELECT k.id, k.tenant, t.name, k.name, k.roles, k.source, k.agent,
                (extract(epoch FROM k.expires_at) * 1000)::bigint
            FROM api_key k JOIN tenant t ON t.id = k.tenant
            WHERE k.digest = $1 AND k.revoked_at IS NULL AND (k.expires_at IS NULL OR k.expires_at > now())
            """, [.bytes(hash)])
        guard let row = rows.first else { return nil }
        let principal = Principal(
            tenant: try row[1].int32, tenantName: try row[2].text, subject: "key:\(try row[3].text)",
            roles: Roles(try row[4].textArray.compactMap(Role.init(rawValue:))), source: try row[5].nullable?.text,
            agent: try row[6].nullable?.text, keyID: try row[0].uuid.hexText)
        return APIKeyRecord(hash: hash, principal: principal, expires: try row[7].nullable?.int64)
    }

    /// Keys in the order of their ids, which is that of their making.
    func list(tenant: Int32, after id: UUID? = nil, limit: Int = .max) async throws -> [StoredAPIKey] {
        let rows = try await pool.query(
            "SELECT \(Self.columns) FROM api_key WHERE tenant = $1 AND id > $2 ORDER BY id LIMIT $3",
            [.int4(tenant), .uuid(id ?? UUID(high: 0, low: 0)), .int8(Int64(limit))])
        return try rows.map { try Self.key($0) }
    }

    func create(_ draft: APIKeyDraft, tenant: Int32) async throws -> (key: StoredAPIKey, text: String) {
        try await pool.transaction(tenant: tenant) { transaction in
            let made = try await create(draft, tenant: tenant, on: transaction)
            _ = try await transaction.commit()
            return made
        }
    }

    /// Makes a key in the caller's transaction.
    func create(
        _ draft: APIKeyDraft, tenant: Int32, on transaction: Transaction
    ) async throws -> (key: StoredAPIKey, text: String) {
        let key = APIKey.generate()
        // One at a time for a tenant, so that two makings cannot both find one key.
        _ = try await transaction.query("SELECT id FROM tenant WHERE id = $1 FOR NO KEY UPDATE", [.int4(tenant)])
        let valid = try await transaction.query(
            """
            SELECT count(*) FROM api_key WHERE tenant = $1 AND name = $2 AND revoked_at IS NULL
                AND (expires_at IS NULL OR expires_at > now())
            """, [.int4(tenant), .text(draft.name)])
        guard try valid[0, 0].int64 < 2 else {
            throw Refusal(
                .notAllowed, "Two keys of the name \(draft.name) are valid already; revoke the older one first.")
        }
        let rows = try await transaction.query(
            """
            INSERT INTO api_key (id, tenant, name, digest, roles, source, agent, expires_at)
            VALUES ($1, $2, $3, $4, $5, $6, $7, to_timestamp($8::bigint / 1000.0)) RETURNING \(Self.columns)
            """,
            [
                .uuid(UUIDv7.next()), .int4(tenant), .text(draft.name), .bytes(key.hash),
                .texts(draft.roles.map(\.rawValue)), SQLValue(draft.source), SQLValue(draft.agent),
                SQLValue(draft.expiresAt?.milliseconds),
            ])
        return (try Self.key(rows[0]), key.text)
    }

    func revoke(_ id: UUID, tenant: Int32) async throws -> Bool {
        let results = try await pool.batch(
            tenant: tenant, idempotent: true,
            [
                SQLStatement(
                    """
                    UPDATE api_key SET revoked_at = coalesce(revoked_at, now()) WHERE tenant = $1 AND id = $2 RETURNING id
                    """, [.int4(tenant), .uuid(id)])
            ])
        await forget(id.hexText)
        return !results[0].isEmpty
    }

    private static let columns = """
        id, name, roles, source, agent, (extract(epoch FROM created_at) * 1000)::bigint, \
        (extract(epoch FROM expires_at) * 1000)::bigint, (extract(epoch FROM revoked_at) * 1000)::bigint
        """

    private static func key(_ row: SQLRow) throws(StorageError) -> StoredAPIKey {
        func instant(_ cell: SQLCell) throws(StorageError) -> Instant? {
            (try cell.nullable?.int64).map { Instant(milliseconds: $0) }
        }
        return StoredAPIKey(
            id: try row[0].uuid, name: try row[1].text, roles: try row[2].textArray.compactMap(Role.init(rawValue:)),
            source: try row[3].nullable?.text, agent: try row[4].nullable?.text,
            createdAt: Instant(milliseconds: try row[5].int64), expiresAt: try instant(row[6]),
            revokedAt: try instant(row[7]))
    }
}
