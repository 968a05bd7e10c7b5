import Storage

/// What a projection writes into: the data mart, a search index.
public protocol ProjectionTarget: Sendable {
    /// What the last `apply` stored; position 0 when there is nothing yet.
    func progress() async throws -> ProjectionProgress

    /// In one transaction: the fence, the rows that the events change, the new progress.
    ///
    /// `events` is never empty and contiguous in position; the first follows the stored position. Only where the feed
    /// no longer holds what came next (it was cleared away by retention) does the first lie further on. The target
    /// throws `ProjectionError.Code.progressMoved` when the stored position is not the one before: somebody else has
    /// applied, a commit whose answer was lost went through, or a server that crashed has lost what it took last; then
    /// progress is read again.
    /// - Parameter after: the position that the caller believes to be stored.
    /// - Throws: `StorageError` with `.staleTerm` when a newer term exists; anything else is tried again.
    func apply(
        _ events: [ProjectedEvent], after: Int64, progress: ProjectionProgress, fence: TermFence) async throws

    /// By how many positions what is stored may lie behind what has been applied, where events change nothing.
    var unnoted: Int64 { get }

    /// Begins a new term of the lease in the target's own database.
    func nextTerm(holder: String) async throws -> Int64
}

extension ProjectionTarget {
    /// Every position is stored.
    public var unnoted: Int64 { 0 }
}

/// A target that can be built anew beside the one that serves.
public protocol RebuildableTarget: ProjectionTarget {
    /// Whether somebody has asked for a rebuild that is not done yet. Asked every second by the holder.
    func wantsRebuild() async throws -> Bool

    /// Why a rebuild that is wanted must not begin now, in words for an operator; nil when it may.
    func obstacleToRebuild(from feed: any EventFeedSource) async throws -> String?

    /// A target beside this one, empty or as far as an earlier attempt has brought it.
    func beginRebuild(fence: TermFence) async throws -> any ProjectionTarget

    /// In one transaction under the fence: the new one, which has come as far or further, takes this one's place, and the
    /// wish is fulfilled. Nothing is applied to this one meanwhile.
    func finishRebuild(_ next: any ProjectionTarget, fence: TermFence) async throws
}

extension RebuildableTarget {
    /// Nothing stands in the way.
    public func obstacleToRebuild(from feed: any EventFeedSource) async throws -> String? { nil }
}
