import Crypto
import Domain
import Foundation
import Logging
import ServiceKit

/// The refresh tokens of secrets whose providers give a new one at each renewal and end the one before: which is the newest
/// here, and that core keeps it, with which a later start begins.
///
/// A secret may belong to several mailboxes, and these to several instances; each renewal is one link of the same chain. An
/// instance whose token has ended finds the next one here or at core.
actor RefreshTokenKeeper {
    /// The tokens of a secret as they followed each other, as far as this instance knows.
    private struct Chain {
        /// Digests of all of them.
        var seen: Set<String>
        var latest: String
        /// Digest of the one that core holds.
        var held: String
        var triedAt: ContinuousClock.Instant?

        init(_ token: String) {
            latest = token
            held = RefreshTokenKeeper.digest(token)
            seen = [held]
        }

        var isTold: Bool { held == RefreshTokenKeeper.digest(latest) }

        mutating func follow(_ token: String) {
            latest = token
            seen.insert(RefreshTokenKeeper.digest(token))
            triedAt = nil
        }

        /// Takes what core holds: an unknown one is newer than all that are known here.
        mutating func take(fromCore token: String) {
            held = RefreshTokenKeeper.digest(token)
            if !seen.contains(held) { follow(token) }
        }
    }

    /// Core is told again after so long.
    private static let again = Duration.seconds(30)
    /// Another instance may be about to store what it got.
    private static let looks: [Duration] = [.zero, .milliseconds(500), .seconds(1)]

    private let box: SecretBox?
    private let logger: Logger
    private var cores: [String: CoreClient] = [:]
    private var chains: [String: Chain] = [:]

    init(box: SecretBox?, logger: Logger) {
        self.box = box
        self.logger = logger
    }

    /// Takes up by what core is reached for a tenant.
    func reach(_ tenant: String, by client: CoreClient) { cores[tenant] = client }

    /// The newest token of a secret.
    /// - Parameter given: the one that a mailbox was handed over with, perhaps long ago.
    func latest(for given: String, _ name: String, of tenant: String) async -> String {
        let key = "\(tenant)/\(name)"
        if chains[key] == nil { chains[key] = Chain(given) }
        guard let chain = chains[key], !chain.seen.contains(Self.digest(given)) else {
            return chains[key]?.latest ?? given
        }
        // A new consent, or one of another instance; core knows what came after it.
        let present = await held(name, of: tenant) ?? given
        chains[key]?.take(fromCore: present)
        chains[key]?.seen.insert(Self.digest(given))
        return chains[key]?.latest ?? given
    }

    /// Another token than one that the provider refused: one that came meanwhile; nil when there is none.
    func other(than used: String, _ name: String, of tenant: String) async -> String? {
        let key = "\(tenant)/\(name)"
        for pause in Self.looks {
            if pause > .zero { try? await Task.sleep(for: pause) }
            if chains[key]?.latest == used, let present = await held(name, of: tenant) {
                // The newest here is refused: what core holds counts, be it one from before that somebody has put back.
                if present != used { chains[key] = Chain(present) }
            }
            if let latest = chains[key]?.latest, latest != used { return latest }
        }
        return nil
    }

    /// Keeps a token that came for another one.
    func keep(_ token: String, for old: String, _ name: String, of tenant: String) async {
        let key = "\(tenant)/\(name)"
        if chains[key] == nil { chains[key] = Chain(old) }
        chains[key]?.follow(token)
        await tell(name, of: tenant)
    }

    /// Tells core what it does not hold yet.
    func tell(_ name: String, of tenant: String) async {
        let key = "\(tenant)/\(name)"
        guard let box, let core = cores[tenant] else { return }
        // Once more when core holds another one of the chain than was known.
        for _ in 0..<2 {
            guard let chain = chains[key], !chain.isTold, chain.triedAt.map({ .now - $0 > Self.again }) ?? true,
                let sealed = try? box.seal(
                    Array(chain.latest.utf8), for: SecretBox.purpose(tenant: tenant, secret: name))
            else { return }
            chains[key]?.triedAt = .now
            do {
                try await core.replaceRefreshToken(of: name, chain.held, by: sealed)
                chains[key]?.held = Self.digest(chain.latest)
                return
            } catch {
                logger.warning(
                    "a new refresh token could not be stored",
                    metadata: ["tenant": "\(tenant)", "secret": "\(name)", "error": "\(error)"])
                guard let error = error as? CoreError, !error.canRetry, let present = await held(name, of: tenant),
                    chain.held != Self.digest(present)
                else { return }
                // The secret holds a later one, of another instance or of a new consent; or it heard an earlier telling.
                chains[key]?.take(fromCore: present)
                chains[key]?.triedAt = nil
            }
        }
    }

    /// The token that core holds now; nil when that cannot be found out.
    private func held(_ name: String, of tenant: String) async -> String? {
        guard let box, let sealed = try? await cores[tenant]?.sealedSecret(name),
            let opened = try? box.open(sealed, for: SecretBox.purpose(tenant: tenant, secret: name)),
            let token = (try? JSONValue(parsing: opened))?["refreshToken"]?.stringValue
        else { return nil }
        KnownSecrets.shared.add(token)
        return token
    }

    private static func digest(_ token: String) -> String {
        EmailAttachment.hexadecimal(SHA256.hash(data: Array(token.utf8)))
    }
}
