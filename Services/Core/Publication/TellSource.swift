import Crypto
import Domain
import Foundation
import Logging
import Messaging
import ServiceKit
import Storage

/// Tells one source what becomes of its items: on the replies topic, a topic of its own, or by signed webhook.
///
/// The source's cursor in the feed moves after delivery: at least once, in order. What fails is tried again with
/// growing pauses.
struct TellSource: Sendable {
    let runtime: TenantRuntime
    let fence: TermFence
    let source: SourceSettings
    let replies: RepliesConfiguration
    private static let page: Int64 = 2000
    private static let longestPause: Int64 = 300_000
    /// What a receiver who was told may hear again after a crash: so much time, or one event.
    private static let storing: Int64 = 100

    /// - Returns: how long to wait before the next one.
    func step(at now: Instant) async throws -> Duration {
        let feed = EventFeed(pool: runtime.dependencies.pool, tenant: runtime.tenant)
        let last = try await feed.lastPosition()
        guard let cursor = try await cursor() else {
            try await begin(at: last)
            return .zero
        }
        if cursor.nextAt > now.milliseconds { return .milliseconds(min(1000, cursor.nextAt - now.milliseconds)) }
        guard cursor.position < last else { return .milliseconds(200) }
        let end = min(last, cursor.position + Self.page)
        let events = try await feed.events(ofSource: source.id, after: cursor.position, through: end)
            .filter { replies.wants($0) }
        var next = cursor
        do {
            try await deliver(events, from: &next)
        } catch let error as CancellationError {
            throw error
        } catch {
            next.attempts = cursor.position == next.position ? cursor.attempts + 1 : 1
            next.nextAt = Instant.now.milliseconds + min(Self.longestPause, 500 << Int64(min(next.attempts, 10)))
            runtime.logger.warning(
                "source not told, will be tried again",
                metadata: ["source": "\(source.name)", "attempts": "\(next.attempts)", "error": "\(error)"])
            try await store(next, error: "\(error)")
            return .milliseconds(100)
        }
        try await store(Cursor(position: end), error: nil)
        return end < last ? .zero : .milliseconds(200)
    }

    private struct Cursor: Sendable {
        var position: Int64 = 0
        var attempts: Int32 = 0
        var nextAt: Int64 = 0
    }

    private func deliver(_ events: [PlacedEvent], from cursor: inout Cursor) async throws {
        guard let webhook = replies.webhook else {
            let topics = runtime.dependencies.topics
            // One that was named before it was refused would tell everybody who reads it.
            let own = replies.topic.flatMap { ServiceTopics.isReserved($0) ? nil : topics.prefix + $0 }
            let topic = own ?? topics.replies
            return try await runtime.dependencies.producer.send(
                events.map {
                    OutgoingMessage(
                        topic: topic, key: $0.subjectText, value: $0.cloudEvent(tenant: runtime.name),
                        headers: $0.headers)
                })
        }
        guard !events.isEmpty else { return }
        let secret = try await WebhookSecrets(runtime).secret(named: webhook.secretRef)
        var stored = Instant.now.milliseconds
        for event in events {
            try await post(event, to: webhook, secret: secret)
            cursor = Cursor(position: event.position)
            let now = Instant.now.milliseconds
            if now - stored >= Self.storing {
                try await store(cursor, error: nil)
                stored = now
            }
        }
    }

    /// Signed as `Millrace-Signature: t=SECONDS,v1=HMAC-SHA256(secret, "SECONDS.BODY")`.
    private func post(
        _ event: PlacedEvent, to webhook: RepliesConfiguration.Webhook, secret: String
    ) async throws {
        let body = event.cloudEvent(tenant: runtime.name)
        let seconds = Instant.now.milliseconds / 1000
        let signature = HMAC<SHA256>.authenticationCode(
            for: Array("\(seconds).".utf8) + body, using: SymmetricKey(data: Array(secret.utf8)))
        let hex = signature.map { byte in (byte < 16 ? "0" : "") + String(byte, radix: 16) }.joined()
        let headers = event.headers + [(name: "Millrace-Signature", value: "t=\(seconds),v1=\(hex)")]
        let answer = try await runtime.dependencies.outbound.send("POST", webhook.url, headers: headers, body: body)
        guard (200..<300).contains(answer.status) else {
            throw WebhookRefused(description: "the webhook answered \(answer.status)")
        }
    }

    private func cursor() async throws -> Cursor? {
        let rows = try await runtime.dependencies.pool.query(
            "SELECT position, attempts, next_at FROM status_cursor WHERE tenant = $1 AND source = $2",
            [.int4(runtime.tenant), .int4(source.id)], tenant: runtime.tenant)
        return try rows.first.map {
            Cursor(position: try $0[0].int64, attempts: try $0[1].int32, nextAt: try $0[2].int64)
        }
    }

    /// For a source whose cursor no configuration has set.
    private func begin(at position: Int64) async throws {
        try await write(
            "INSERT INTO status_cursor (tenant, source, position) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
            [.int8(position)])
    }

    /// Only where the cursor still is: a configuration may have taken it away meanwhile.
    private func store(_ cursor: Cursor, error: String?) async throws {
        try await write(
            """
            UPDATE status_cursor SET position = greatest(position, $3), attempts = $4, next_at = $5, last_error = $6
            WHERE tenant = $1 AND source = $2
            """, [.int8(cursor.position), .int4(cursor.attempts), .int8(cursor.nextAt), SQLValue(error)])
    }

    private func write(_ sql: String, _ rest: [SQLValue]) async throws {
        _ = try await runtime.dependencies.pool.batch(
            tenant: runtime.tenant, fence: fence, idempotent: true,
            [SQLStatement(sql, [.int4(runtime.tenant), .int4(source.id)] + rest)])
    }
}

/// A webhook that did not take an event.
struct WebhookRefused: Error, CustomStringConvertible {
    let description: String
}

extension RepliesConfiguration {
    func wants(_ event: PlacedEvent) -> Bool {
        guard let data = try? JSONValue(parsing: Array(event.body.utf8)),
            let action = data["action"]?.stringValue.flatMap(WorkItemAction.init(rawValue:)),
            let to = data["to"]?.stringValue.flatMap(WorkItemStatus.init(rawValue:))
        else { return false }
        return wants(action: action, from: data["from"]?.stringValue.flatMap(WorkItemStatus.init(rawValue:)), to: to)
    }
}
