import Coordination
import Domain
import Foundation
import Logging
import Projection
import SearchIndex
import ServiceKit
import Storage

/// One tenant's index in this instance, for as long as its settings stay what they are.
struct IndexTenant: Sendable {
    let parts: RunProjection.Parts
    let target: IndexTarget
    let state: ProjectionState
    let checkEvery: Duration
    let logger: Logger

    /// Runs until cancelled.
    func run() async {
        await repeating("index", logger: logger) {
            var parts = parts
            parts.whileHolding = { _, fence in await look(after: fence) }
            try await RunProjection(parts, state: state, logger: logger).run()
            return .seconds(1)
        }
    }

    /// What the holder does beside applying events: the first walk through all items, then a check now and then.
    private func look(after fence: TermFence) async {
        await repeating("search index", logger: logger) {
            do {
                if try await target.control.held(fence.term).serving.walked != nil {
                    try await target.walk(fence, in: \.first)
                    logger.notice("all items are in the search index")
                }
                let serving = try await target.control.held(fence.term).serving
                if try await target.indices() != [serving.index] { try await target.serve(serving) }
                try await Task.sleep(for: checkEvery)
                let found = try await CheckIndex(target: target, fence: fence).run(now: .now)
                IndexMetrics.checked(found, tenant: parts.tenant)
                if !found.isClean {
                    logger.warning(
                        "the search index was mended",
                        metadata: [
                            "missing": "\(found.missing)", "stale": "\(found.stale)", "extra": "\(found.extra)",
                        ])
                }
                return .zero
            } catch let error as StorageError {
                // The term is over; whoever holds now looks after it.
                if error.code == .staleTerm { try await Task.sleep(for: .seconds(1)) }
                throw error
            }
        }
    }
}
