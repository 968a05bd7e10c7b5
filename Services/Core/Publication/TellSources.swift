import Crypto
import Domain
import Foundation
import Logging
import Messaging
import ServiceKit
import Storage

/// Tells sources what becomes of their items: on the replies topic, a topic of their own, or by signed webhook.
///
/// Each source has a cursor in the feed, moved after delivery: at least once, in order. A source that is away holds up
/// nobody else; its deliveries are tried again with growing pauses.
struct TellSources: Sendable {
    let runtime: TenantRuntime
    let fence: TermFence
    private static let page: Int64 = 2000
    private static let longestPause: Int64 = 300_000

    func step(at now: Instant) async throws -> Duration {
        let sources = runtime.snapshot.sources.values.filter { $0.definition.replies != nil }
        guard !sources.isEmpty else { return .seconds(1) }
        let feed = EventFeed(pool: runtime.dependencies.pool, tenant: runtime.tenant)
        let last = try await feed.lastPosition()
        let cursors = try await cursors()
        return try await withThrowingTaskGroup(of: Bool.self) { group in
            for source in sources {
                let cursor = cursors[source.id] ?? Cursor()
                guard cursor.position < last, cursor.nextAt <= now.milliseconds else { continue }
                group.addTask { try await tell(source, cursor, feed, upTo: last, at: now) }
            }
            var more = false
            for try await wantsMore in group { more = more || wantsMore }
            return more ? .zero : .milliseconds(200)
        }
    }

    private struct Cursor: Sendable {
        var position: Int64 = 0
        var attempts: Int32 = 0
        var nextAt: Int64 = 0
    }

    private func cursors() async throws -> [Int32: Cursor] {
        let rows = try await runtime.dependencies.pool.query(
            "SELECT source, position, attempts, next_at FROM status_cursor WHERE tenant = $1",
            [.int4(runtime.tenant)], tenant: runtime.tenant)
        var cursors: [Int32: Cursor] = [:]
        for row in rows {
            cursors[try row[0].int32] = Cursor(
                position: try row[1].int64, attempts: try row[2].int32, nextAt: try row[3].int64)
        }
        return cursors
    }

    /// - Returns: whether there is more to tell at once.
    private func tell(
        _ source: SourceSettings, _ cursor: Cursor, _ feed: EventFeed, upTo last: Int64, at now: Instant
    ) async throws -> Bool {
        guard let replies = source.definition.replies else { return false }
        let end = min(last, cursor.position + Self.page)
        let events = try await feed.events(ofSource: source.id, after: cursor.position, through: end)
            .filter { replies.wants($0) }
        var next = cursor
        do {
            if let webhook = replies.webhook {
                for event in events {
                    try await post(event, to: webhook)
                    next.position = event.position
                }
            } else {
                let prefix = runtime.dependencies.topics.prefix
                let topic = replies.topic.map { prefix + $0 } ?? runtime.dependencies.topics.replies
                try await runtime.dependencies.producer.send(
                    events.map {
                        OutgoingMessage(
                            topic: topic, key: $0.subjectText, value: $0.cloudEvent(tenant: runtime.name),
                            headers: Topics.jsonHeaders)
                    })
            }
            next = Cursor(position: end)
        } catch let error as CancellationError {
            throw error
        } catch {
            next.attempts = cursor.position == next.position ? cursor.attempts + 1 : 1
            next.nextAt = now.milliseconds + min(Self.longestPause, 500 << Int64(min(next.attempts, 10)))
            runtime.logger.warning(
                "source not told, will be tried again",
                metadata: ["source": "\(source.name)", "attempts": "\(next.attempts)", "error": "\(error)"])
            try await store(next, source.id, error: "\(error)")
            return false
        }
        try await store(next, source.id, error: nil)
        return end < last
    }

    /// Signed as `Millrace-Signature: t=SECONDS,v1=HMAC-SHA256(secret, "SECONDS.BODY")`.
    private func post(_ event: PlacedEvent, to webhook: RepliesConfiguration.Webhook) async throws {
        let body = event.cloudEvent(tenant: runtime.name)
        var headers = [(name: "Content-Type", value: "application/cloudevents+json; charset=utf-8")]
        if let name = webhook.secretRef {
            guard let secret = runtime.dependencies.webhookSecrets[name] else {
                throw WebhookRefused(description: "MILLRACE_WEBHOOK_SECRETS holds no secret named \(name)")
            }
            let seconds = Instant.now.milliseconds / 1000
            let signature = HMAC<SHA256>.authenticationCode(
                for: Array("\(seconds).".utf8) + body, using: SymmetricKey(data: Array(secret.utf8)))
            let hex = signature.map { byte in (byte < 16 ? "0" : "") + String(byte, radix: 16) }.joined()
            headers.append((name: "Millrace-Signature", value: "t=\(seconds),v1=\(hex)"))
        }
        let answer = try await runtime.dependencies.outbound.send("POST", webhook.url, headers: headers, body: body)
        guard (200..<300).contains(answer.status) else {
            throw WebhookRefused(description: "the webhook answered \(answer.status)")
        }
    }

    private func store(_ cursor: Cursor, _ source: Int32, error: String?) async throws {
        _ = try await runtime.dependencies.pool.batch(
            tenant: runtime.tenant, fence: fence, idempotent: true,
            [
                SQLStatement(
                    """
                    INSERT INTO status_cursor AS c (tenant, source, position, attempts, next_at, last_error)
                    VALUES ($1, $2, $3, $4, $5, $6)
                    ON CONFLICT (tenant, source) DO UPDATE SET position = greatest(c.position, excluded.position),
                        attempts = excluded.attempts, next_at = excluded.next_at, last_error = excluded.last_error
                    """,
                    [
                        .int4(runtime.tenant), .int4(source), .int8(cursor.position), .int4(cursor.attempts),
                        .int8(cursor.nextAt), SQLValue(error),
                    ])
            ])
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
