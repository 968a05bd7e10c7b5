import Coordination
import Logging
import Storage

/// What the holder of a mart does beside applying events, in its term.
struct MartDuties: Sendable {
    let mart: RebuildableMart
    let settings: TenantSettings
    let jobs: JobLog
    let term: LeaseTerm
    let fence: TermFence
    let parts: MartParts

    /// Runs until the term is over.
    func run() async {}
}
