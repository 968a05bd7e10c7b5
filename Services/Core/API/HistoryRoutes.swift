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
        let after = try page.position { $0.integerValue.flatMap { Int32(exactly: $0) } }
        let found = try await runtime.dependencies.pool.query(
            """
            SELECT revision, kind, at, body FROM event
            WHERE tenant = $1 AND subject = $2 AND revision > $3 ORDER BY revision LIMIT $4
            """,
            [.int4(runtime.tenant), .uuid(item.id), .int4(after ?? 0), .int8(Int64(page.limit + 1))],
            tenant: runtime.tenant)
        let (rows, next) = try page.cut(Array(found)) { .integer(Int64(try $0[0].int32)) }
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
