import Domain
import Hummingbird
import ServiceKit

/// The OpenAPI 3.1 document of reports and jobs.
package enum DatamartOpenAPI {
    /// What every path of the document is below.
    package static let basePath = "/iwd/v3"

    /// The document as it is served.
    static let bytes: [UInt8] = value.bytes

    /// The document.
    package static let value: JSONValue = [
        "openapi": "3.1.0",
        "jsonSchemaDialect": "https://spec.openapis.org/oas/3.1/dialect/base",
        "info": [
            "title": "Millrace Data Mart", "version": "3.0.0", "summary": "What happened, counted.",
            "description": .string(
                """
                Reports over a tenant's data mart, and what the service did to keep it. Every path is below `/iwd/v3`. Send \
                `Authorization: Bearer` with an API key or a JSON Web Token; the tenant comes from the credential. Errors are \
                problem documents (RFC 9457).
                """),
        ],
        "servers": [["url": .string(basePath), "description": "This service"]],
        "security": [["bearer": []]],
        "paths": parse(paths), "components": parse(components),
    ]

    /// Where the document and the routes of the service differ; empty when they agree.
    /// - Parameter listing: method and template of every route below ``basePath``.
    package static func differences(from listing: [(method: String, template: String)]) -> [String] {
        let served = Set(listing.map { "\($0.method) \($0.template)" })
        var described: Set<String> = []
        for (path, item) in value["paths"]?.objectValue?.members ?? [] {
            for method in item.objectValue?.keys ?? [] { described.insert("\(method.uppercased()) \(basePath)\(path)") }
        }
        return served.symmetricDifference(described).sorted()
    }

    /// A literal of these files; one that is not JSON is a mistake in them and found by the first test that looks.
    private static func parse(_ text: String) -> JSONValue {
        do {
            return try JSONValue(parsing: Array(text.utf8))
        } catch {
            preconditionFailure("A part of the OpenAPI document is not JSON: \(error), in \(text.prefix(80))")
        }
    }
}

extension DatamartAPI {
    func openAPI(_ routes: inout Routes) {
        routes.get("/datamart/openapi.json", access: .everyone) { _ in .json(bytes: DatamartOpenAPI.bytes) }
    }
}
