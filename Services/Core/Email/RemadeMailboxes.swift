import Domain
import Foundation
import Storage

/// A mailbox that is made under a name which another one had before begins as a new one: mail is taken from its own `since`
/// on, or from its first connection on. What was taken stays known, so that nothing comes twice.
struct RemadeMailboxes: Sendable {
    let tenant: Int32
    /// Mailboxes that the version before did not have.
    let names: [String]

    /// - Parameter before: the document that was in force; nil where there was none.
    init(in configuration: TenantConfiguration, before: JSONValue?, tenant: Int32) {
        self.tenant = tenant
        let present = Set((before?["mailboxes"]?.arrayValue ?? []).compactMap { $0["name"]?.stringValue })
        names = configuration.mailboxes.map(\.name).filter { !present.contains($0) }
    }

    /// Begins them anew, in the transaction that applies the configuration. Who holds one of them still is refused from then
    /// on.
    func begin(at now: Instant, on transaction: Transaction) async throws {
        guard !names.isEmpty else { return }
        // The lease first, as everybody who writes under it does.
        let leases = names.sorted().map { MailboxState.lease(tenant: tenant, mailbox: $0) }
        _ = try await transaction.query(
            "UPDATE lease SET term = term + 1, taken_at = clock_timestamp() WHERE name = ANY($1::text[])",
            [.texts(leases)])
        let rows = try await transaction.query(
            "SELECT name, folders FROM mailbox_state WHERE tenant = $1 AND name = ANY($2::text[]) ORDER BY name FOR UPDATE",
            [.int4(tenant), .texts(names)])
        guard !rows.isEmpty else { return }
        let folders = try rows.map { JSONValue.object(Self.anew(JSONObject(stored: try $0[1].text))).text }
        _ = try await transaction.query(
            """
            UPDATE mailbox_state s SET folders = m.folders, cursor = NULL, first_from = NULL, holder = NULL, taken = 0,
                last_taken_at = NULL, unread = NULL, folder_count = NULL, taken_count = NULL,
                inbound = 'disconnected', inbound_since = $4, inbound_error = NULL,
                outbound = 'disconnected', outbound_since = $4, outbound_error = NULL
            FROM unnest($2::text[], $3::text[]) AS m(name, folders)
            WHERE s.tenant = $1 AND s.name = m.name
            """,
            [
                .int4(tenant), .texts(try rows.map { try $0[0].text }), .texts(folders), .int8(now.milliseconds),
            ])
    }

    /// Nothing of the folders was read. Their UIDs may be those of another account: they count as given a second time.
    static func anew(_ folders: JSONObject) -> JSONObject {
        JSONObject(
            folders.members.map { name, folder in
                (name, ["epoch": .integer((folder["epoch"]?.integerValue ?? 0) + 1)] as JSONValue)
            })
    }
}
