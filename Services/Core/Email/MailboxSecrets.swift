import Domain
import Foundation
import ServiceKit
import Storage

/// Secrets of mailboxes, sealed at rest. They are written and taken away, and never shown again.
struct MailboxSecrets: Sendable {
    let pool: PostgresPool
    let tenant: Int32
    let tenantName: String

    /// What a secret may hold; all of it texts.
    static let members = [
        "password", "clientId", "clientSecret", "refreshToken", "accessToken", "tokenUrl", "authorizationUrl",
        "tenantId",
        "scope",
    ]

    /// The secret in a body.
    static func secret(in body: JSONObject) throws(Problem) -> [UInt8] {
        var errors: [Problem.FieldError] = []
        for (name, value) in body.members {
            if !members.contains(name) {
                errors.append(.init(path: "/\(name)", message: "unknown; known are \(members.joined(separator: ", "))"))
            } else if !(1...8192).contains(value.stringValue?.utf8.count ?? 0) {
                errors.append(.init(path: "/\(name)", message: "must be a text of 1 to 8192 bytes"))
            }
        }
        if body["password"] == nil, body["clientId"] == nil {
            errors.append(.init(path: "", message: "must hold a password, or clientId with what belongs to it"))
        }
        guard errors.isEmpty else { throw .unprocessable("This is no secret of a mailbox.", errors: errors) }
        return JSONValue.object(body).canonical().bytes
    }

    func store(_ secret: [UInt8], as name: String, by author: String, box: SecretBox, at now: Instant) async throws {
        let sealed = try box.seal(secret, for: SecretBox.purpose(tenant: tenantName, secret: name))
        _ = try await pool.batch(
            tenant: tenant, idempotent: true,
            [
                SQLStatement(
                    """
                    INSERT INTO mailbox_secret (tenant, name, sealed, updated_at, updated_by) VALUES ($1, $2, $3, $4, $5)
                    ON CONFLICT (tenant, name) DO UPDATE
                        SET sealed = excluded.sealed, updated_at = excluded.updated_at, updated_by = excluded.updated_by
                    """,
                    [.int4(tenant), .text(name), .bytes(sealed), .int8(now.milliseconds), .text(author)])
            ])
    }

    func remove(_ name: String) async throws -> Bool {
        let results = try await pool.batch(
            tenant: tenant,
            [
                SQLStatement(
                    "DELETE FROM mailbox_secret WHERE tenant = $1 AND name = $2", [.int4(tenant), .text(name)])
            ])
        return results[0].rowsAffected > 0
    }

    func names(after name: String?, limit: Int) async throws -> [(name: String, updatedAt: Instant)] {
        try await pool.query(
            "SELECT name, updated_at FROM mailbox_secret WHERE tenant = $1 AND name > $2 ORDER BY name LIMIT $3",
            [.int4(tenant), .text(name ?? ""), .int8(Int64(limit))], tenant: tenant
        ).map { (try $0[0].text, Instant(milliseconds: try $0[1].int64)) }
    }

    /// The sealed boxes by name.
    func sealed() async throws -> [String: [UInt8]] { try await stored().mapValues(\.sealed) }

    /// The sealed boxes by name, and when people last stored them.
    func stored() async throws -> [String: (sealed: [UInt8], updatedAt: Int64)] {
        let rows = try await pool.query(
            "SELECT name, sealed, updated_at FROM mailbox_secret WHERE tenant = $1", [.int4(tenant)], tenant: tenant)
        return Dictionary(
            try rows.map { (try $0[0].text, (try $0[1].bytes, try $0[2].int64)) }, uniquingKeysWith: { $1 })
    }

    /// What changes with every box, for who waits for that: also with a box in which a provider's new token stands.
    static func mark(tenant: Int32) -> SQLStatement {
        SQLStatement(
            """
            SELECT coalesce(max(updated_at), 0) + count(*) + coalesce(sum(hashtext(encode(sealed, 'hex'))::bigint), 0)::bigint
            FROM mailbox_secret WHERE tenant = $1
            """, [.int4(tenant)])
    }
}
