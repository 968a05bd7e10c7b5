import Projection
import Synchronization

/// The marts that this instance serves, by their tenants' names.
final class Marts: Sendable {
    private struct Entry {
        let served: ServedMart
        let state: ProjectionState
    }

    private let entries = Mutex<[String: Entry]>([:])
    private let problems = Mutex<[String: String]>([:])
    private let differences = Mutex<[String: Int]>([:])

    func add(_ served: ServedMart, state: ProjectionState) {
        entries.withLock { $0[served.tenant] = Entry(served: served, state: state) }
    }

    func remove(_ tenant: String) { _ = entries.withLock { $0.removeValue(forKey: tenant) } }

    /// What HTTP reads a tenant's mart with.
    func served(_ tenant: String) -> ServedMart? { entries.withLock { $0[tenant]?.served } }

    /// How a tenant's projection fares.
    func state(_ tenant: String) -> ProjectionState.Snapshot? {
        entries.withLock { $0[tenant]?.state }?.snapshot
    }

    /// Notes why a tenant's mart cannot be worked on; nil when it can.
    func note(_ problem: String?, of tenant: String) { problems.withLock { $0[tenant] = problem } }

    /// Notes how many numbers of a tenant's mart are not those of core; 0 when all are, or somebody else looks after it.
    func note(differences count: Int, of tenant: String) {
        differences.withLock { $0[tenant] = count == 0 ? nil : count }
    }

    /// What core counts otherwise, a line for each mart.
    var disagreements: [String] {
        differences.withLock { $0 }.map { tenant, count in
            "\(tenant): \(count) \(count == 1 ? "number is" : "numbers are") not core's; the last run of the job check names them"
        }.sorted()
    }

    /// What keeps a tenant's mart from working; nil when nothing does.
    func trouble(of tenant: String) -> String? {
        if let problem = problems.withLock({ $0[tenant] }) { return problem }
        return entries.withLock { $0[tenant]?.state }.flatMap { Self.trouble(of: $0.snapshot) }
    }

    /// What does not work, a line for each mart.
    var troubles: [String] {
        let noted = problems.withLock { $0 }
        let failing = entries.withLock { $0 }.compactMap { tenant, entry in
            Self.trouble(of: entry.state.snapshot).map { "\(tenant): \($0)" }
        }
        return (noted.map { "\($0.key): \($0.value)" } + failing).sorted()
    }

    private static func trouble(of snapshot: ProjectionState.Snapshot) -> String? {
        snapshot.problem ?? snapshot.postponed ?? snapshot.rebuildProblem.map(unbuilt) ?? missed(snapshot.missed)
    }

    private static func unbuilt(_ problem: String) -> String {
        "The mart could not be built anew; it goes on with what it has, and it is tried again: \(problem)"
    }

    private static func missed(_ events: Int64) -> String? {
        guard events > 0 else { return nil }
        return """
            \(events) events were cleared from the feed before the mart applied them, as it was away for longer than core keeps \
            them. Items that ended in them stay open in it: millrace rebuild builds it anew from what the feed holds.
            """
    }

    /// How many this instance holds.
    var held: Int { entries.withLock { $0.values.count { $0.state.snapshot.isHolder } } }
}
