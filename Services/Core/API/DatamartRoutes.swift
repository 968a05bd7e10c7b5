import Domain
import Hummingbird
import ServiceKit

/// What the data mart asks, and whom a credential belongs to.
extension CoreAPI {
    func datamart(_ routes: inout Routes) {
        routes.get("/datamart/settings", access: .anyOf(.mart)) { request in
            let runtime = try await runtime(for: request)
            let query = try request.query
            try query.refuseOthers(than: "wait", "revision")
            let seconds = try query.integer("wait", default: 0, in: 0...60)
            let settings = DatamartSettings(runtime: runtime)
            if seconds > 0, let known = try query.string("revision") {
                _ = try await request.longPoll(upTo: .seconds(seconds)) { try await settings.wait(knowing: known) }
            }
            return .json(.object(try await settings.answer()))
        }
        routes.get("/datamart/configurations", access: .anyOf(.mart)) { request in
            let runtime = try await runtime(for: request)
            let query = try request.query
            try query.refuseOthers(than: "after", "limit")
            let after = try query.integer("after", default: 0, in: 0...Int(Int32.max))
            let limit = try query.integer("limit", default: 10, in: 1...50)
            let versions = try await DatamartSettings(runtime: runtime)
                .versions(after: Int32(after), limit: limit)
            return .json(.object(["items": .array(versions)]))
        }
        routes.get("/datamart/finished", access: .anyOf(.mart)) { request in
            let runtime = try await runtime(for: request)
            let query = try request.query
            try query.refuseOthers(than: "days")
            let days = try query.integer("days", default: 7, in: 1...31)
            return .json(.object(try await FinishedCounts(runtime: runtime).answer(days: days, at: .now)))
        }
    }

    func access(_ routes: inout Routes) {
        routes.get("/access", access: .authenticated) { request in
            let principal = try request.principal
            try request.query.refuseOthers()
            return .json { json in
                json.member("tenant", principal.tenantName)
                json.member("subject", principal.subject)
                json.array("roles") { list in for role in principal.roles.members { list.element(role.rawValue) } }
                if let source = principal.source { json.member("source", source) }
                if let agent = principal.agent { json.member("agent", agent) }
            }
        }
    }
}
