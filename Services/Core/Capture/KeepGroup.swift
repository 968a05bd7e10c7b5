import Coordination
import Domain
import Foundation
import Logging
import Messaging
import ServiceKit
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
        await withDiscardingTaskGroup { group in
            // On its own: a broker that is slow to answer must not make this instance look dead.
            group.addTask { await self.giveSigns() }
            group.addTask { await self.watch() }
        }
    }

    /// At an even pace whatever happens: after Redis was away, a pause that had grown meanwhile would be a silence.
    /// That Redis is away is told by the watch.
    private func giveSigns() async {
        while !Task.isCancelled {
            _ = try? await dependencies.redis.evaluate(
                Self.sign, keys: [key], arguments: [.string(dependencies.instance)])
            try? await Task.sleep(for: .milliseconds(200))
        }
    }

    private func watch() async {
        let suspicion = Mutex(GroupSuspicion())
        @Sendable func silentInstances() async throws -> Set<String> {
            do {
                return try await self.silentInstances()
            } catch {
                suspicion.withLock { $0.lookFailed() }
                throw error
            }
        }
        await repeating("group", logger: dependencies.logger) {
            try await Task.sleep(for: .milliseconds(200))
            let silent = try await silentInstances()
            let own = self.consumers.withLock { Set($0.values.compactMap(\.memberId)) }
            guard suspicion.withLock({ $0.look(silent: silent, own: own, at: .now) }) else { return .zero }
            let members = try await self.admin.members(of: self.group)
            // The broker may have taken its time: whoever gave a sign meanwhile lives.
            let stillSilent = try await silentInstances()
            suspicion.withLock { $0.clear(allBut: stillSilent) }
            let count = self.consumers.withLock(\.count)
            let (leavers, gone) = suspicion.withLock {
                ($0.leavers(members, instance: self.dependencies.instance, consumers: count), $0.gone)
            }
            for member in leavers where try await self.claims(member) {
                try await self.admin.remove(member, from: self.group)
                self.dependencies.logger.notice(
                    "dead member taken out of the group",
                    metadata: ["client": "\(member.clientIdentifier)", "member": "\(member.id)"])
            }
            try await self.forget(gone)
            return .zero
        }
    }

    /// Every survivor sees the same dead. One takes a member out: a second removal, which comes when the group has begun
    /// anew, makes some brokers begin once more and wait for everybody again. Should it die over it, another follows.
    private func claims(_ member: GroupMember) async throws -> Bool {
        let key = "\(dependencies.redisPrefix)leaver:\(group):\(member.id)"
        let reply = try await dependencies.redis.command([
            "SET", .string(key), .string(dependencies.instance), "NX", "PX", "2000",
        ])
        return reply.text == "OK"
    }

    private var key: RedisArgument { .string("\(dependencies.redisPrefix)instances:\(group)") }

    /// Who has been silent, by Redis' clock, for a session's time but not for long enough to be forgotten.
    private func silentInstances() async throws -> Set<String> {
        let reply = try await dependencies.redis.evaluate(
            Self.script, keys: [key], arguments: [.integer(Self.session)])
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
        name: "silent-instances",
        source: """
            local t = redis.call('TIME')
            local now = t[1] * 1000 + math.floor(t[2] / 1000)
            return redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', now - tonumber(ARGV[1]))
            """)

    private static let sign = RedisScript(
        name: "sign-of-life",
        source: """
            local t = redis.call('TIME')
            return redis.call('ZADD', KEYS[1], t[1] * 1000 + math.floor(t[2] / 1000), ARGV[1])
            """)
}
