import Domain
import Foundation
import Hummingbird
import Messaging
import ServiceKit
import Storage

/// Messages that could not be taken: seen and retried by an operator.
extension CoreAPI {
    /// Bytes of original messages on one page at most; a larger one has a page of its own.
    private static let pageBytes: Int64 = 4 << 20

    func deadLetters(_ routes: inout Routes) {
        routes.get("/dead", access: .anyOf(.supervisor)) { request in
            let runtime = try await runtime(for: request)
            let query = try request.query
            try query.refuseOthers(than: "limit", "cursor", "contents")
            let limit = try query.integer("limit", default: 50, in: 1...500)
            let contents = try query.bool("contents") ?? true
            let before = try query.string("cursor").map { text in
                guard let id = try cursor.decode(text, list: "dead").stringValue.flatMap({ UUID(hexText: $0) }) else {
                    throw Problem.badRequest(at: "cursor", "must be the value of next from a page of this list")
                }
                return id
            }
            let rows = try await runtime.dependencies.pool.query(
                """
                SELECT id, topic, partition, position, reason, at, retried_at, outcome,
                    CASE WHEN $4 AND (bytes <= $5 OR bytes = octet_length(value)) THEN value END
                FROM (
                    SELECT page.*, sum(octet_length(value)) OVER (ORDER BY id DESC ROWS UNBOUNDED PRECEDING) AS bytes
                    FROM (
                        SELECT id, topic, partition, position, value, reason, at, retried_at, outcome FROM dead_letter
                        WHERE tenant = $1 AND id < $2 ORDER BY id DESC LIMIT $3
                    ) page
                ) weighed ORDER BY id DESC
                """,
                [
                    .int4(runtime.tenant), .uuid(before ?? UUID(high: .max, low: .max)), .int8(Int64(limit + 1)),
                    .bool(contents), .int8(Self.pageBytes),
                ], tenant: runtime.tenant)
            // Letters behind the last that fits are there without their bytes; the next page begins with them.
            var shown = Array(rows.prefix(limit))
            if contents { shown = Array(shown.prefix { $0[8].nullable != nil }) }
            var next: String?
            if let last = shown.last, rows.count > shown.count {
                next = cursor.encode(.string(try last[0].uuid.hexText), list: "dead")
            }
            return try Response.json { json in
                try json.array("items") { list in
                    for row in shown { try list.object { try write(row, to: &$0) } }
                }
                if let next { json.member("next", next) } else { json.nullMember("next") }
            }
        }
        routes.post("/dead/{id}/retry", access: .anyOf(.supervisor)) { request in
            try await retry(request)
        }
    }

    private func write(_ row: SQLRow, to json: inout JSONWriter) throws {
        json.member("id", try row[0].uuid.dashedText)
        json.member("topic", try row[1].text)
        json.member("partition", try row[2].int32)
        json.member("offset", try row[3].int64)
        json.member("reason", try row[4].text)
        json.member("at", Instant(milliseconds: try row[5].int64))
        json.member("retriedAt", try row[6].nullable.map { Instant(milliseconds: try $0.int64) })
        json.member("outcome", try row[7].nullable?.text)
        guard let value = try row[8].nullable?.bytes else { return }
        // The original bytes; as text too where they are text, at most 64 KiB of it.
        json.member("bytes", Data(value).base64EncodedString())
        if let text = String(validating: value.prefix(65_536), as: UTF8.self) { json.member("text", text) }
    }

    /// Takes the original bytes through capture once more, after whatever stood in their way was mended.
    private func retry(_ request: APIRequest) async throws -> Response {
        let runtime = try await runtime(for: request)
        let body = try await request.jsonIfPresent()
        let key = try Self.answerKey(request, request.principal, body)
        let answers = KeptAnswers(runtime)
        if let known = try await answers.answer(to: key) { return known.response }
        guard let id = UUID(anyText: try request.capture("id")) else { throw Self.noSuchLetter }
        let rows = try await runtime.dependencies.pool.query(
            "SELECT topic, partition, position, key, value FROM dead_letter WHERE tenant = $1 AND id = $2",
            [.int4(runtime.tenant), .uuid(id)], tenant: runtime.tenant)
        guard let row = rows.first else { throw Self.noSuchLetter }
        let message = IncomingMessage(
            topic: try row[0].text, partition: try row[1].int32, offset: try row[2].int64,
            key: try row[3].nullable?.bytes, value: try row[4].bytes)
        let answer: StoredAnswer
        switch CommandMessage.read(message.value, binding: tenants.binding(ofTopic: message.topic)) {
        case .malformed(let malformed):
            answer = WorkItemAnswer.stored(Refusal(.invalid, malformed.reason, problems: malformed.problems))
        case .command(let envelope):
            guard (envelope.tenant ?? runtime.name) == runtime.name else {
                throw Problem.conflict("The message names another tenant; it is retried there.")
            }
            guard let source = runtime.snapshot.names.id(of: .source, envelope.source),
                runtime.snapshot.sources[source] != nil
            else { throw Problem.conflict("The configuration still has no source \(envelope.source).") }
            var reply: Reply
            do {
                answer = try await runtime.perform(envelope, source: source)
                reply = Reply(to: envelope, answer)
            } catch let error as StorageError {
                guard error.isRefusalOfContent else { throw error }
                let malformed = CommandMessage.Malformed(reason: error.refusal(of: "command"), envelope: envelope)
                answer = WorkItemAnswer.stored(Refusal(.invalid, malformed.reason))
                reply = Reply(to: malformed)
            }
            // The source hears of it as of any command, else a refusal would stay the last that it was told. It is told
            // before the answer is kept: when that fails, the operator's repeat tells it again.
            reply.retry = UUIDv7.next()
            let replies = runtime.dependencies.topics.replies
            try await runtime.dependencies.producer.send([reply.message(topic: replies, answering: message)])
        }
        // The command has its effect once by a key of its own, so a crash between it and this does no harm.
        let now = Instant.now
        return try await answers.once(key, at: now) { transaction in
            _ = try await transaction.query(
                "UPDATE dead_letter SET retried_at = $3, outcome = $4 WHERE tenant = $1 AND id = $2",
                [
                    .int4(runtime.tenant), .uuid(id), .int8(now.milliseconds),
                    .text(answer.status < 300 ? "accepted" : "refused"),
                ])
            return (done: true, answer: answer)
        }.answer.response
    }

    private static let noSuchLetter = Problem.notFound("There is no such dead letter.")
}
