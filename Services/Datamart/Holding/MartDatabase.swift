import Domain
import Foundation
import Logging
import ServiceKit
import Storage

/// The database of a tenant's mart: where it is, checked by the guard, with the password out of the stored secret.
struct MartDatabase: Sendable {
    /// The server's address as the guard admitted it; another one is connected to anew.
    let address: String
    private let url: String
    private let instance: String
    private let logger: Logger

    /// - Throws: ``MartProblem``, `AddressGuard.Refusal`, or what looking the name up throws.
    init(
        _ section: TenantSettings.Section, guard addressGuard: AddressGuard, secrets: SecretBox?, certificates: String?,
        instance: String, logger: Logger
    ) async throws {
        guard let parts = DatabaseAddress(section.mart.url) else {
            throw MartProblem("The address of the mart's database cannot be read.")
        }
        address = try await addressGuard.address(host: parts.host, port: parts.port).description
        var options = ["hostaddr=\(Self.escaped(address))"]
        if let name = section.mart.secret {
            guard let password = try section.secret(name, secrets)["password"]?.stringValue else {
                throw MartProblem("The secret \(name) holds no password.")
            }
            options.append("password=\(Self.escaped(password))")
        }
        if let certificates {
            options += ["sslmode=verify-full", "sslrootcert=\(Self.escaped(certificates))"]
        }
        let host = parts.host.contains(":") ? "[\(parts.host)]" : parts.host
        url = "postgresql://\(parts.user)@\(host):\(parts.port)/\(parts.database)?\(options.joined(separator: "&"))"
        self.instance = instance
        self.logger = logger
    }

    /// Connections whose `search_path` is that of a mart's schema.
    /// - Parameter forReports: whether ranges of time decide what a statement has to read.
    func pool(_ schema: String, size: Int, forReports: Bool = false) throws -> PostgresPool {
        var settings = PostgresSettings(searchPath: "\(schema), \(MartSchema.controlName)")
        settings.plansForValues = forReports
        settings.recoveryTime = .seconds(3)
        return try PostgresPool(
            url: url, size: size, applicationName: "millrace datamart \(instance)", settings: settings, logger: logger)
    }

    /// Connections whose `search_path` is one schema alone.
    func ownerPool(_ schema: String) throws -> PostgresPool {
        var settings = PostgresSettings(searchPath: schema)
        settings.recoveryTime = .seconds(3)
        return try PostgresPool(
            url: url, size: 1, applicationName: "millrace datamart \(instance)", settings: settings, logger: logger)
    }

    private static func escaped(_ text: String) -> String {
        text.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? ""
    }
}
