import Domain
import Synchronization

/// How one tenant's projection fares, for health and job views.
public final class ProjectionState: Sendable {
    /// What is known at one moment.
    public struct Snapshot: Sendable, Hashable {
        /// Whether this instance applies.
        public var isHolder = false
        /// The term under which it does.
        public var term: Int64?
        /// The last position that is applied, by whichever instance.
        public var position: Int64 = 0
        /// Positions that there are, as far as is known, and that are not applied.
        public var lag: Int64 = 0
        /// Since when, in milliseconds, the oldest known event waits to be applied; 0 when none waits.
        public var lagMilliseconds: Int64 = 0
        /// Whether this instance reads the feed page after page, as there is more than it has applied.
        public var isFarBehind = false
        /// Events that this instance has applied since it started.
        public var applied: Int64 = 0
        /// How many of them before its present or last term.
        public var appliedBefore: Int64 = 0
        /// Events that are missing in the target for good: the feed no longer held them.
        public var missed: Int64 = 0
        /// What keeps it from going on; nil when nothing does.
        public var problem: String?
        /// How often this instance could not go on, since it started.
        public var failures = 0
        /// Whether a rebuild is under way, and how far it is.
        public var rebuilding: Int64?
        /// Why the last try of a rebuild that is wanted failed; nil once one is begun.
        public var rebuildProblem: String?
        /// Why a rebuild that is wanted is not begun; nil when none is, or it may.
        public var postponed: String?
    }

    private let state = Mutex(Snapshot())

    /// A projection that has not begun.
    public init() {}

    /// How it fares now.
    public var snapshot: Snapshot { state.withLock { $0 } }

    func update(_ body: (inout Snapshot) -> Void) { state.withLock { body(&$0) } }
}
