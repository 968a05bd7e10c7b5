import Domain
import Logging
import ServiceKit
import Storage

/// Building the target anew beside the one that serves.
extension HoldProjection {
    /// Looks every second whether a rebuild is wanted, and carries it out. What fails is tried again, from where it was.
    func rebuildWhenAsked(_ target: any RebuildableTarget) async {
        await repeating("rebuild", logger: logger) {
            defer { state.update { $0.rebuilding = nil } }
            guard try await target.wantsRebuild() else { return .seconds(1) }
            let next = try await target.beginRebuild(fence: fence)
            logger.notice("rebuilding")
            try await catchUp(next, with: target)
            try await replace(target, by: next)
            logger.notice("rebuilt")
            return .seconds(1)
        }
    }

    /// Applies the feed to the new target until it is nearly as far as the one that serves.
    private func catchUp(_ next: any ProjectionTarget, with target: any ProjectionTarget) async throws {
        while true {
            try Task.checkCancellation()
            let progress = try await next.progress()
            state.update { $0.rebuilding = progress.position }
            guard progress.position + 500 < intake.with({ $0.position }),
                try await apply(toNext: next, from: progress, upTo: .max)
            else { return }
        }
    }

    /// Nothing is applied to the one that serves while the new one comes exactly as far and takes its place.
    private func replace(_ target: any RebuildableTarget, by next: any ProjectionTarget) async throws {
        try await applying.enter()
        defer { applying.leave() }
        let serving = try await target.progress()
        var progress = try await next.progress()
        while progress.position < serving.position {
            // A feed that ends earlier is that of a restored database: what was applied beyond it never happened.
            guard try await apply(toNext: next, from: progress, upTo: serving.position) else { break }
            progress = try await next.progress()
        }
        try term.requireTrust()
        try await target.finishRebuild(next, fence: fence)
        intake.with { $0.restart(at: progress) }
    }

    /// - Returns: false when the feed has no more.
    private func apply(
        toNext next: any ProjectionTarget, from progress: ProjectionProgress, upTo last: Int64
    ) async throws -> Bool {
        let page = try await parts.feed.events(after: progress.position, limit: intake.with { $0.pageSize })
        let events = page.filter { $0.position <= last }
        guard let end = events.last else { return false }
        try term.requireTrust()
        try await next.apply(
            events,
            progress: ProjectionProgress(
                position: end.position, eventId: end.id, offsets: intake.with { $0.offsets }),
            fence: fence)
        return true
    }
}
