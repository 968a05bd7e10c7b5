import Domain
import Logging
import ServiceKit
import Storage

/// Building the target anew beside the one that serves.
extension HoldProjection {
    /// Looks every second whether a rebuild is wanted, and carries it out. What fails is tried again, from where it was.
    func rebuildWhenAsked(_ target: any RebuildableTarget) async {
        // Whoever holds next tells of its own tries.
        defer { state.update { $0.rebuildProblem = nil } }
        await repeating("rebuild", logger: logger) {
            defer { state.update { $0.rebuilding = nil } }
            guard try await target.wantsRebuild() else {
                state.update { ($0.postponed, $0.rebuildProblem) = (nil, nil) }
                return .seconds(1)
            }
            let obstacle = try await target.obstacleToRebuild(from: parts.feed)
            state.update { $0.postponed = obstacle }
            guard obstacle == nil else { return .seconds(2) }
            state.update { ($0.rebuilding, $0.rebuildProblem) = (0, nil) }
            do {
                try await rebuild(target)
            } catch {
                state.update { $0.rebuildProblem = "\(error)" }
                throw error
            }
            return .seconds(1)
        }
    }

    private func rebuild(_ target: any RebuildableTarget) async throws {
        let next = try await target.beginRebuild(fence: fence)
        logger.notice("rebuilding")
        try await catchUp(next, with: target)
        try await replace(target, by: next)
        logger.notice("rebuilt")
    }

    /// Applies the feed to the new target until it is nearly as far as the one that serves, a page while the next one
    /// comes.
    private func catchUp(_ next: any ProjectionTarget, with target: any ProjectionTarget) async throws {
        let size = intake.with { $0.pageSize }
        var progress = try await next.progress()
        var page = try await parts.feed.page(after: progress.position, limit: size).events
        while progress.position + 500 < intake.with({ $0.position }), let last = page.last {
            try Task.checkCancellation()
            state.update { $0.rebuilding = progress.position }
            async let following = parts.feed.page(after: last.position, limit: size).events
            progress = try await apply(page, after: progress.position, toNext: next)
            page = try await following
        }
    }

    /// Nothing is applied to the one that serves while the new one comes at least as far and takes its place.
    private func replace(_ target: any RebuildableTarget, by next: any ProjectionTarget) async throws {
        try await applying.enter()
        defer { applying.leave() }
        let serving = try await target.progress()
        var progress = try await next.progress()
        while progress.position < serving.position {
            let page = try await parts.feed.page(after: progress.position, limit: intake.with { $0.pageSize })
            if page.events.isEmpty {
                // A feed that ends earlier is that of a restored database: what was applied beyond it never happened.
                guard page.last >= serving.position else { break }
                throw ProjectionError(
                    .feedUnavailable, "the feed no longer holds what the new one lacks; it waits for the next event")
            }
            progress = try await apply(page.events, after: progress.position, toNext: next)
        }
        let missed = try await next.progress().missed
        try term.requireTrust()
        try await target.finishRebuild(next, fence: fence)
        intake.with { $0.restart(at: progress) }
        state.update { $0.missed = missed }
    }

    private func apply(
        _ events: [ProjectedEvent], after: Int64, toNext next: any ProjectionTarget
    ) async throws -> ProjectionProgress {
        var progress = ProjectionProgress(offsets: intake.with { $0.offsets })
        if let end = events.last { (progress.position, progress.eventId) = (end.position, end.id) }
        try term.requireTrust()
        try await next.apply(events, after: after, progress: progress, fence: fence)
        return progress
    }
}
