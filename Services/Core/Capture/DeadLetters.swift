import Crypto
import Domain
import Foundation
import Logging
import Messaging
import Storage

/// A message that could not be taken, with its original bytes and why.
struct DeadLetter: Sendable {
    var id: UUID
    var message: IncomingMessage
    var malformed: CommandMessage.Malformed
    var at: Instant

    init(message: IncomingMessage, malformed: CommandMessage.Malformed) {
        self.id = UUIDv7.next()
        self.message = message
        self.malformed = malformed
        self.at = .now
    }

    /// Reason and problems in one text.
    var reason: String {
        ([malformed.reason] + malformed.problems.map { "\($0.path): \($0.message)" }).joined(separator: "; ")
    }
}

/// Dead letters: published beside the topic that they came from and kept in PostgreSQL, where an operator sees and
/// retries them.
struct DeadLetters: Sendable {
    let pool: PostgresPool
    let producer: KafkaProducer
    let tenants: TenantDirectory
    /// The tenant whose operators see what cannot be attributed to anyone.
    let fallbackTenant: String?
    let logger: Logger

    /// Storing the same message again, after a redelivery, changes nothing.
    func store(_ letters: [DeadLetter]) async throws {
        guard !letters.isEmpty else { return }
        var byTenant: [Int32: [DeadLetter]] = [:]
        for letter in letters {
            let named = letter.malformed.tenant
            // What names a tenant that cannot be served now is nobody else's to see.
            let isOthers = named.map { tenants.isOutOfService(named: $0) } ?? false
            let owner =
                named.flatMap { tenants.runtime(named: $0) }
                ?? (isOthers ? nil : fallbackTenant.flatMap { tenants.runtime(named: $0) })
            if let owner {
                byTenant[owner.tenant, default: []].append(letter)
            } else {
                logger.error(
                    "dead letter without a tenant: only on the dead-letter topic",
                    metadata: ["topic": "\(letter.message.topic)", "offset": "\(letter.message.offset)"])
            }
        }
        for (tenant, letters) in byTenant {
            _ = try await pool.batch(tenant: tenant, idempotent: true, [insertion(letters, tenant)])
        }
        do {
            try await producer.send(letters.map { outgoing($0, value: $0.message.value) })
        } catch {
            guard error.code == .messageTooLarge else { throw error }
            // With its headers it is more than the broker takes. Its bytes are in PostgreSQL, and what is published
            // names its place; a letter that could not be sent would hold its partition up for ever.
            try await producer.send(error.undelivered.map { outgoing(letters[$0], value: []) })
        }
    }

    private func outgoing(_ letter: DeadLetter, value: [UInt8]) -> OutgoingMessage {
        OutgoingMessage(
            topic: Topics.dead(of: letter.message.topic), key: letter.message.key, value: value,
            headers: [
                (name: "reason", value: letter.reason), (name: "topic", value: letter.message.topic),
                (name: "partition", value: String(letter.message.partition)),
                (name: "offset", value: String(letter.message.offset)),
            ])
    }

    private func insertion(_ letters: [DeadLetter], _ tenant: Int32) -> SQLStatement {
        SQLStatement(
            """
            INSERT INTO dead_letter (tenant, id, topic, partition, position, digest, key, value, reason, at)
            SELECT $1, d.* FROM unnest($2::uuid[], $3::text[], $4::int[], $5::bigint[], $6::bytea[], $7::bytea[],
                $8::bytea[], $9::text[], $10::bigint[]) AS d
            ON CONFLICT (tenant, topic, partition, position, digest) DO NOTHING
            """,
            [
                .int4(tenant), .uuids(letters.map(\.id)), .texts(letters.map(\.message.topic)),
                .int4s(letters.map(\.message.partition)), .int8s(letters.map(\.message.offset)),
                .bytesArray(letters.map { Array(SHA256.hash(data: $0.message.value)) }),
                .bytesArrayOptional(letters.map(\.message.key)), .bytesArray(letters.map(\.message.value)),
                .texts(letters.map { $0.reason.replacing("\u{0}", with: "\u{FFFD}") }),
                .int8s(letters.map(\.at.milliseconds)),
            ])
    }
}
