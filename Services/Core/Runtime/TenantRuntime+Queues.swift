import Coordination
import Domain
import Foundation
import Logging

extension TenantRuntime {
    /// The queues and what happens in each: commit, then reflect in the lanes, then look for agents.
    func makeQueues() -> Queues {
        // What is posted is made up for: by the sweep, by the next look.
        let logger = logger
        @Sendable func lost(_ part: String) -> @Sendable (any Error, Int) -> Void {
            {
                logger.warning(
                    "failed, the sweep makes up for it",
                    metadata: ["part": "\(part)", "count": "\($1)", "error": "\($0)"])
            }
        }
        return Queues(
            captures: BatchQueue(largestBatch: 1000) { [unowned self] requests in
                let capture = CaptureWorkItems(pool: dependencies.pool, tenant: tenant, arrivals: arrivals)
                return try await SalvageBatch(logger: logger).perform(requests) { requests in
                    let result = try await capture.perform(requests, in: self.snapshot, at: .now)
                    if !result.created.isEmpty { self.after(.entered(result.created, batch: result.batch)) }
                    return result.outcomes
                }
            },
            changes: BatchQueue(largestBatch: 300) { [unowned self] requests in
                let change = ChangeWorkItems(pool: dependencies.pool, tenant: tenant)
                return try await SalvageBatch(logger: logger).perform(requests) { requests in
                    let result = try await change.perform(requests, in: self.snapshot, at: .now)
                    self.announceOffers(in: result.changes)
                    let restated = result.agents.filter { result.stateChangedAgents.contains($0.id) }
                    if !result.changes.isEmpty || !restated.isEmpty {
                        self.after(.changed(result.changes, agents: restated, batch: result.batch))
                    }
                    return result.outcomes
                }
            },
            laneWork: BatchQueue(largestBatch: 100, failed: lost("laneWork")) { [unowned self] work in
                let reflect = ReflectChanges(lanes: lanes, queries: queries)
                let found = try await reflect.perform(work, in: snapshot, at: .now)
                look(at: found.lanes.map { .lane($0) })
                look(at: found.agents.map { .agent($0) })
                look(at: found.limited.map { .limited($0) })
                for item in work {
                    switch item {
                    case .entered(_, let batch?), .changed(_, _, let batch?): acknowledge(batch)
                    default: break
                    }
                }
                return work.map { _ in .success(()) }
            },
            looks: BatchQueue(largestBatch: 200, failed: lost("looks")) { [unowned self] triggers in
                look(at: try await distribute.look(Array(Set(triggers)), in: snapshot, at: .now))
                return triggers.map { _ in .success(()) }
            },
            acknowledgements: BatchQueue(largestBatch: 5000, failed: lost("acknowledgements")) {
                [unowned self] batches in
                // Nobody waits for it: a short pause makes one update of many.
                try await Task.sleep(for: .milliseconds(100))
                try await sweep.acknowledge(batches)
                return batches.map { _ in .success(()) }
            },
            offerLooks: BatchQueue(largestBatch: 500) { [unowned self] agents in
                let items = try await queries.offers(for: Array(Set(agents)))
                let byAgent = Dictionary(grouping: items, by: { $0.assignee ?? 0 })
                return agents.map { .success(byAgent[$0] ?? []) }
            },
            announcements: BatchQueue(failed: lost("announcements")) { [unowned self] agents in
                try await publishAnnouncement(agents)
                return agents.map { _ in .success(()) }
            })
    }

    var sweep: SweepLanes {
        SweepLanes(pool: dependencies.pool, tenant: tenant, lanes: lanes, queries: queries)
    }

    var distribute: DistributeWork { DistributeWork(lanes: lanes, queries: queries, changes: changes) }
}
