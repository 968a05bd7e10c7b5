import Hummingbird

/// Who may call a route. Checked before the handler runs.
public enum RouteAccess: Sendable {
    /// Anybody, without a credential (health, metrics, the OpenAPI document).
    case everyone
    /// Any valid credential.
    case authenticated
    /// A valid credential that grants one of the roles.
    case roles([Role])

    /// `.anyOf(.agent, .supervisor)`.
    public static func anyOf(_ roles: Role...) -> RouteAccess { .roles(roles) }
}

/// Answers one request. What it throws becomes problem+json.
public typealias RouteHandler = @Sendable (APIRequest) async throws -> Response

/// The routes of a service: method and path template to handler.
///
/// A template is made of literal segments and captures, `/workitems/{id}/history`; a literal wins over a capture. GET
/// answers HEAD as well. Add routes at start; a route that is there twice is a programming error and traps.
public struct Routes: Sendable {
    var table = RouteTable()
    private let prefix: String

    /// - Parameter prefix: put before every path, for example `/iwd/v3`.
    public init(prefix: String = "") { self.prefix = prefix }

    /// Adds a route.
    /// - Parameters:
    ///   - path: template below the prefix, beginning with `/`.
    ///   - access: who may call it.
    ///   - bodyLimit: bytes a body may have; nil takes the server's limit.
    ///   - mediaTypes: what a body may be; `application/json` stands for every `+json` as well.
    public mutating func on(
        _ method: HTTPRequest.Method, _ path: String, access: RouteAccess = .authenticated, bodyLimit: Int? = nil,
        mediaTypes: [String] = ["application/json"], handler: @escaping RouteHandler
    ) {
        let template = prefix + path
        table.add(
            Route(
                method: method, template: template, access: access, bodyLimit: bodyLimit, mediaTypes: mediaTypes,
                handler: handler))
    }

    /// Adds a GET (and HEAD) route.
    public mutating func get(
        _ path: String, access: RouteAccess = .authenticated, handler: @escaping RouteHandler
    ) {
        on(.get, path, access: access, handler: handler)
    }

    /// Adds a POST route.
    public mutating func post(
        _ path: String, access: RouteAccess = .authenticated, bodyLimit: Int? = nil, handler: @escaping RouteHandler
    ) {
        on(.post, path, access: access, bodyLimit: bodyLimit, handler: handler)
    }

    /// Adds a PUT route.
    public mutating func put(
        _ path: String, access: RouteAccess = .authenticated, bodyLimit: Int? = nil,
        mediaTypes: [String] = ["application/json"], handler: @escaping RouteHandler
    ) {
        on(.put, path, access: access, bodyLimit: bodyLimit, mediaTypes: mediaTypes, handler: handler)
    }

    /// Adds a PATCH route.
    public mutating func patch(
        _ path: String, access: RouteAccess = .authenticated, bodyLimit: Int? = nil, handler: @escaping RouteHandler
    ) {
        on(.patch, path, access: access, bodyLimit: bodyLimit, handler: handler)
    }

    /// Adds a DELETE route.
    public mutating func delete(
        _ path: String, access: RouteAccess = .authenticated, handler: @escaping RouteHandler
    ) {
        on(.delete, path, access: access, handler: handler)
    }

    /// Adds routes to this table under another prefix: `routes.group("/iwd/v3") { $0.get("/queues") { … } }`.
    public mutating func group(_ prefix: String, _ build: (inout Routes) -> Void) {
        var inner = Routes(prefix: self.prefix + prefix)
        swap(&inner.table, &table)
        build(&inner)
        swap(&inner.table, &table)
    }

    /// Method and template of every route, for a check against the OpenAPI document.
    public var listing: [(method: String, template: String)] { table.listing }
}

/// One route with what the server needs to know of it.
final class Route: Sendable {
    let method: HTTPRequest.Method
    let template: String
    let access: RouteAccess
    let bodyLimit: Int?
    let mediaTypes: [String]
    let handler: RouteHandler
    let captures: [String]
    let metrics: RouteMetrics

    init(
        method: HTTPRequest.Method, template: String, access: RouteAccess, bodyLimit: Int?, mediaTypes: [String],
        handler: @escaping RouteHandler
    ) {
        precondition(template.hasPrefix("/"), "The route template \(template) must begin with /.")
        self.method = method
        self.template = template
        self.access = access
        self.bodyLimit = bodyLimit
        self.mediaTypes = mediaTypes
        self.handler = handler
        captures = template.split(separator: "/").compactMap(RouteTable.captureName)
        metrics = RouteMetrics(method: method.rawValue, template: template)
    }
}
