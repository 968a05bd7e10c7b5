import Domain
import Foundation
import Hummingbird
import ServiceKit
import Storage

/// Erasure of a customer's data on request.
extension CoreAPI {
    func customers(_ routes: inout Routes) {
        routes.post("/customers/erase", access: .anyOf(.admin)) { request in
            let runtime = try await runtime(for: request)
            let body = try await request.object()
            guard body.keys == ["customer"], let customer = body["customer"]?.stringValue,
                (1...WorkItemLimits.attributesBytes).contains(customer.utf8.count)
            else {
                throw Problem.unprocessable(
                    "Expected {\"customer\": …}: the value of the tenant's customer attribute.",
                    errors: [.init(path: "/customer", message: "must be a text of 1 to \(WorkItemLimits.attributesBytes) bytes")])
            }
            let key = try Self.answerKey(request, request.principal, .object(body))
            let answers = KeptAnswers(runtime)
            if let known = try await answers.answer(to: key) { return known.response }
            let erased = try await EraseCustomer(pool: runtime.dependencies.pool, tenant: runtime.tenant)
                .perform(customer, at: .now)
            return try await answers.keep(StoredAnswer(200) { $0.member("erasedWorkItems", erased) }, as: key).response
        }
    }
}

/// Takes what a customer's items say about the customer out of PostgreSQL: attributes, the source's number, texts written
/// by people, and the same in every event. The items themselves stay, so that every count stays what it was.
///
/// Messages already on Kafka age out by the topics' retention.
struct EraseCustomer: Sendable {
    let pool: PostgresPool
    let tenant: Int32

    /// - Returns: how many items were erased.
    func perform(_ customer: String, at now: Instant) async throws -> Int {
        var total = 0
        while true {
            let count = try await page(customer, at: now)
            total += count
            if count < 500 { return total }
        }
    }

    private func page(_ customer: String, at now: Instant) async throws -> Int {
        let tenant = tenant
        return try await pool.transaction(tenant: tenant) { transaction in
            let rows = try await transaction.query(
                """
                SELECT id FROM work_item WHERE tenant = $1 AND md5(customer) = md5($2) AND customer = $2 ORDER BY id LIMIT 500 FOR UPDATE
                """, [.int4(tenant), .text(customer)])
            guard !rows.isEmpty else { return 0 }
            let ids = try rows.map { try $0[0].uuid }
            // The number stays unique and tells nothing; a source that submits the same again makes a new item.
            _ = try await transaction.commit(with: [
                SQLStatement(
                    """
                    UPDATE work_item SET capture_id = 'erased:' || id, attributes = '{}', customer = NULL, reason = NULL,
                        result = NULL, content_hash = '', updated_at = $3
                    WHERE tenant = $1 AND id = ANY($2::uuid[])
                    """, [.int4(tenant), .uuids(ids), .int8(now.milliseconds)]),
                SQLStatement(
                    """
                    UPDATE event SET body = (
                        (body::jsonb - 'attributes' - 'reason' - 'result')
                        || jsonb_build_object('captureId', 'erased:' || subject)
                        || CASE WHEN body::jsonb ? 'attributes' THEN '{"attributes": {}}'::jsonb ELSE '{}'::jsonb END)::text
                    WHERE tenant = $1 AND subject = ANY($2::uuid[])
                    """, [.int4(tenant), .uuids(ids)]),
                SQLStatement(
                    """
                    DELETE FROM command_answer WHERE tenant = $1
                        AND (body::jsonb ->> 'id')::text = ANY(SELECT i::text FROM unnest($2::uuid[]) AS i)
                    """, [.int4(tenant), .uuids(ids)]),
            ])
            return ids.count
        }
    }
}
