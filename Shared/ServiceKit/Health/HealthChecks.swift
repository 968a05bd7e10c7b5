import Domain
import Hummingbird
import Synchronization

/// One thing that the service works with.
public struct HealthCheck: Sendable {
    /// Name shown to the operator: `database`, `redis`, `kafka`.
    public var name: String
    /// After this long the check has failed.
    public var timeout: Duration
    /// Whether the service is not ready without it. Without one that is not required it is ready and degraded.
    public var isRequired: Bool
    /// Throws when it does not work. Must react to cancellation.
    public var check: @Sendable () async throws -> Void

    /// Makes a check.
    public init(
        _ name: String, timeout: Duration = .seconds(2), isRequired: Bool = true,
        check: @escaping @Sendable () async throws -> Void
    ) {
        self.name = name
        self.timeout = timeout
        self.isRequired = isRequired
        self.check = check
    }
}

extension HealthCheck {
    private struct Trouble: Error, CustomStringConvertible {
        let description: String
    }

    /// Makes a check of something that knows by itself what is wrong with it.
    /// - Parameter trouble: what is wrong; nil when all is well.
    public init(_ name: String, isRequired: Bool = true, trouble: @escaping @Sendable () async -> String?) {
        self.init(name, isRequired: isRequired) {
            if let trouble = await trouble() { throw Trouble(description: trouble) }
        }
    }

    /// The first five of many troubles as one text; nil when there is none.
    public static func summary(_ troubles: [String], separator: String = "; ") -> String? {
        guard !troubles.isEmpty else { return nil }
        return troubles.prefix(5).joined(separator: separator) + (troubles.count > 5 ? "\(separator)…" : "")
    }
}

/// Whether the service lives and is ready: `/health/live` and `/health/ready`.
public final class HealthChecks: Sendable {
    /// What one check found.
    public struct Finding: Sendable {
        /// The check's name.
        public var name: String
        /// Whether the service is not ready without it.
        public var isRequired: Bool
        /// nil when all is well.
        public var problem: String?
        /// How long it took.
        public var milliseconds: Int64
    }

    private struct State {
        var findings: [Finding] = []
        var asked: ContinuousClock.Instant?
    }

    private let checks: [HealthCheck]
    private let keepFor: Duration
    private let isStopping: @Sendable () -> Bool
    private let state = Mutex(State())

    /// - Parameters:
    ///   - keepFor: an answer is given again for this long, so that probes cannot load the dependencies.
    ///   - isStopping: a stopping service is alive and not ready.
    public init(
        _ checks: [HealthCheck], keepFor: Duration = .seconds(1), isStopping: @escaping @Sendable () -> Bool = { false }
    ) {
        self.checks = checks
        self.keepFor = keepFor
        self.isStopping = isStopping
    }

    /// Runs all checks at once, or gives the last answer while it holds.
    public func findings() async -> [Finding] {
        let kept = state.withLock { state -> [Finding]? in
            guard let asked = state.asked, asked + keepFor > .now else { return nil }
            return state.findings
        }
        if let kept { return kept }
        let found = await withTaskGroup(of: Finding.self) { group in
            for check in checks { group.addTask { await Self.run(check) } }
            var found: [Finding] = []
            for await finding in group { found.append(finding) }
            return found.sorted { $0.name < $1.name }
        }
        state.withLock { $0 = State(findings: found, asked: .now) }
        return found
    }

    /// The routes, open to everyone.
    public func addRoutes(to routes: inout Routes) {
        routes.get("/health/live", access: .everyone) { _ in .json(["status": "alive"]) }
        routes.get("/health/ready", access: .everyone) { request in
            if self.isStopping() || request.isStopping {
                return .json(["status": "stopping"], status: .serviceUnavailable)
            }
            let findings = await self.findings()
            let isReady = findings.allSatisfy { $0.problem == nil || !$0.isRequired }
            let isComplete = findings.allSatisfy { $0.problem == nil }
            return .json(status: isReady ? .ok : .serviceUnavailable) { writer in
                writer.member("status", isComplete ? "ready" : isReady ? "degraded" : "notReady")
                writer.object("checks") { writer in
                    for finding in findings {
                        writer.object(finding.name) { writer in
                            writer.member("ok", finding.problem == nil)
                            if !finding.isRequired { writer.member("required", false) }
                            writer.member("milliseconds", finding.milliseconds)
                            if let problem = finding.problem { writer.member("problem", problem) }
                        }
                    }
                }
            }
        }
    }

    private static func run(_ check: HealthCheck) async -> Finding {
        let start = ContinuousClock.now
        let problem = await withTaskGroup(of: String?.self) { group -> String? in
            group.addTask {
                do {
                    try await check.check()
                    return nil
                } catch {
                    return KnownSecrets.shared.redacted("\(error)")
                }
            }
            group.addTask {
                try? await Task.sleep(for: check.timeout)
                return "no answer within \(check.timeout)"
            }
            defer { group.cancelAll() }
            return await group.next() ?? nil
        }
        let (seconds, attoseconds) = start.duration(to: .now).components
        return Finding(
            name: check.name, isRequired: check.isRequired, problem: problem,
            milliseconds: seconds * 1000 + attoseconds / 1_000_000_000_000_000)
    }
}
