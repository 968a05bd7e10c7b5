import Domain
import Foundation
import Storage

/// What is known of a mailbox beside its configuration: how its connections are, and how far it has been read.
struct MailboxState: Sendable {
    enum Connection: String, Sendable, CaseIterable { case connected, connecting, disconnected, failing, disabled }

    /// One of the two connections.
    struct Side: Sendable {
        var state: Connection
        var since: Instant
        var error: String?
    }

    var term: Int64 = 0
    var holder: String?
    var inbound: Side
    var outbound: Side
    var unread: Int64?
    var folderCount: Int64?
    var takenCount: Int64?
    var taken: Int64 = 0
    var lastTakenAt: Instant?
    /// From when on mail is taken; nil while the first connection is still to come.
    var firstFrom: Instant?
    /// By folder: `uidValidity`, `uid`, `from`; of one that is to be read anew its `epoch` alone.
    var folders = JSONObject()
    var cursor: String?

    /// Of a mailbox that nobody has held yet.
    init(at now: Instant) {
        inbound = Side(state: .disconnected, since: now)
        outbound = inbound
    }

    static let columns = """
        term, holder, inbound, inbound_since, inbound_error, outbound, outbound_since, outbound_error, unread, \
        folder_count, taken_count, taken, last_taken_at, first_from, folders, cursor
        """

    init(row: SQLRow, offset: Int = 0) throws(StorageError) {
        func cell(_ column: Int) -> SQLCell { row[offset + column] }
        func side(_ column: Int) throws(StorageError) -> Side {
            Side(
                state: Connection(rawValue: try cell(column).text) ?? .disconnected,
                since: Instant(milliseconds: try cell(column + 1).int64), error: try cell(column + 2).nullable?.text)
        }
        term = try cell(0).int64
        holder = try cell(1).nullable?.text
        inbound = try side(2)
        outbound = try side(5)
        unread = try cell(8).nullable?.int64
        folderCount = try cell(9).nullable?.int64
        takenCount = try cell(10).nullable?.int64
        taken = try cell(11).int64
        lastTakenAt = (try cell(12).nullable?.int64).map { Instant(milliseconds: $0) }
        firstFrom = (try cell(13).nullable?.int64).map { Instant(milliseconds: $0) }
        folders = JSONObject(stored: try cell(14).text)
        cursor = try cell(15).nullable?.text
    }

    /// The lease of a mailbox: its terms come from there.
    static func lease(tenant: Int32, mailbox: String) -> String { "mailbox:\(tenant):\(mailbox)" }

    /// Makes the row of a mailbox that has none. Mail is taken from `since` on, or from now on.
    static func begin(_ mailbox: MailboxConfiguration, tenant: Int32, at now: Instant) -> SQLStatement {
        SQLStatement(
            """
            INSERT INTO mailbox_state AS s (tenant, name, inbound_since, outbound_since, first_from)
            VALUES ($1, $2, $3, $3, $4)
            ON CONFLICT (tenant, name) DO UPDATE SET first_from = excluded.first_from WHERE s.first_from IS NULL
            """,
            [
                .int4(tenant), .text(mailbox.name), .int8(now.milliseconds),
                .int8((mailbox.inbound?.since ?? now).milliseconds),
            ])
    }

    static func read(_ name: String, tenant: Int32, locking: Bool = false) -> SQLStatement {
        SQLStatement(
            "SELECT \(columns) FROM mailbox_state WHERE tenant = $1 AND name = $2" + (locking ? " FOR UPDATE" : ""),
            [.int4(tenant), .text(name)])
    }

    static func all(tenant: Int32, on pool: PostgresPool) async throws -> [String: MailboxState] {
        let rows = try await pool.query(
            "SELECT name, \(columns) FROM mailbox_state WHERE tenant = $1", [.int4(tenant)], tenant: tenant)
        return Dictionary(
            try rows.map { (try $0[0].text, try MailboxState(row: $0, offset: 1)) }, uniquingKeysWith: { $1 })
    }

    /// The mailbox as the API shows it: as configured, with its state.
    func write(_ mailbox: MailboxConfiguration, version: Int32, to json: inout JSONWriter) {
        for (name, value) in mailbox.document.objectValue?.members ?? [] where name != "inbound" && name != "outbound" {
            json.member(name, value)
        }
        json.member("version", version)
        func side(_ name: String, _ settings: JSONValue?, _ side: Side) {
            guard let settings = settings?.objectValue else { return }
            json.object(name) { object in
                for (key, value) in settings.members { object.member(key, value) }
                object.member("state", mailbox.enabled ? side.state.rawValue : Connection.disabled.rawValue)
                object.member("since", side.since)
                if mailbox.enabled { object.member("error", side.error) }
            }
        }
        side("inbound", mailbox.inbound?.document, inbound)
        side("outbound", mailbox.outbound?.document, outbound)
        json.member("unread", unread)
        json.member("takenFrom", firstFrom)
        json.member("taken", taken)
        json.member("folderCount", folderCount)
        json.member("takenCount", takenCount)
        if let folderCount, let takenCount { json.member("difference", max(0, folderCount - takenCount)) }
        json.member("holder", holder)
        json.member("term", term)
        json.member("lastTakenAt", lastTakenAt)
    }
}
