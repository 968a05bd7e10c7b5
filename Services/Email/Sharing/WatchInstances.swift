import Coordination
import Logging
import ServiceKit

/// Shows that this instance lives, and sees who else does.
struct WatchInstances: Sendable {
    let dependencies: EmailDependencies
    let roster: MailboxRoster
    private let presence: Presence

    init(dependencies: EmailDependencies, roster: MailboxRoster) {
        self.dependencies = dependencies
        self.roster = roster
        // An instance that died is missed about when its leases end.
        presence = Presence(
            key: "\(dependencies.redisPrefix)email:instances", timeToLive: dependencies.leaseTime,
            client: dependencies.redis)
    }

    /// Runs until cancelled; then says goodbye, so that the others take over at once.
    func run() async {
        let pause = dependencies.leaseTime / 4
        await repeating("instances", logger: dependencies.logger, longestPause: pause) {
            try await presence.touch([dependencies.instance])
            roster.update(instances: try await presence.members().sorted())
            return pause
        }
        // Not in this task, which is cancelled.
        await Task { [presence, dependencies] in try? await presence.remove([dependencies.instance]) }.value
    }
}
