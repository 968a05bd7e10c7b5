import Crypto
import Foundation
import ServiceKit
import Synchronization

/// Lets in whom core knows, and remembers it for up to five seconds: a key that was revoked works that much longer.
final class CoreAuthenticator: Authenticator {
    private struct Entry {
        let principal: Principal?
        let until: ContinuousClock.Instant
    }

    private static let keptFor = Duration.seconds(5)
    private static let most = 5000

    private let access: CoreAccess
    /// By the SHA-256 of the credential, which itself is kept nowhere.
    private let known = Mutex<[Data: Entry]>([:])

    init(access: CoreAccess) { self.access = access }

    /// See `Authenticator`.
    func principal(for credential: String) async throws -> Principal? {
        let digest = Data(SHA256.hash(data: Data(credential.utf8)))
        let now = ContinuousClock.now
        if let entry = known.withLock({ $0[digest] }), entry.until > now { return try entry.principal.orRefused() }
        let principal = try await access.principal(of: credential)
        // What does not hold is asked again sooner: a key may have been made just now.
        let until = now + (principal == nil ? .milliseconds(500) : Self.keptFor)
        known.withLock { known in
            if known.count >= Self.most { known = known.filter { $0.value.until > now } }
            if known.count >= Self.most { known.removeAll(keepingCapacity: true) }
            known[digest] = Entry(principal: principal, until: until)
        }
        return try principal.orRefused()
    }
}

extension Principal? {
    fileprivate func orRefused() throws(Problem) -> Principal {
        guard let self else { throw .unauthorized("The credential is unknown, revoked or expired.") }
        return self
    }
}
