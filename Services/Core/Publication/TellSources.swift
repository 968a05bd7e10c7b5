import Domain
import Foundation
import ServiceKit
import Storage

/// Tells sources what becomes of their items. Each has a worker of its own, so that one who is away or slow holds up
/// nobody else.
struct TellSources: Sendable {
    let runtime: TenantRuntime
    let fence: TermFence
    /// Throws when the tenant's lease can no longer be relied on.
    let requireTrust: @Sendable () throws -> Void

    /// Runs the workers until a configuration changes who is told, and how.
    func run() async {
        let snapshot = runtime.snapshot
        let present = Self.told(in: snapshot)
        await withDiscardingTaskGroup { group in
            for (id, replies) in present {
                guard let source = snapshot.sources[id] else { continue }
                group.addTask {
                    await repeating("status to \(source.name)", logger: runtime.logger) {
                        try requireTrust()
                        return try await TellSource(runtime: runtime, fence: fence, source: source, replies: replies)
                            .step(at: .now)
                    }
                }
            }
            while !Task.isCancelled, Self.told(in: runtime.snapshot) == present {
                try? await Task.sleep(for: .milliseconds(200))
            }
            group.cancelAll()
        }
    }

    private static func told(in snapshot: TenantSnapshot) -> [Int32: RepliesConfiguration] {
        snapshot.sources.compactMapValues(\.definition.replies)
    }
}
