import Domain
import Foundation
import Hummingbird
import ServiceKit
import Storage

/// What happened to an item.
extension CoreAPI {
    func history(_ request: APIRequest) async throws -> Response {
        let runtime = try await runtime(for: request)
        let item = try await item(request, runtime)
        let page = try ListPage(request.query, of: "history:\(item.id.hexText)", cursor)
        let after = try page.position { value -> (batch: Int64, place: Int32)? in
            guard let parts = value.arrayValue, parts.count == 2, let batch = parts[0].integerValue,
                let place = parts[1].integerValue.flatMap({ Int32(exactly: $0) })
            else { return nil }
            return (batch, place)
        }
        // Batches rise in the order of an item's changes, and of each of its messages.
        let found = try await runtime.dependencies.pool.query(
            """
            SELECT revision, kind, at, body, batch, place FROM event
            WHERE tenant = $1 AND (batch, place) > ($3, $4) AND subject = ANY(ARRAY(
                SELECT $2::uuid UNION ALL SELECT id FROM email WHERE tenant = $1 AND work_item = $2))
            ORDER BY batch, place LIMIT $5
            """,
            [
                .int4(runtime.tenant), .uuid(item.id), .int8(after?.batch ?? -1), .int4(after?.place ?? 0),
                .int8(Int64(page.limit + 1)),
            ], tenant: runtime.tenant)
        let (rows, next) = try page.cut(Array(found)) {
            .array([.integer(try $0[4].int64), .integer(Int64(try $0[5].int32))])
        }
        var writer = JSONWriter(capacity: 600 * rows.count + 64)
        try writer.object { json in
            try json.array("items") { list in
                for row in rows {
                    try list.object {
                        $0.member("revision", try row[0].int32)
                        $0.member("type", "millrace." + (try row[1].text))
                        $0.member("time", Instant(milliseconds: try row[2].int64))
                        $0.member("data", json: (try row[3].text).utf8)
                    }
                }
            }
            json.next(next)
        }
        return .json(bytes: writer.bytes)
    }
}
