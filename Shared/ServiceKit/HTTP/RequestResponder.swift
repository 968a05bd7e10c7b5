import HTTPTypes
import Hummingbird
import HummingbirdCore
import Logging
import NIOCore
import NIOHTTP1
import Synchronization

/// What happens to each request: find the route, authenticate, call the handler, turn errors into problems, measure.
final class RequestResponder: Sendable {
    private let table: RouteTable
    private let authenticator: (any Authenticator)?
    private let context: ServerContext
    private let date = DateHeader()
    private let count = Atomic<UInt64>(0)
    private let unmatched = RouteMetrics(method: "other", template: "unmatched")

    init(table: RouteTable, authenticator: (any Authenticator)?, context: ServerContext) {
        self.table = table
        self.authenticator = authenticator
        self.context = context
    }

    func respond(to request: Request, writer: consuming ResponseWriter, channel: any Channel) async throws {
        let start = ContinuousClock.now
        let number = count.wrappingAdd(1, ordering: .relaxed).newValue
        let id = requestID(request, number)
        var metrics = unmatched
        var response: Response
        do {
            switch table.match(request.method, request.uri.path) {
            case .nothing: throw Problem.notFound("There is nothing at \(request.uri.path.prefix(200)).")
            case .otherMethods(let allowed): throw Problem.methodNotAllowed(request.method.rawValue, allowed: allowed)
            case .route(let route, let captured):
                metrics = route.metrics
                response = try await call(route, captured, request, number, id, channel)
            }
        } catch {
            response = .problem(problem(for: error, request, id), instance: "urn:millrace:request:\(id)")
        }
        response.headers[.date] = date.text
        response.headers[.requestID] = id
        if request.method == .head { response = response.createHeadResponse() }
        let mustClose = hasUnreadableRest(request, response.status)
        if mustClose { response.headers[.connection] = "close" }

        let duration = start.duration(to: .now)
        metrics.record(status: response.status.code, duration: duration)
        if context.logger.logLevel <= .debug {
            context.logger.debug(
                "request answered",
                metadata: [
                    "request": .string(id), "method": .string(request.method.rawValue),
                    "path": .string(request.uri.path), "status": .stringConvertible(response.status.code),
                    "microseconds": .stringConvertible(duration.components.attoseconds / 1_000_000_000_000),
                ])
        }
        try await writer.write(response: response.head, body: response.body)
        if mustClose {
            // What is left of the body is read and dropped for a moment, so that the caller gets to see the answer.
            channel.eventLoop.scheduleTask(in: .seconds(2)) { channel.close(promise: nil) }
        }
    }

    private func call(
        _ route: Route, _ captured: [Substring], _ request: Request, _ number: UInt64, _ id: String,
        _ channel: any Channel
    ) async throws -> Response {
        var path: [String: String] = [:]
        for (name, segment) in zip(route.captures, captured) {
            guard let value = PercentEncoding.decode(segment) else {
                throw Problem.badRequest(at: name, "must be percent-encoded UTF-8 without U+0000")
            }
            path[name] = value
        }
        let caller = try await authenticate(request, route.access)
        return try await route.handler(
            APIRequest(
                raw: request, caller: caller, path: path, requestID: id, template: route.template, route: route,
                number: number, channel: channel, server: context))
    }

    private func authenticate(_ request: Request, _ access: RouteAccess) async throws -> Principal? {
        if case .everyone = access { return nil }
        guard let header = request.headers[.authorization] else {
            throw Problem.unauthorized("Send Authorization: Bearer with an API key or a token.", presented: false)
        }
        guard header.utf8.count <= 16 << 10, header.utf8.count > 7, header.prefix(7).lowercased() == "bearer " else {
            throw Problem.unauthorized("Authorization must be Bearer with an API key or a token, at most 16 KiB.")
        }
        let credential = String(header.dropFirst(7).drop { $0 == " " })
        guard let principal = try await authenticator?.principal(for: credential) else {
            throw Problem.unauthorized("The credential is neither an API key nor a token of a known issuer.")
        }
        if case .roles(let roles) = access { try principal.require(anyOf: roles) }
        return principal
    }

    private func problem(for error: any Error, _ request: Request, _ id: String) -> Problem {
        switch error {
        case let problem as Problem: return problem
        case let convertible as any ProblemConvertible: return convertible.problem
        case is HTTPParserError:
            return .badRequest("The body is not readable HTTP/1.1, or ended early.", code: "malformed-http")
        case is CancellationError: return .unavailable("The service is stopping; ask another instance.")
        default:
            if let problem = context.problems(error) { return problem }
            context.logger.error(
                "request failed",
                metadata: [
                    "request": .string(id), "method": .string(request.method.rawValue),
                    "path": .string(request.uri.path), "error": .string(String(reflecting: error)),
                ])
            return .internalError
        }
    }

    private func hasUnreadableRest(_ request: Request, _ status: HTTPResponse.Status) -> Bool {
        guard status.code >= 400 else { return false }
        if status.code == 413 { return true }
        if let length = request.headers[.contentLength].flatMap({ Int($0) }) { return length > context.bodyLimit }
        return request.headers[.transferEncoding] != nil
    }

    private func requestID(_ request: Request, _ number: UInt64) -> String {
        if let given = request.headers[.requestID], (1...128).contains(given.utf8.count),
            given.utf8.allSatisfy(Self.isIDCharacter)
        {
            return given
        }
        return hexadecimal(context.seed &+ number)
    }

    private static func isIDCharacter(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."),
            UInt8(ascii: ":"):
            true
        default: false
        }
    }
}
