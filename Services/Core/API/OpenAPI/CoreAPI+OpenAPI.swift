import Hummingbird
import Messaging
import ServiceKit

/// The API describes itself.
extension CoreAPI {
    func openAPI(_ routes: inout Routes) {
        routes.get("/openapi.json", access: .everyone) { _ in .json(bytes: OpenAPIDocument.bytes) }
    }

    /// Method and template of every route, without a server having to be there: for the check against the document.
    package static func listing(with dependencies: CoreDependencies) -> [(method: String, template: String)] {
        let tenants = TenantDirectory(dependencies: dependencies)
        let deadLetters = DeadLetters(
            pool: dependencies.pool, producer: dependencies.producer, tenants: tenants, fallbackTenant: nil,
            logger: dependencies.logger)
        return CoreAPI(
            tenants: tenants, dependencies: dependencies, keys: APIKeyStore(pool: dependencies.pool),
            deadLetters: deadLetters, cursor: PageCursor(secret: "listing")
        ).routes.listing
    }
}
