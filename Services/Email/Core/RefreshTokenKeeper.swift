import Crypto
import Domain
import Foundation
import Logging
import ServiceKit

/// Has core keep the refresh tokens that providers give in place of the ones before: these end, and a later start begins
/// with what core holds.
actor RefreshTokenKeeper {
    /// A token that core does not hold yet.
    private struct Waiting {
        let tenant: String
        let name: String
        /// SHA-256 of the one that core holds.
        let replaces: String
        let token: String
        var triedAt: ContinuousClock.Instant?
    }

    /// Core is told again after so long.
    private static let again = Duration.seconds(30)

    private let box: SecretBox?
    private let logger: Logger
    private var cores: [String: CoreClient] = [:]
    private var waiting: [String: Waiting] = [:]

    init(box: SecretBox?, logger: Logger) {
        self.box = box
        self.logger = logger
    }

    /// Takes up by what core is reached for a tenant.
    func reach(_ tenant: String, by client: CoreClient) { cores[tenant] = client }

    /// The refresh token that the secret holds now; nil when that cannot be found out. It takes the place of one that was to
    /// be told.
    func present(_ name: String, of tenant: String, key: String) async -> String? {
        guard let box, let sealed = try? await cores[tenant]?.sealedSecret(name),
            let opened = try? box.open(sealed, for: SecretBox.purpose(tenant: tenant, secret: name)),
            let token = (try? JSONValue(parsing: opened))?["refreshToken"]?.stringValue
        else { return nil }
        KnownSecrets.shared.add(token)
        waiting[key] = nil
        return token
    }

    /// Keeps a token that came for another one.
    /// - Parameter key: tells secrets apart; what core has not heard of yet is told with the next one.
    func keep(_ token: String, for old: String, key: String, _ name: String, of tenant: String) async {
        let digest = EmailAttachment.hexadecimal(SHA256.hash(data: Array(old.utf8)))
        waiting[key] = Waiting(
            tenant: tenant, name: name, replaces: waiting[key]?.replaces ?? digest, token: token)
        await tell(key)
    }

    /// Tells core what it has not heard of yet.
    func tell(_ key: String) async {
        guard let told = waiting[key], told.triedAt.map({ .now - $0 > Self.again }) ?? true, let box,
            let core = cores[told.tenant],
            let sealed = try? box.seal(
                Array(told.token.utf8), for: SecretBox.purpose(tenant: told.tenant, secret: told.name))
        else { return }
        waiting[key]?.triedAt = .now
        do {
            try await core.replaceRefreshToken(of: told.name, told.replaces, by: sealed)
        } catch {
            logger.warning(
                "a new refresh token could not be stored",
                metadata: ["tenant": "\(told.tenant)", "secret": "\(told.name)", "error": "\(error)"])
            // Refused: the secret holds a later one, of another mailbox or of a new consent.
            guard let error = error as? CoreError, !error.canRetry else { return }
        }
        if waiting[key]?.token == told.token { waiting[key] = nil }
    }
}
