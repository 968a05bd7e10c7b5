import Domain
import Foundation
import ServiceKit
import Storage

/// A test of a mailbox's connections: asked for by a person, done by the email service.
struct MailboxTest: Sendable {
    let id: UUID
    let mailbox: String
    /// `{"inbound": {"ok", "error"?}, "outbound": …}` once it is done.
    var result: JSONObject?

    func write(to json: inout JSONWriter) {
        json.member("id", id.dashedText)
        json.member("mailbox", mailbox)
        json.member("done", result != nil)
        json.member("inbound", result?["inbound"])
        json.member("outbound", result?["outbound"])
    }

    /// Reads what the service tells.
    static func result(in body: JSONObject) throws(Problem) -> JSONObject {
        try body.refuseMembers(otherThan: ["inbound", "outbound"])
        var result = JSONObject()
        for (name, value) in body.members {
            let error = value["error"]
            guard let ok = value["ok"]?.boolValue, error == nil || error?.stringValue != nil else {
                throw .unprocessable(
                    "This is no result of a test.",
                    errors: [.init(path: "/\(name)", message: "must be {\"ok\": true or false, \"error\"?}")])
            }
            var side: JSONObject = ["ok": .bool(ok)]
            side["error"] = error?.stringValue.map { .string($0.cut(toBytes: 1000)) }
            result[name] = .object(side)
        }
        return result
    }
}

/// Tests in PostgreSQL.
struct MailboxTests: Sendable {
    let pool: PostgresPool
    let tenant: Int32

    func ask(_ test: MailboxTest, at now: Instant) async throws {
        _ = try await pool.batch(
            tenant: tenant, idempotent: true,
            [
                SQLStatement(
                    "INSERT INTO mailbox_test (tenant, id, mailbox, at) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING",
                    [.int4(tenant), .uuid(test.id), .text(test.mailbox), .int8(now.milliseconds)])
            ])
    }

    func find(_ id: UUID) async throws -> MailboxTest? {
        let rows = try await pool.query(
            "SELECT mailbox, result FROM mailbox_test WHERE tenant = $1 AND id = $2", [.int4(tenant), .uuid(id)],
            tenant: tenant)
        return try rows.first.map {
            MailboxTest(
                id: id, mailbox: try $0[0].text, result: (try $0[1].nullable?.text).map { JSONObject(stored: $0) })
        }
    }

    /// Hands out tests that are open. One that was handed out comes again after 30 s: whoever had it may be gone.
    static func taking(tenant: Int32, at now: Instant) -> SQLStatement {
        SQLStatement(
            """
            UPDATE mailbox_test SET given_at = $2
            WHERE tenant = $1 AND result IS NULL AND coalesce(given_at, 0) < $2 - 30000 AND at > $2 - 300000
            RETURNING id, mailbox
            """, [.int4(tenant), .int8(now.milliseconds)])
    }

    /// The tests of ``taking(tenant:at:)``.
    static func taken(_ rows: SQLResult) throws -> [MailboxTest] {
        try rows.map { MailboxTest(id: try $0[0].uuid, mailbox: try $0[1].text) }
    }

    /// - Returns: false when there is no such test. The first result stays.
    func answer(_ id: UUID, with result: JSONObject) async throws -> Bool {
        let results = try await pool.batch(
            tenant: tenant, idempotent: true,
            [
                SQLStatement(
                    "UPDATE mailbox_test SET result = coalesce(result, $3) WHERE tenant = $1 AND id = $2 RETURNING id",
                    [.int4(tenant), .uuid(id), .text(JSONValue.object(result).text)])
            ])
        return !results[0].isEmpty
    }
}
