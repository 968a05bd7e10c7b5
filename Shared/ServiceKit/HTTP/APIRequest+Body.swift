import Domain
import HTTPTypes
import Hummingbird
import NIOCore
import NIOHTTPTypes

/// Reading the body. It can be read once.
extension APIRequest {
    /// The whole body; empty when there is none.
    /// - Throws: ``Problem`` 413 above the route's limit, 415 when there is a body of another type than the route takes.
    public func body() async throws -> [UInt8] {
        let limit = route.bodyLimit ?? server.bodyLimit
        if let declared = raw.headers[.contentLength].flatMap({ Int($0) }) {
            guard declared <= limit else { throw Problem.contentTooLarge(limit: limit) }
            if declared == 0 { return [] }
        }
        if raw.headers[.expect]?.lowercased() == "100-continue" {
            try await channel.writeAndFlush(HTTPResponsePart.head(HTTPResponse(status: .continue)))
        }
        var whole: [UInt8] = []
        for try await chunk in raw.body {
            guard whole.count + chunk.readableBytes <= limit else { throw Problem.contentTooLarge(limit: limit) }
            chunk.withUnsafeReadableBytes { whole.append(contentsOf: $0) }
        }
        if !whole.isEmpty { try checkMediaType() }
        return whole
    }

    /// Reads the body as it comes, whatever its media type, without holding it whole.
    /// - Throws: ``Problem`` 413 above `limit` bytes, and whatever `take` throws.
    public func chunks(limit: Int, _ take: (ByteBuffer) async throws -> Void) async throws {
        if let declared = raw.headers[.contentLength].flatMap({ Int($0) }), declared > limit {
            throw Problem.contentTooLarge(limit: limit)
        }
        if raw.headers[.expect]?.lowercased() == "100-continue" {
            try await channel.writeAndFlush(HTTPResponsePart.head(HTTPResponse(status: .continue)))
        }
        var count = 0
        for try await chunk in raw.body {
            count += chunk.readableBytes
            guard count <= limit else { throw Problem.contentTooLarge(limit: limit) }
            try await take(chunk)
        }
    }

    /// The body's media type as it was sent, without parameters, in lower case; nil when there is none.
    public var mediaType: String? { Self.mediaType(raw.headers[.contentType]) }

    /// The body as JSON.
    /// - Throws: ``Problem`` 400 with the place when there is none or it is not the JSON that Millrace takes.
    public func json(limits: JSONLimits = .default) async throws -> JSONValue {
        guard let value = try await jsonIfPresent(limits: limits) else {
            throw Problem.badRequest("The request needs a JSON body.", code: "missing-body")
        }
        return value
    }

    /// The body as JSON, nil when there is none: for actions, whose body may be absent.
    public func jsonIfPresent(limits: JSONLimits = .default) async throws -> JSONValue? {
        let bytes = try await body()
        if bytes.isEmpty { return nil }
        return try Self.parseJSON(bytes, limits: limits)
    }

    /// The body as a JSON object.
    public func object(limits: JSONLimits = .default) async throws -> JSONObject {
        try Self.requireObject(try await json(limits: limits))
    }

    /// The body as a JSON object, an empty one when there is none.
    public func objectIfPresent(limits: JSONLimits = .default) async throws -> JSONObject {
        guard let value = try await jsonIfPresent(limits: limits) else { return JSONObject() }
        return try Self.requireObject(value)
    }

    /// Whether the body, by its `Content-Type`, is of `type` (`application/yaml`).
    public func isMediaType(_ type: String) -> Bool { Self.mediaType(raw.headers[.contentType]) == type }

    /// Bytes to JSON with the error as a ``Problem`` 400 at its place.
    public static func parseJSON(_ bytes: [UInt8], limits: JSONLimits = .default) throws(Problem) -> JSONValue {
        do {
            return try JSONValue(parsing: bytes, limits: limits)
        } catch {
            throw .badRequest(
                "The body is not acceptable JSON: \(error.message) (at byte \(error.offset)).", code: "invalid-json",
                errors: [Problem.FieldError(path: error.path, message: error.message)])
        }
    }

    private static func requireObject(_ value: JSONValue) throws(Problem) -> JSONObject {
        guard let object = value.objectValue else {
            throw .badRequest(
                "The body must be a JSON object, not \(value.kindDescription).", code: "invalid-request",
                errors: [Problem.FieldError(path: "", message: "must be an object")])
        }
        return object
    }

    private func checkMediaType() throws(Problem) {
        guard let type = Self.mediaType(raw.headers[.contentType]) else { return }
        for accepted in route.mediaTypes {
            if type == accepted || (accepted == "application/json" && type.hasSuffix("+json")) { return }
        }
        throw .unsupportedMediaType(type, accepted: route.mediaTypes.joined(separator: ", "))
    }

    private static func mediaType(_ header: String?) -> String? {
        guard let header, let type = header.split(separator: ";", omittingEmptySubsequences: false).first else {
            return nil
        }
        let trimmed = type.filter { $0 != " " && $0 != "\t" }
        return trimmed.isEmpty ? nil : trimmed.lowercased()
    }
}
