import Domain
import Foundation
import Hummingbird
import ServiceKit

/// The reporting feed.
extension CoreAPI {
    func events(_ routes: inout Routes) {
        routes.get("/events", access: .anyOf(.reader, .mart, .search)) { request in
            let runtime = try await runtime(for: request)
            let query = try request.query
            try query.refuseOthers(than: "after", "limit")
            let after = try query.integer("after", in: 0...Int64.max - 1) ?? 0
            let limit = try query.integer("limit", default: 500, in: 1...5000)
            let feed = EventFeed(pool: runtime.dependencies.pool, tenant: runtime.tenant)
            // Before the events are read: those up to here that are not in an empty page have been cleared away.
            let last = try await feed.lastPosition()
            let events = try await feed.events(after: after, limit: limit)
            var writer = JSONWriter(capacity: 900 * events.count + 64)
            writer.object { json in
                json.array("items") { list in
                    for event in events { event.write(into: &list, tenant: runtime.name) }
                }
                // Also of an empty page: ask again from there later.
                json.member("next", events.last?.position ?? after)
                json.member("last", max(last, events.last?.position ?? 0))
            }
            return .json(bytes: writer.bytes)
        }
    }
}
