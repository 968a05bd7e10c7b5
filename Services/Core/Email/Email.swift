import Domain
import Foundation
import Storage

/// A message that came or goes, as PostgreSQL keeps it.
struct Email: Sendable, Equatable {
    enum Direction: String, Sendable { case incoming = "in", outgoing = "out" }

    let id: UUID
    /// Counts the changes; each has exactly one event.
    var revision: Int32
    let direction: Direction
    var state: EmailState
    let mailbox: String
    var workItem: UUID?
    /// Without angle brackets; of what goes out fixed when it is made, before the first try.
    let messageId: String?
    /// The agent who wrote it.
    var agent: Int32?
    let createdAt: Instant
    var updatedAt: Instant
    /// When it goes out next.
    var dueAt: Instant?
    /// Counts the tries.
    var attempt: Int32 = 0
    /// The term of the holder that has it in hand.
    var term: Int64 = 0
    var reason: String?
    /// What is shown of it: addresses, subject, text, attachments.
    var content: JSONObject

    init(
        id: UUID = UUIDv7.next(), direction: Direction, state: EmailState, mailbox: String, workItem: UUID?,
        messageId: String?, agent: Int32? = nil, at now: Instant, dueAt: Instant? = nil, reason: String? = nil,
        content: JSONObject
    ) {
        self.id = id
        self.revision = 1
        self.direction = direction
        self.state = state
        self.mailbox = mailbox
        self.workItem = workItem
        self.messageId = messageId
        self.agent = agent
        self.createdAt = now
        self.updatedAt = now
        self.dueAt = dueAt
        self.reason = reason
        self.content = content
    }

    func addresses(_ field: String) -> [EmailAddress] {
        (content[field]?.arrayValue ?? []).compactMap { EmailAddress($0) }
    }

    var from: EmailAddress? { content["from"].flatMap { EmailAddress($0) } }
    var subject: String? { content["subject"]?.stringValue }
    var text: String { content["text"]?.stringValue ?? "" }
    /// Message-IDs that it refers to: of what came in the nearest first, of what goes out in the order of the header.
    var references: [String] { (content["references"]?.arrayValue ?? []).compactMap(\.stringValue) }
    var attachments: [EmailAttachment] { (content["attachments"]?.arrayValue ?? []).compactMap { EmailAttachment($0) } }
    func digest(_ field: String) -> [UInt8]? { content[field]?.stringValue.flatMap(EmailAttachment.digest) }

    /// The contents that it refers to.
    var contents: [[UInt8]] {
        [digest("rawSha256"), digest("htmlSha256")].compactMap { $0 } + attachments.map(\.sha256)
    }

    /// Whom it concerns, for erasure of what belongs to no item.
    var correspondents: [UUID] {
        let all = [from].compactMap { $0 } + ["to", "cc", "bcc"].flatMap(addresses)
        return Array(Set(all.prefix(EmailLimits.addresses).map { EmailDigest.of($0.key) })).sorted { $0 < $1 }
    }
}

/// The columns of `email`.
extension Email {
    static let columns = """
        id, revision, direction, state, mailbox, work_item, message_id, agent, created_at, updated_at, due_at, attempt, \
        term, reason, content
        """

    init(row: SQLRow, offset: Int = 0) throws(StorageError) {
        func cell(_ column: Int) -> SQLCell { row[offset + column] }
        func instant(_ column: Int) throws(StorageError) -> Instant { Instant(milliseconds: try cell(column).int64) }
        id = try cell(0).uuid
        revision = try cell(1).int32
        direction = Direction(rawValue: try cell(2).text) ?? .incoming
        state = EmailState(rawValue: try cell(3).text) ?? .failed
        mailbox = try cell(4).text
        workItem = try cell(5).nullable?.uuid
        messageId = try cell(6).nullable?.text
        agent = try cell(7).nullable?.int32
        createdAt = try instant(8)
        updatedAt = try instant(9)
        dueAt = (try cell(10).nullable?.int64).map { Instant(milliseconds: $0) }
        attempt = try cell(11).int32
        term = try cell(12).int64
        reason = try cell(13).nullable?.text
        content = JSONObject(stored: try cell(14).text)
    }

    /// Writes new messages.
    static func insertion(of emails: [Email], tenant: Int32) -> SQLStatement {
        SQLStatement(
            """
            INSERT INTO email (tenant, \(columns), message, correspondents)
            SELECT $1, e.id, e.revision, e.direction, e.state, e.mailbox, e.work_item, e.message_id, e.agent, e.created_at,
                e.created_at, e.due_at, e.attempt, e.term, e.reason, e.content, e.message,
                string_to_array(e.correspondents, ',')::uuid[]
            FROM unnest($2::uuid[], $3::int[], $4::text[], $5::text[], $6::text[], $7::uuid[], $8::text[], $9::int[],
                $10::bigint[], $11::bigint[], $12::int[], $13::bigint[], $14::text[], $15::text[], $16::uuid[], $17::text[])
                AS e(id, revision, direction, state, mailbox, work_item, message_id, agent, created_at, due_at, attempt,
                    term, reason, content, message, correspondents)
            """,
            [
                .int4(tenant), .uuids(emails.map(\.id)), .int4s(emails.map(\.revision)),
                .texts(emails.map(\.direction.rawValue)), .texts(emails.map(\.state.rawValue)),
                .texts(emails.map(\.mailbox)), .uuidsOptional(emails.map(\.workItem)),
                .textsOptional(emails.map(\.messageId)), .int4sOptional(emails.map(\.agent)),
                .int8s(emails.map(\.createdAt.milliseconds)), .int8sOptional(emails.map { $0.dueAt?.milliseconds }),
                .int4s(emails.map(\.attempt)), .int8s(emails.map(\.term)), .textsOptional(emails.map(\.reason)),
                .texts(emails.map { JSONValue.object($0.content).text }),
                .uuidsOptional(emails.map { $0.messageId.map { EmailDigest.of($0) } }),
                .texts(emails.map { $0.correspondents.map(\.hexText).joined(separator: ",") }),
            ])
    }

    /// Writes what changes in a message's life.
    static func update(_ emails: [Email], tenant: Int32) -> SQLStatement {
        SQLStatement(
            """
            UPDATE email e SET (revision, state, updated_at, due_at, attempt, term, reason, content)
                = ROW(u.revision, u.state, u.updated_at, u.due_at, u.attempt, u.term, u.reason, u.content)
            FROM unnest($2::uuid[], $3::int[], $4::text[], $5::bigint[], $6::bigint[], $7::int[], $8::bigint[], $9::text[],
                $10::text[]) AS u(id, revision, state, updated_at, due_at, attempt, term, reason, content)
            WHERE e.tenant = $1 AND e.id = u.id
            """,
            [
                .int4(tenant), .uuids(emails.map(\.id)), .int4s(emails.map(\.revision)),
                .texts(emails.map(\.state.rawValue)), .int8s(emails.map(\.updatedAt.milliseconds)),
                .int8sOptional(emails.map { $0.dueAt?.milliseconds }), .int4s(emails.map(\.attempt)),
                .int8s(emails.map(\.term)), .textsOptional(emails.map(\.reason)),
                .texts(emails.map { JSONValue.object($0.content).text }),
            ])
    }
}
