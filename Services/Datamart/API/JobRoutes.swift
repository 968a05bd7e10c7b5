import Domain
import Foundation
import Hummingbird
import ServiceKit
import Storage

/// What the service did: `GET /iwd/v3/datamart/jobs`.
extension DatamartAPI {
    func jobs(_ routes: inout Routes) {
        routes.get("/datamart/jobs", access: .anyOf(.reader, .supervisor)) { request in
            let query = try request.query
            try query.refuseOthers(than: "job", "outcome", "limit", "cursor")
            let tenant = try request.principal.tenantName
            let trouble = troubles(tenant)
            // A mart that does not even open is what the view is looked at for.
            if marts(tenant) == nil, let trouble { return Self.page([], next: nil, problem: trouble) }
            let mart = try mart(for: request)
            let job = try query.string("job")
            let outcome = try query.choice("outcome", of: JobOutcome.self)
            let limit = try query.integer("limit", default: 50, in: 1...500)
            let list = "jobs:\(mart.tenant):\(job ?? ""):\(outcome?.rawValue ?? "")"
            var before: UUID?
            if let text = try query.string("cursor") {
                before = try cursor.decode(text, list: list).stringValue.flatMap { UUID(hexText: $0) }
            }
            // What the database has not taken is only known here.
            let untold = (mart.jobs?.untoldRuns ?? []).filter { report in
                (job == nil || report.job == job) && (outcome == nil || report.outcome == outcome)
                    && before.map { report.id.hexText < $0.hexText } ?? true
            }
            var problem: Problem?
            var runs = untold
            do {
                let stored = try await Self.stored(in: mart, job: job, outcome: outcome, before: before, limit + 1)
                runs = (untold + stored.filter { run in !untold.contains { $0.id == run.id } })
                    .sorted { $0.id.hexText > $1.id.hexText }
            } catch {
                // A database that cannot be read is what the view is looked at for.
                guard let known = Self.problem(of: error), before == nil else { throw error }
                problem = known
            }
            let shown = runs.prefix(limit)
            let next = runs.count > limit ? shown.last.map { cursor.encode(.string($0.id.hexText), list: list) } : nil
            return Self.page(shown, next: next, problem: problem?.detail ?? trouble)
        }
    }

    private static func page(_ runs: ArraySlice<JobReport>, next: String?, problem: String?) -> Response {
        Response.json(capacity: 400 * runs.count + 64) { json in
            json.array("items") { list in for run in runs { list.object { run.write(to: &$0) } } }
            if let next { json.member("next", next) } else { json.nullMember("next") }
            if let problem { json.member("problem", problem) }
        }
    }

    private static func stored(
        in mart: ServedMart, job: String?, outcome: JobOutcome?, before: UUID?, _ limit: Int
    ) async throws -> [JobReport] {
        let rows = try await mart.pool.query(
            """
            SELECT id, job, instance, term, started_at, ended_at, outcome, rows_read, rows_written, dimension_rows,
                pending_events, error, detail
            FROM job_run
            WHERE ($1::text IS NULL OR job = $1) AND ($2::text IS NULL OR outcome = $2)
                AND ($3::uuid IS NULL OR id < $3)
            ORDER BY id DESC LIMIT $4
            """, [SQLValue(job), SQLValue(outcome?.rawValue), SQLValue(before), .int8(Int64(limit))])
        return try rows.map { try JobReport(row: $0) }
    }
}

extension JobReport {
    /// Reads a row of `job_run`.
    init(row: SQLRow) throws {
        self.init(
            id: try row[0].uuid, job: try row[1].text, instance: try row[2].text,
            term: try row[3].nullable?.int64, startedAt: Instant(milliseconds: try row[4].milliseconds))
        endedAt = try row[5].nullable.map { Instant(milliseconds: try $0.milliseconds) }
        outcome = JobOutcome(rawValue: try row[6].text) ?? .failed
        rowsRead = try row[7].int64
        rowsWritten = try row[8].int64
        dimensionRows = try row[9].int64
        pendingEvents = try row[10].nullable?.int64
        error = try row[11].nullable?.text
        detail = (try? JSONValue(parsing: try row[12].bytes))?.objectValue ?? JSONObject()
    }

    /// Writes the members of its document.
    func write(to json: inout JSONWriter) {
        json.member("id", id.hexText)
        json.member("job", job)
        json.member("instance", instance)
        json.member("term", term)
        json.member("outcome", outcome.rawValue)
        json.member("startedAt", startedAt)
        json.member("endedAt", endedAt)
        // Milliseconds.
        json.member("duration", endedAt.map { $0 - startedAt })
        json.member("rowsRead", rowsRead)
        json.member("rowsWritten", rowsWritten)
        json.member("dimensionRows", dimensionRows)
        json.member("pendingEvents", pendingEvents)
        json.member("error", error)
        json.member("detail", JSONValue.object(detail))
    }
}
