import Domain
import Foundation
import Hummingbird
import SearchIndex
import ServiceKit

/// What the search service asks, and the order to build its index anew.
extension CoreAPI {
    /// Items of an answer.
    static let mostSearchRecords = 500

    func search(_ routes: inout Routes) {
        routes.get("/search/settings", access: .anyOf(.search)) { request in
            let runtime = try await runtime(for: request)
            let query = try request.query
            try query.refuseOthers(than: "wait", "revision")
            let seconds = try query.integer("wait", default: 0, in: 0...60)
            let settings = SearchSettings(runtime: runtime)
            let known = try query.string("revision")
            // As long as the document says.
            if let known, known.count > 100 {
                throw Problem.badRequest(at: "revision", "must have at most 100 characters")
            }
            if seconds > 0, let known {
                _ = try await request.longPoll(upTo: .seconds(seconds)) { try await settings.wait(knowing: known) }
            }
            return .json(.object(try await settings.answer()))
        }
        routes.get("/search/documents", access: .anyOf(.search)) { request in
            let runtime = try await runtime(for: request)
            let query = try request.query
            try query.refuseOthers(than: "after", "limit")
            let limit = try query.integer("limit", default: 200, in: 1...Self.mostSearchRecords)
            let after = try query.string("after").map { text in
                guard let id = UUID(anyText: text) else {
                    throw Problem.badRequest(at: "after", "must be an item's id")
                }
                return id
            }
            let page = try await SearchRecords(runtime: runtime).page(after: after, limit: limit)
            return Self.answer(page) { $0.member("next", page.left.first?.dashedText) }
        }
        routes.post("/search/documents", access: .anyOf(.search)) { request in
            let runtime = try await runtime(for: request)
            let body = try await request.object()
            try body.refuseMembers(otherThan: ["ids"])
            let ids = (body["ids"]?.arrayValue ?? []).compactMap { $0.stringValue.flatMap { UUID(anyText: $0) } }
            guard ids.count == body["ids"]?.arrayValue?.count, (1...Self.mostSearchRecords).contains(ids.count) else {
                throw Self.wrong("/ids", "must be a list of 1 to \(Self.mostSearchRecords) ids of work items")
            }
            let found = try await SearchRecords(runtime: runtime).of(ids)
            return Self.answer(found) { $0.member("left", found.left.map(\.dashedText)) }
        }
        routes.post("/search/rebuild", access: .anyOf(.admin)) { request in
            let runtime = try await runtime(for: request)
            try await request.objectIfPresent().refuseMembers(otherThan: [])
            guard runtime.snapshot.configuration.search != nil else {
                throw Problem.conflict("The configuration names no search server; PostgreSQL keeps its index itself.")
            }
            let count = try await SearchSettings(runtime: runtime).askForRebuild()
            return .json(status: .accepted) { $0.member("rebuilds", count) }
        }
    }

    private static func answer(
        _ found: SearchRecords.Found, _ rest: (inout JSONWriter) -> Void
    ) -> Response {
        .json(capacity: 3000 * found.records.count + 64) { json in
            json.member("position", found.position)
            json.array("items") { list in for record in found.records { list.element(.object(record.fields)) } }
            rest(&json)
        }
    }
}
