import Logging

/// Elects one of many instances and runs a body in the elected one.
///
/// The winner of the Redis key draws a term from PostgreSQL (`nextTerm`) and only then holds the
/// lease. It renews the key, and trusts it only until its own deadline on the monotonic clock; when
/// a renewal finds the key gone or somebody else's, or the deadline passes, the body is cancelled
/// and the instance stands for election again with a new term. Redis may forget or go back in
/// time: then two may hold the key for up to a renewal interval, and the terms tell them apart.
///
/// Cold, warm and hot standbys differ only in what they do outside of the body.
public final class Elector: Sendable {
    /// What the elector elects, and how.
    public let configuration: ElectorConfiguration
    private let key: LeaseKey
    private let subscriber: RedisSubscriber?
    private let clock: any LeaseClock
    private let nextTerm: @Sendable () async throws -> Int64
    private let logger: Logger

    /// Makes an elector.
    /// - Parameters:
    ///   - subscriber: lets a standby take over at once when the holder releases; without it a
    ///     standby finds out at its next look.
    ///   - nextTerm: increments the lease's row in PostgreSQL and returns the new term. Must end
    ///     within a bound of its own. An error gives the key back and tries again.
    /// - Throws: ``CoordinationError/Code/invalidConfiguration``.
    public init(
        _ configuration: ElectorConfiguration, client: RedisClient, subscriber: RedisSubscriber? = nil,
        clock: any LeaseClock = SystemLeaseClock(), logger: Logger,
        nextTerm: @escaping @Sendable () async throws -> Int64
    ) throws(CoordinationError) {
        try configuration.check()
        self.configuration = configuration
        self.subscriber = subscriber
        self.clock = clock
        self.nextTerm = nextTerm
        var logger = logger
        logger[metadataKey: "lease"] = "\(configuration.name)"
        self.logger = logger
        key = LeaseKey(client: client, configuration: configuration)
    }

    /// Stands for election and runs `body` in each term won, until it returns or throws within a
    /// trusted term, or until the task is cancelled.
    ///
    /// On cancellation the body is cancelled too; the lease is kept until the body has ended, then
    /// released, and a waiting instance takes over at once.
    /// - Throws: what the body throws while its lease holds.
    public func run(whileElected body: @escaping @Sendable (LeaseTerm) async throws -> Void) async throws {
        while !Task.isCancelled {
            guard let term = await elected() else { return }
            logger.info("elected", metadata: ["term": "\(term.number)"])
            if try await serve(term, body) { return }
        }
    }

    // MARK: Standing for election

    /// Waits until a term is won; nil when cancelled.
    private func elected() async -> LeaseTerm? {
        let nap = Nap(clock: clock)
        return await withTaskGroup { group in
            if let subscriber {
                group.addTask { [channel = configuration.channel] in
                    // A new subscription wakes too: a release may have been missed before it.
                    for await _ in subscriber.subscribe(channel) { nap.end() }
                }
            }
            defer { group.cancelAll() }
            while !Task.isCancelled {
                switch await stand() {
                case .elected(let term): return term
                case .later(let pause): await nap.sleep(pause)
                case .failed:
                    // Giving the key back has woken whoever waits for it, us too: that ends no rest.
                    try? await clock.sleep(until: clock.now + configuration.renewalInterval)
                }
            }
            return nil
        }
    }

    private enum Attempt {
        case elected(LeaseTerm)
        /// Somebody else holds the lease, or Redis is away: after so long, or when woken.
        case later(Duration)
        /// The key was won and no term drawn; it was given back.
        case failed
    }

    /// Stands for election once.
    private func stand() async -> Attempt {
        do throws(CoordinationError) {
            let asked = clock.now
            switch try await key.acquire() {
            case .won:
                return await draw(asked).map(Attempt.elected) ?? .failed
            case .taken(let rest):
                return .later(min(configuration.renewalInterval, rest + .milliseconds(5)))
            }
        } catch {
            // That Redis is away has been logged by its client, once.
            logger.log(
                level: error.isRetryable ? .debug : .warning, "cannot stand for election",
                metadata: ["error": "\(error)"])
            return .later(configuration.timeToLive / 10)
        }
    }

    /// Draws the term for the key just won. Nil when that failed or took longer than the lease.
    private func draw(_ asked: Duration) async -> LeaseTerm? {
        do {
            let number = try await nextTerm()
            let renewed = clock.now
            // Another look, since drawing may have taken long; it also gives the term its full length.
            if renewed < trusted(from: asked), try await key.renew(within: configuration.timeToLive) {
                let tenure = Tenure(clock: clock, trustedUntil: trusted(from: renewed))
                return LeaseTerm(name: configuration.name, holder: configuration.holder, number: number, tenure: tenure)
            }
            logger.warning("lease ended before its term was drawn")
        } catch {
            logger.warning("cannot draw a term", metadata: ["error": "\(error)"])
        }
        await release()
        return nil
    }

    private func trusted(from asked: Duration) -> Duration {
        asked + configuration.timeToLive - configuration.margin
    }

    // MARK: In office

    /// Runs the body for one term, to its end.
    /// - Returns: true when that is all: the body returned in its term, or we were cancelled.
    /// - Throws: what the body throws in its term.
    private func serve(
        _ term: LeaseTerm, _ body: @escaping @Sendable (LeaseTerm) async throws -> Void
    ) async throws -> Bool {
        // Not a child task: a cancelled elector goes on renewing until its body has ended.
        let renewal = Task { await keep(term) }
        var outcome: Result<Void, any Error> = .success(())
        var inOffice = false
        await withTaskGroup(of: Result<Void, any Error>?.self) { group in
            group.addTask {
                do { return .success(try await body(term)) } catch { return .failure(error) }
            }
            group.addTask {
                await term.tenure.untilLost()
                return nil
            }
            while let next = await group.next() {
                if let next {
                    outcome = next
                    inOffice = term.isTrusted
                    term.tenure.lose()
                } else {
                    group.cancelAll()
                }
            }
        }
        renewal.cancel()
        await renewal.value
        await release()
        logger.info("out of office", metadata: ["term": "\(term.number)", "lost": "\(!inOffice)"])
        return try conclude(outcome, inOffice: inOffice)
    }

    private func conclude(_ outcome: Result<Void, any Error>, inOffice: Bool) throws -> Bool {
        switch outcome {
        case .success:
            return inOffice || Task.isCancelled
        case .failure(let error) where error is CancellationError || Self.isLoss(error):
            return Task.isCancelled
        case .failure(let error):
            if inOffice { throw error }
            logger.info("the body failed after its lease was lost", metadata: ["error": "\(error)"])
            return Task.isCancelled
        }
    }

    private static func isLoss(_ error: any Error) -> Bool {
        (error as? CoordinationError)?.code == .leaseLost
    }

    /// Renews until the tenure is over, or ends it when that fails.
    private func keep(_ term: LeaseTerm) async {
        let tenure = term.tenure
        var pause = configuration.renewalInterval
        while true {
            try? await clock.sleep(until: min(clock.now + pause, tenure.trustedUntil))
            guard !Task.isCancelled else { return }
            guard tenure.isTrusted else { break }
            do {
                let asked = clock.now
                guard try await key.renew(within: tenure.remaining) else { break }
                guard tenure.extend(to: trusted(from: asked)) else { break }
                pause = configuration.renewalInterval
            } catch {
                logger.warning("lease not renewed, trying again", metadata: ["error": "\(error)"])
                pause = configuration.timeToLive / 20
            }
        }
        logger.warning("lease lost, stepping down", metadata: ["term": "\(term.number)"])
        tenure.lose()
    }

    private func release() async {
        do {
            try await key.release()
        } catch {
            logger.info("lease not released; it ends by itself", metadata: ["error": "\(error)"])
        }
    }
}
