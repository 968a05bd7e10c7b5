import Domain
import Hummingbird
import ServiceKit
import Storage

/// The HTTP interface of the data mart, `/iwd/v3/reports` and `/iwd/v3/datamart`.
package struct DatamartAPI: Sendable {
    /// The mart of a tenant by the tenant's name; nil when the service has none.
    package typealias Marts = @Sendable (_ tenant: String) -> ServedMart?

    let marts: Marts
    let troubles: @Sendable (_ tenant: String) -> String?
    let cursor: PageCursor
    let now: @Sendable () -> Instant

    /// - Parameters:
    ///   - marts: finds a tenant's mart.
    ///   - troubles: what keeps a tenant's mart from working, in words for an operator; nil when nothing does.
    ///   - cursor: signs the places in lists; the same on every instance.
    package init(
        marts: @escaping Marts, troubles: @escaping @Sendable (String) -> String? = { _ in nil }, cursor: PageCursor,
        now: @escaping @Sendable () -> Instant = { .now }
    ) {
        self.marts = marts
        self.troubles = troubles
        self.cursor = cursor
        self.now = now
    }

    /// Every route.
    package var routes: Routes {
        var routes = Routes()
        addRoutes(to: &routes)
        return routes
    }

    /// Adds every route to others of the same server.
    package func addRoutes(to routes: inout Routes) {
        routes.group(DatamartOpenAPI.basePath) { routes in
            openAPI(&routes)
            reports(&routes)
            jobs(&routes)
            rebuild(&routes)
        }
    }

    /// The mart of whoever asks.
    /// - Throws: 404 when the tenant has none, 503 when it does not work.
    func mart(for request: APIRequest) throws(Problem) -> ServedMart {
        let tenant = try request.principal.tenantName
        guard let mart = marts(tenant) else {
            if let trouble = troubles(tenant) {
                throw .unavailable("The data mart does not work: \(trouble)", retryAfter: 10)
            }
            throw .notFound(
                "Tenant \(tenant) has no data mart here: its configuration needs a section datamart, and the service a key of it."
            )
        }
        return mart
    }

    /// How errors of other modules look to a caller.
    package static func problem(of error: any Error) -> Problem? {
        switch error {
        case let error as StorageError where error.code == .statementTimeout:
            .unavailable("The report takes too long; ask for a shorter period or fewer columns.", retryAfter: 5)
        case let error as StorageError where error.code == .poolExhausted || error.isRetryable:
            .unavailable("The mart's database is not available or too busy; try again.")
        case let error as StorageError where error.code == .insufficientPrivilege:
            .unavailable(
                "The mart's database does not let this service in; GET /datamart/jobs says more.", retryAfter: 30)
        case let error as StorageError where error.sqlState == "42P01" || error.sqlState == "3F000":
            .unavailable("The mart's tables are not there yet; GET /datamart/jobs says more.", retryAfter: 5)
        case is CancellationError: .unavailable("The service is stopping; try again.")
        default: nil
        }
    }
}
