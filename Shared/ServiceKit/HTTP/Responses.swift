import Domain
import HTTPTypes
import Hummingbird
import NIOCore

/// Making answers without Codable.
extension Response {
    /// A JSON answer from a value.
    public static func json(
        _ value: JSONValue, status: HTTPResponse.Status = .ok, etag: String? = nil, location: String? = nil
    ) -> Response {
        json(bytes: value.bytes, status: status, etag: etag, location: location)
    }

    /// A JSON answer from bytes that are JSON already.
    public static func json(
        bytes: [UInt8], status: HTTPResponse.Status = .ok, etag: String? = nil, location: String? = nil
    ) -> Response {
        var response = Response.bytes(bytes, contentType: "application/json", status: status)
        if let etag { response.headers[.eTag] = etag }
        if let location { response.headers[.location] = location }
        return response
    }

    /// A JSON object written member by member, with no tree in between.
    public static func json(
        status: HTTPResponse.Status = .ok, etag: String? = nil, location: String? = nil, capacity: Int = 512,
        _ write: (inout JSONWriter) throws -> Void
    ) rethrows -> Response {
        var writer = JSONWriter(capacity: capacity)
        try writer.object(write)
        return json(bytes: writer.bytes, status: status, etag: etag, location: location)
    }

    /// `{"items": […], "next": cursor}`; `next` is null on the last page.
    public static func page(_ items: [JSONValue], next: String?) -> Response {
        json { writer in
            writer.array("items") { writer in
                for item in items { writer.element(item) }
            }
            if let next { writer.member("next", next) } else { writer.nullMember("next") }
        }
    }

    /// An answer of any type.
    public static func bytes(
        _ bytes: [UInt8], contentType: String, status: HTTPResponse.Status = .ok
    ) -> Response {
        var headers = HTTPFields()
        headers.reserveCapacity(6)
        headers[.contentType] = contentType
        return Response(status: status, headers: headers, body: ResponseBody(byteBuffer: ByteBuffer(bytes: bytes)))
    }

    /// 204.
    public static var noContent: Response { Response(status: .noContent) }

    /// A problem as problem+json.
    public static func problem(_ problem: Problem, instance: String) -> Response {
        var response = bytes(
            problem.document(instance: instance), contentType: "application/problem+json",
            status: HTTPResponse.Status(code: problem.status))
        response.headers[.cacheControl] = "no-store"
        for header in problem.headers {
            if let name = HTTPField.Name(header.name) { response.headers[name] = header.value }
        }
        return response
    }
}
