import Domain
import Hummingbird
import ServiceKit
import Storage

/// The wish to have a mart built anew from the feed, while the tables that are there go on serving.
extension DatamartAPI {
    func rebuild(_ routes: inout Routes) {
        routes.post("/datamart/rebuild", access: .anyOf(.admin)) { request in
            let mart = try mart(for: request)
            let query = try request.query
            try query.refuseOthers(than: "losingHistory")
            if try query.bool("losingHistory") != true { try await Self.refuseLoss(mart) }
            let results = try await mart.pool.batch(
                RebuildWish.asking(try request.principal.subject) + [Self.newest])
            return try .json(status: .accepted) { json in try Self.write(results[2], to: &json) }
        }
        routes.get("/datamart/rebuild", access: .anyOf(.admin)) { request in
            let mart = try mart(for: request)
            try request.query.refuseOthers()
            let rows = try await mart.pool.batch([Self.newest])[0]
            guard !rows.isEmpty else { throw Problem.notFound("Nobody has asked for a rebuild.") }
            return try .json { json in try Self.write(rows, to: &json) }
        }
    }

    private static func refuseLoss(_ mart: ServedMart) async throws {
        guard let feed = mart.feed else { return }
        let beginning: FeedBeginning?
        do {
            beginning = try await FeedBeginning.losing(mart.pool, from: feed)
        } catch let error as CoreError {
            throw Problem.unavailable("Core cannot be asked what its feed still holds: \(error)", retryAfter: 5)
        }
        guard let beginning else { return }
        throw Problem.conflict(
            """
            Nothing is built anew: \(beginning.loss). With losingHistory=true (millrace rebuild --losing-history) it is done \
            all the same.
            """, code: "history-lost")
    }

    private static let newest = SQLStatement(
        "SELECT asked_at, asked_by, done_at FROM rebuild_request ORDER BY id DESC LIMIT 1")

    private static func write(_ rows: SQLResult, to json: inout JSONWriter) throws {
        json.member("askedAt", Instant(milliseconds: try rows[0][0].milliseconds))
        json.member("askedBy", try rows[0][1].text)
        json.member("doneAt", try rows[0][2].nullable.map { Instant(milliseconds: try $0.milliseconds) })
    }
}
