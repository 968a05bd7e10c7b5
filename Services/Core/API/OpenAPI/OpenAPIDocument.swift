import Domain

/// The OpenAPI 3.1 document of `/iwd/v3`, built once from the operations and components of the files beside this one.
public enum OpenAPIDocument {
    /// What every path of the document is below.
    public static let basePath = "/iwd/v3"

    /// The document as it is served.
    public static let bytes: [UInt8] = value.bytes

    static let operations: [OpenAPIOperation] =
        describing + workItems + workItemActions + bulk + agents + offers + queues + events + configuration + keys
        + deadLetters + customers + emails + mailboxes + secrets + mailService + datamart + search

    /// The document.
    public static let value: JSONValue = [
        "openapi": "3.1.0",
        "jsonSchemaDialect": "https://spec.openapis.org/oas/3.1/dialect/base",
        "info": information,
        "servers": [["url": .string(basePath), "description": "This service"]],
        "security": [["bearer": []]],
        "tags": .array(OpenAPITag.allCases.map(\.document)),
        "paths": .object(paths),
        "webhooks": ["workItemChanged": ["post": OpenAPIDocument.webhook]],
        "components": .object(OpenAPIComponents.document),
    ]

    /// Paths in the order of their first operation, each with its operations.
    private static var paths: JSONObject {
        var paths = JSONObject()
        for operation in operations {
            var item = paths[operation.path]?.objectValue ?? JSONObject()
            item[operation.method.lowercased()] = operation.document
            paths[operation.path] = .object(item)
        }
        return paths
    }

    /// Where the document and the routes of the service differ, one line for each operation; empty when they agree.
    /// - Parameter listing: method and template of every route below ``basePath``.
    public static func differences(from listing: [(method: String, template: String)]) -> [String] {
        let served = Set(listing.filter { $0.template.hasPrefix(basePath + "/") }.map { "\($0.method) \($0.template)" })
        let described = operations.map { "\($0.method) \(basePath)\($0.path)" }
        let twice = Dictionary(grouping: described) { $0 }.filter { $0.value.count > 1 }.keys
        return served.subtracting(described).sorted().map { "\($0) is served and not described" }
            + Set(described).subtracting(served).sorted().map { "\($0) is described and not served" }
            + twice.sorted().map { "\($0) is described twice" }
    }

    private static let information: JSONValue = [
        "title": "Millrace",
        "version": "3.0.0",
        "summary": "Distributes work items to the right agents at the right moment.",
        "description": .string(
            """
            Every path is below `/iwd/v3`. Send `Authorization: Bearer` with an API key or a JSON Web Token; the tenant \
            comes from the credential. Times are RFC 3339 in UTC. Errors are problem documents (RFC 9457): `detail` says \
            what to do, `errors` names every wrong place by JSON pointer, or by the name of the parameter or header.

            Lists answer `{"items": […], "next": cursor}`; send `cursor` to get the next page, `next` is null on the last \
            one. Unsafe requests take an `Idempotency-Key`: the same request under the same key has its effect once and \
            gets the same answer for 7 days. A HEAD request is answered wherever GET is.
            """),
    ]
}
