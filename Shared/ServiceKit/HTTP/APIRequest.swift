import Domain
import HTTPTypes
import Hummingbird
import Logging
import NIOCore

/// One request as a handler sees it: who asks, the path's captures, the query and the body, all decoded strictly.
public struct APIRequest: Sendable {
    /// Hummingbird's request, for what is not offered here.
    public let raw: Request
    /// Who asks; nil only on routes that are open to everyone and were called without a credential.
    public let caller: Principal?
    /// Captures of the path template, decoded.
    public let path: [String: String]
    /// Names this request in logs and in problems.
    public let requestID: String
    /// Template of the route, for example `/iwd/v3/workitems/{id}`.
    public let template: String

    let route: Route
    let number: UInt64
    let channel: any Channel
    let server: ServerContext

    /// HTTP method.
    public var method: HTTPRequest.Method { raw.method }

    /// Who asks.
    /// - Throws: ``Problem`` 401 on a route open to everyone that was called without a credential.
    public var principal: Principal {
        get throws(Problem) {
            guard let caller else { throw .unauthorized("Send Authorization: Bearer.", presented: false) }
            return caller
        }
    }

    /// The path capture `name`.
    public func capture(_ name: String) throws(Problem) -> String {
        guard let value = path[name] else { throw .notFound("There is no \(name) in the address.") }
        return value
    }

    /// The query, decoded at each call.
    public var query: QueryParameters {
        get throws(Problem) { try QueryParameters(query: raw.uri.query ?? "") }
    }

    /// A header's value; several fields of that name are joined by commas.
    public func header(_ name: String) -> String? {
        guard let name = HTTPField.Name(name) else { return nil }
        return raw.headers[name]
    }

    /// `Idempotency-Key`, 1 to 255 visible ASCII characters.
    public var idempotencyKey: String? {
        get throws(Problem) {
            guard let key = header("Idempotency-Key") else { return nil }
            guard (1...255).contains(key.utf8.count), key.utf8.allSatisfy({ (0x21...0x7e).contains($0) }) else {
                throw .badRequest(at: "Idempotency-Key", "must have 1 to 255 visible ASCII characters")
            }
            return key
        }
    }

    /// Trace context: the caller's, or one of our own.
    public var trace: TraceContext {
        raw.headers[.traceparent].flatMap { TraceContext($0) } ?? TraceContext(seed: server.seed, number: number)
    }

    /// The server's logger with this request's id, trace, tenant and route. Made at each call: bind it if used often.
    public var logger: Logger {
        var logger = server.logger
        logger[metadataKey: "request"] = .string(requestID)
        logger[metadataKey: "trace"] = .string(trace.traceID)
        logger[metadataKey: "route"] = .string(template)
        if let caller {
            logger[metadataKey: "tenant"] = .string(caller.tenantName)
            logger[metadataKey: "subject"] = .string(caller.subject)
        }
        return logger
    }
}

extension HTTPField.Name {
    static let traceparent = named("traceparent")
    static let requestID = named("X-Request-Id")

    private static func named(_ name: String) -> HTTPField.Name {
        guard let field = HTTPField.Name(name) else { preconditionFailure("\(name) is not a header name") }
        return field
    }
}

/// What all requests of a server share.
final class ServerContext: Sendable {
    let logger: Logger
    let stopping = OneTimeSignal()
    let seed: UInt64
    let bodyLimit: Int
    let problems: @Sendable (any Error) -> Problem?

    init(logger: Logger, bodyLimit: Int, problems: @escaping @Sendable (any Error) -> Problem?) {
        self.logger = logger
        self.bodyLimit = bodyLimit
        self.problems = problems
        seed = UInt64.random(in: 1...UInt64.max)
    }
}
