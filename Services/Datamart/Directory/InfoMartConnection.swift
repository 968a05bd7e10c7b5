import Logging
import Storage

extension DatamartDependencies {
    /// Connections to the Info Mart that a tenant's directory names; the guard admits it as it does the mart's database.
    func infoMart(_ section: TenantSettings.Section, _ logger: Logger) async throws -> PostgresPool {
        guard let url = section.mart.directory.url else { throw MartProblem("The directory names no Info Mart.") }
        var mart = section.mart
        (mart.url, mart.secret) = (url, mart.directory.secret)
        let there = TenantSettings.Section(tenant: section.tenant, mart: mart, sealed: section.sealed)
        return try await database(there, logger).pool("public", size: 1)
    }
}
