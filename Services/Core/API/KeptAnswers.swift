import Domain
import Foundation
import ServiceKit
import Storage

/// Answers that are kept under an `Idempotency-Key`, for requests that change something else than a work item.
///
/// Only what had an effect, or found nothing to do, is kept: a refused request may be sent again under its key.
struct KeptAnswers: Sendable {
    private let pool: PostgresPool
    private let tenant: Int32

    init(_ runtime: TenantRuntime) {
        pool = runtime.dependencies.pool
        tenant = runtime.tenant
    }

    /// The answer that the request had before.
    /// - Throws: a refusal when another request came under the key.
    func answer(to key: AnswerKey?) async throws -> StoredAnswer? {
        guard let key else { return nil }
        let statement = lookUp(key)
        return try read(try await pool.query(statement.sql, statement.parameters, tenant: tenant), key)
    }

    /// Does something and keeps its answer in one transaction; of a repeat it only gives the answer.
    /// - Parameter body: may run again; all that it does is in the transaction.
    /// - Returns: what the body did, nil for a repeat, and the answer.
    func once<Done: Sendable>(
        _ key: AnswerKey?, at now: Instant,
        _ body: @Sendable (Transaction) async throws -> (done: Done?, answer: StoredAnswer)
    ) async throws -> (done: Done?, answer: StoredAnswer) {
        for _ in 0..<3 {
            do {
                return try await attempt(key, at: now, body)
            } catch let error as StorageError {
                // The same key was answered meanwhile: now that answer is found.
                guard error.code == Self.answeredMeanwhile else { throw error }
            }
        }
        return try await attempt(key, at: now, body)
    }

    private func attempt<Done: Sendable>(
        _ key: AnswerKey?, at now: Instant,
        _ body: @Sendable (Transaction) async throws -> (done: Done?, answer: StoredAnswer)
    ) async throws -> (done: Done?, answer: StoredAnswer) {
        try await pool.transaction(tenant: tenant) { transaction in
            if let key, let known = try read(try await transaction.query(lookUp(key)), key) { return (nil, known) }
            let (done, answer) = try await body(transaction)
            _ = try await transaction.commit(with: key.map { [insertion(of: answer, as: $0, at: now)] } ?? [])
            return (done, answer)
        }
    }

    /// Keeps the answer of what was done already; an answer that was kept meanwhile goes before it.
    func keep(_ answer: StoredAnswer, as key: AnswerKey?) async throws -> StoredAnswer {
        guard key != nil else { return answer }
        return try await once(key, at: .now) { _ in (done: true, answer: answer) }.answer
    }

    private static let answeredMeanwhile = StorageError.Code.uniqueViolation(constraint: "command_answer_pkey")

    private func lookUp(_ key: AnswerKey) -> SQLStatement {
        SQLStatement(
            "SELECT digest, status, body FROM command_answer WHERE tenant = $1 AND source = $2 AND key = $3",
            [.int4(tenant), .text(key.source), .text(key.key)])
    }

    private func read(_ rows: SQLResult, _ key: AnswerKey) throws -> StoredAnswer? {
        guard let row = rows.first else { return nil }
        guard try row[0].bytes == key.digest else {
            throw Refusal(.contentMismatch, "Another request came under the key \(key.key) before.")
        }
        return StoredAnswer(status: Int(try row[1].int32), body: try row[2].text)
    }

    private func insertion(of answer: StoredAnswer, as key: AnswerKey, at now: Instant) -> SQLStatement {
        SQLStatement(
            """
            INSERT INTO command_answer (tenant, source, key, digest, status, body, at)
            VALUES ($1, $2, $3, $4, $5, $6, $7)
            """,
            [
                .int4(tenant), .text(key.source), .text(key.key), .bytes(key.digest), .int4(Int32(answer.status)),
                .text(answer.body), .int8(now.milliseconds),
            ])
    }
}

extension StoredAnswer {
    /// 204; kept bodies are JSON all the same.
    static let nothing = StoredAnswer(status: 204, body: "{}")

    /// An answer with a JSON object.
    init(_ status: Int, _ write: (inout JSONWriter) -> Void) {
        var writer = JSONWriter(capacity: 512)
        writer.object(write)
        self.init(status: status, body: writer.text)
    }

    /// A refusal.
    init(_ problem: Problem) {
        self.init(status: problem.status, body: String(decoding: problem.document(instance: ""), as: UTF8.self))
    }
}
