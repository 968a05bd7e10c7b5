import Coordination
import Domain
import Foundation
import Logging
import Messaging
import Synchronization

/// Takes dead instances out of the command consumers' group on brokers that do not do so themselves.
///
/// Apache Kafka ends a silent member's session after `session.timeout.ms`, and this finds nothing to do. A broker for
/// laptops may keep the dead for ever: their partitions would never be read again. So each instance gives a sign of life
/// in Redis, and members of instances that gave none for the session's time are made to leave. A member that lives all
/// the same joins again, and what it was doing has no second effect.
final class KeepGroup: Sendable {
    private let admin: KafkaAdmin
    private let group: String
    private let dependencies: CoreDependencies
    private let consumers = Mutex<[ObjectIdentifier: KafkaConsumer]>([:])
    /// As the consumers' `session.timeout.ms`.
    private static let session: Int64 = 6_000

    init(connection: KafkaConfiguration, group: String, dependencies: CoreDependencies) {
        admin = KafkaAdmin(connection: connection, logger: dependencies.logger)
        self.group = group
        self.dependencies = dependencies
    }

    func add(_ consumer: KafkaConsumer) { consumers.withLock { $0[ObjectIdentifier(consumer)] = consumer } }
    func remove(_ consumer: KafkaConsumer) { consumers.withLock { $0[ObjectIdentifier(consumer)] = nil } }

    /// Runs until cancelled.
    func run() async {
        let own = Mutex<Set<String>>([])
        let suspicious = Mutex(0)
        await repeating("group", logger: dependencies.logger) {
            try await Task.sleep(for: .seconds(1))
            let gone = try await self.silentInstances()
            let ids = Set(self.consumers.withLock { Array($0.values) }.compactMap(\.memberId))
            // A new name of our own means that the old one stays behind on such a broker: looked at for some rounds.
            let changed = own.withLock { known in
                defer { known = ids }
                return !known.isEmpty && known != ids
            }
            let rounds = suspicious.withLock { rounds in
                rounds = changed ? 10 : max(0, rounds - 1)
                return rounds
            }
            if !gone.isEmpty || rounds > 0 { try await self.removeDead(gone, own: ids) }
            return .zero
        }
    }

    private func removeDead(_ gone: Set<String>, own: Set<String>) async throws {
        for member in try await admin.members(of: group) {
            let isGone = gone.contains(member.clientIdentifier)
            let isOldSelf = member.clientIdentifier == dependencies.instance && !own.isEmpty && !own.contains(member.id)
            guard isGone || isOldSelf else { continue }
            try await admin.remove(member, from: group)
            dependencies.logger.notice("dead member taken out of the group", metadata: ["client": "\(member.clientIdentifier)"])
        }
        try await forget(gone)
    }

    private var key: RedisArgument { .string("\(dependencies.redisPrefix)instances:\(group)") }

    /// Signs of life by Redis' clock, and who has been silent for a session's time but not for long enough to be forgotten.
    private func silentInstances() async throws -> Set<String> {
        let reply = try await dependencies.redis.evaluate(
            Self.script, keys: [key], arguments: [.string(dependencies.instance), .integer(Self.session)])
        return Set((reply.elements ?? []).compactMap(\.text))
    }

    private func forget(_ gone: Set<String>) async throws {
        guard !gone.isEmpty else { return }
        // Some more looks: the dead may be named by a broker a little later.
        let script = RedisScript(
            name: "forget-instances",
            source: """
                local t = redis.call('TIME')
                local now = t[1] * 1000 + math.floor(t[2] / 1000)
                for i = 2, #ARGV do
                  local seen = redis.call('ZSCORE', KEYS[1], ARGV[i])
                  if seen and now - tonumber(seen) > tonumber(ARGV[1]) then redis.call('ZREM', KEYS[1], ARGV[i]) end
                end
                return 0
                """)
        try await dependencies.redis.evaluate(
            script, keys: [key], arguments: [.integer(5 * Self.session)] + gone.map { .string($0) })
    }

    private static let script = RedisScript(
        name: "instances",
        source: """
            local t = redis.call('TIME')
            local now = t[1] * 1000 + math.floor(t[2] / 1000)
            redis.call('ZADD', KEYS[1], now, ARGV[1])
            return redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', now - tonumber(ARGV[2]))
            """)
}
