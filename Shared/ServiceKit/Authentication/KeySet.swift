import Domain
import JWTKit
import Logging

/// Gets the bytes of a key set from its address.
public typealias KeySetFetch = @Sendable (_ url: String) async throws -> [UInt8]

/// The keys of one issuer, fetched when needed and kept when fetching fails.
actor KeySet {
    private let url: String
    private let logger: Logger
    private let fetch: KeySetFetch
    private var keys: [PublishedKey] = []
    private var built: [String: any JWTAlgorithm] = [:]
    private var schedule = KeySetSchedule()
    private var fetching: OneTimeSignal?

    init(url: String, logger: Logger, fetch: @escaping KeySetFetch) {
        self.url = url
        self.logger = logger
        self.fetch = fetch
    }

    /// The key that a token names, ready to verify with `algorithm`.
    /// - Throws: ``Problem`` 401 when there is no such key, 503 when the key set cannot be had.
    func key(id: String?, algorithm: String) async throws -> any JWTAlgorithm {
        var candidates = candidates(id, algorithm)
        if schedule.shouldFetch(knowsKey: !candidates.isEmpty, now: .now) {
            await refresh()
            candidates = self.candidates(id, algorithm)
        } else if candidates.isEmpty, let fetching {
            await fetching.wait()
            candidates = self.candidates(id, algorithm)
        }
        guard schedule.mayUseKeys(now: .now) else {
            throw Problem.unavailable(
                "The token cannot be checked now: its issuer's keys cannot be fetched.", retryAfter: 5)
        }
        guard candidates.count == 1, let key = candidates.first else {
            throw Problem.unauthorized(
                id == nil
                    ? "The token names no key (kid), and its issuer has not exactly one for its algorithm."
                    : "The token's key is not in its issuer's key set.")
        }
        return try await verifier(key, algorithm)
    }

    private func candidates(_ id: String?, _ algorithm: String) -> [PublishedKey] {
        keys.filter { $0.serves(algorithm) && (id == nil || $0.id == id) }
    }

    private func verifier(_ key: PublishedKey, _ algorithm: String) async throws -> any JWTAlgorithm {
        let name = "\(algorithm) \(key.index)"
        if let verifier = built[name] { return verifier }
        let collection = JWTKeyCollection()
        do {
            try await collection.add(jwk: key.key)
            let verifier = try await collection.getKey(for: key.key.keyIdentifier, alg: algorithm)
            guard verifier.name == algorithm else {
                throw Problem.unauthorized("The token's algorithm is not the one of its key.")
            }
            built[name] = verifier
            return verifier
        } catch let problem as Problem {
            throw problem
        } catch {
            throw Problem.unauthorized("The token's key cannot be used with its algorithm.")
        }
    }

    private func refresh() async {
        guard fetching == nil else {
            await fetching?.wait()
            return
        }
        let done = OneTimeSignal()
        fetching = done
        schedule.began(now: .now)
        do {
            let fetched = try PublishedKey.list(try await fetch(url))
            keys = fetched
            built = [:]
            schedule.succeeded(now: .now)
        } catch {
            logger.warning("key set not fetched", metadata: ["url": .string(url), "error": .string("\(error)")])
        }
        fetching = nil
        done.fire()
    }
}

/// When a key set is fetched again: a pure state machine over a monotonic clock.
struct KeySetSchedule {
    /// Keys are renewed when they are this old.
    static let renewAfter = Duration.seconds(900)
    /// Between two fetches at least, once keys are there.
    static let pause = Duration.seconds(30)
    /// Between two fetches at least, while none ever succeeded.
    static let firstPause = Duration.seconds(2)
    /// Keys that could not be renewed for so long are no longer trusted.
    static let maximumAge = Duration.seconds(24 * 3600)

    private var lastBegun: ContinuousClock.Instant?
    private var lastSuccess: ContinuousClock.Instant?

    func shouldFetch(knowsKey: Bool, now: ContinuousClock.Instant) -> Bool {
        let pause = lastSuccess == nil ? Self.firstPause : Self.pause
        if let lastBegun, lastBegun + pause > now { return false }
        guard let lastSuccess else { return true }
        return !knowsKey || lastSuccess + Self.renewAfter <= now
    }

    func mayUseKeys(now: ContinuousClock.Instant) -> Bool {
        guard let lastSuccess else { return false }
        return lastSuccess + Self.maximumAge > now
    }

    mutating func began(now: ContinuousClock.Instant) { lastBegun = now }

    mutating func succeeded(now: ContinuousClock.Instant) { lastSuccess = now }
}
