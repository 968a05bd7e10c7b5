import Domain
import Foundation
import Hummingbird
import ServiceKit
import Storage

/// What waits, how old, how late, and who is there for it.
extension CoreAPI {
    func queues(_ routes: inout Routes) {
        routes.get("/queues", access: .anyOf(.reader, .supervisor, .mart)) { request in
            let runtime = try await runtime(for: request)
            let page = try ListPage(request.query, of: "queues", cursor)
            let after = try page.position { QueuePlace($0) }
            // Many screens show the same numbers: one query a second serves them all.
            let numbers = try await runtime.queueView.value(olderThan: .seconds(1)) {
                try await QueueView(runtime: runtime).numbers(at: .now)
            }
            let first =
                after.flatMap { after in numbers.rows.firstIndex { $0.place > after } ?? numbers.rows.count } ?? 0
            let (rows, next) = page.cut(Array(numbers.rows[first...].prefix(page.limit + 1)), at: \.place.document)
            return Response.json(capacity: 256 * rows.count + 128) { json in
                json.member("time", numbers.time)
                json.array("items") { list in for row in rows { list.element(json: row.json) } }
                json.next(next)
            }
        }
    }
}

/// What waits at one moment, in the order of endpoints and categories.
struct QueueNumbers: Sendable {
    let time: Instant
    var rows: [(place: QueuePlace, json: [UInt8])] = []
}

/// Where a queue stands in the list: by the numbers of its endpoint and category, those without one last.
struct QueuePlace: Comparable, Sendable {
    let endpoint: Int64
    let category: Int64

    init(endpoint: Int32?, category: Int32?) {
        self.endpoint = endpoint.map { Int64($0) } ?? .max
        self.category = category.map { Int64($0) } ?? .max
    }

    /// Reads a cursor's position; nil when it is none.
    init?(_ document: JSONValue) {
        guard let parts = document.arrayValue, parts.count == 2, let endpoint = parts[0].integerValue,
            let category = parts[1].integerValue
        else { return nil }
        self.endpoint = endpoint
        self.category = category
    }

    var document: JSONValue { .array([.integer(endpoint), .integer(category)]) }

    static func < (left: Self, right: Self) -> Bool {
        (left.endpoint, left.category) < (right.endpoint, right.category)
    }
}

/// The numbers of `GET /queues`.
struct QueueView: Sendable {
    let runtime: TenantRuntime
    private static let counts = ["overdue", "offered", "assigned", "held", "parked"]

    func numbers(at now: Instant) async throws -> QueueNumbers {
        let snapshot = runtime.snapshot
        let rows = try await runtime.dependencies.pool.query(
            """
            SELECT endpoint, category,
                count(*) FILTER (WHERE status = 'queued'), min(activation) FILTER (WHERE status = 'queued'),
                count(*) FILTER (WHERE status = 'queued' AND due < $2),
                count(*) FILTER (WHERE status = 'offered'), count(*) FILTER (WHERE status = 'assigned'),
                count(*) FILTER (WHERE status IN ('held', 'errorheld')), count(*) FILTER (WHERE status = 'parked')
            FROM work_item WHERE tenant = $1
                AND status IN ('queued', 'offered', 'assigned', 'held', 'errorheld', 'parked')
            GROUP BY endpoint, category ORDER BY endpoint, category
            """, [.int4(runtime.tenant), .int8(now.milliseconds)], tenant: runtime.tenant)
        let agents = try await runtime.queries.agents()
        var ready: [Int32: Int] = [:]
        var free: [Int32: Int] = [:]
        for row in agents where row.state == .ready {
            guard let settings = snapshot.agents[row.id] else { continue }
            for endpoint in settings.endpoints {
                ready[endpoint, default: 0] += 1
                if row.load < settings.capacity { free[endpoint, default: 0] += 1 }
            }
        }
        var numbers = QueueNumbers(time: now)
        func add(_ endpoint: Int32?, _ category: Int32?, _ counts: (inout JSONWriter) throws -> Void) rethrows {
            var writer = JSONWriter(capacity: 256)
            try writer.object { queue in
                queue.member("endpoint", endpoint.flatMap { snapshot.names.name(of: .endpoint, $0) })
                queue.member("category", category.flatMap { snapshot.names.name(of: .category, $0) })
                try counts(&queue)
                queue.member("agentsReady", endpoint.map { ready[$0] ?? 0 } ?? 0)
                queue.member("agentsFree", endpoint.map { free[$0] ?? 0 } ?? 0)
            }
            numbers.rows.append((QueuePlace(endpoint: endpoint, category: category), writer.bytes))
        }
        var withItems: Set<Int32> = []
        for row in rows {
            let endpoint = try row[0].nullable?.int32
            if let endpoint { withItems.insert(endpoint) }
            try add(endpoint, try row[1].nullable?.int32) { queue in
                queue.member("depth", try row[2].int64)
                queue.member("oldest", try row[3].nullable.map { Instant(milliseconds: try $0.int64) })
                for (column, name) in Self.counts.enumerated() { queue.member(name, try row[column + 4].int64) }
            }
        }
        // Who is there for an endpoint is of interest when nothing waits at it, too.
        for endpoint in snapshot.endpoints.keys where !withItems.contains(endpoint) {
            add(endpoint, nil) { queue in for name in ["depth"] + Self.counts { queue.member(name, 0) } }
        }
        numbers.rows.sort { $0.place < $1.place }
        return numbers
    }

    /// The tenant's numbers as metrics.
    func gauges(at now: Instant) async throws -> [QueueGauges.Key: Double] {
        let rows = try await runtime.dependencies.pool.query(
            """
            SELECT count(*), coalesce(min(activation), $2), count(*) FILTER (WHERE due < $2),
                (SELECT count(*) FROM agent WHERE tenant = $1 AND state = 'ready'),
                (SELECT position - published FROM relay WHERE tenant = $1)
                    + (SELECT coalesce(sum(events), 0)::bigint FROM outbox WHERE tenant = $1 AND position IS NULL)
            FROM work_item WHERE tenant = $1 AND status = 'queued'
            """, [.int4(runtime.tenant), .int8(now.milliseconds)], tenant: runtime.tenant)
        let row = rows[0]
        return [
            .depth: Double(try row[0].int64), .oldest: Double(max(0, now.milliseconds - (try row[1].int64))) / 1000,
            .overdue: Double(try row[2].int64), .agentsReady: Double(try row[3].int64),
            .outbox: Double(try row[4].nullable?.int64 ?? 0),
        ]
    }
}
