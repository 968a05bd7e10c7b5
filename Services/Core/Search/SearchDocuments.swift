import Domain
import Foundation
import Storage

/// What search knows of items, as it is at this moment.
struct SearchDocuments: Sendable {
    let pool: PostgresPool
    let tenant: Int32
    /// Messages of an item that are searched: the newest.
    private static let messages = 50
    /// Characters of messages' texts of an item that are read, the newest message's first: more words than count.
    private static let textLength = 150_000

    /// By item; items that are not there any more are left out.
    func load(_ items: [UUID]) async throws -> [UUID: SearchDocument] {
        guard !items.isEmpty else { return [:] }
        let results = try await pool.batch(
            tenant: tenant,
            [
                SQLStatement(
                    "SELECT id, capture_id, attributes FROM work_item WHERE tenant = $1 AND id = ANY($2::uuid[])",
                    [.int4(tenant), .uuids(items)]), messages(of: items),
            ])
        let messages = try Self.messages(in: results[1])
        var documents: [UUID: SearchDocument] = [:]
        for row in results[0] {
            let id = try row[0].uuid
            documents[id] = SearchDocument(
                captureId: try row[1].text, attributes: JSONObject(stored: try row[2].text),
                messages: messages[id] ?? [])
        }
        return documents
    }

    /// Of items that have been read already.
    func load(with items: some Sequence<WorkItem>) async throws -> [UUID: SearchDocument] {
        let items = Array(items)
        guard !items.isEmpty else { return [:] }
        let rows = try await pool.batch(tenant: tenant, [messages(of: items.map(\.id))])
        let messages = try Self.messages(in: rows[0])
        return Dictionary(
            uniqueKeysWithValues: items.map { item in
                (
                    item.id,
                    SearchDocument(
                        captureId: item.captureId, attributes: JSONObject(stored: item.attributes),
                        messages: messages[item.id] ?? [])
                )
            })
    }

    private func messages(of items: [UUID]) -> SQLStatement {
        SQLStatement(
            """
            SELECT t.work_item, t.id, c ->> 'subject',
                CASE WHEN before < \(Self.textLength) THEN left(c ->> 'text', \(Self.textLength)) ELSE '' END,
                (c -> 'from')::text, (c -> 'to')::text, (c -> 'cc')::text, (c -> 'bcc')::text
            FROM (
                SELECT m.*, sum(length(c ->> 'text')) OVER (PARTITION BY work_item ORDER BY m.id DESC)
                    - length(c ->> 'text') AS before
                FROM unnest($2::uuid[]) AS i(id) CROSS JOIN LATERAL (
                    SELECT e.work_item, e.id, e.content::jsonb || '{"html": null}' AS c FROM email e
                    WHERE e.tenant = $1 AND e.work_item = i.id ORDER BY e.id DESC LIMIT \(Self.messages)
                ) m
            ) t ORDER BY t.work_item, t.id DESC
            """, [.int4(tenant), .uuids(items)])
    }

    private static func messages(in rows: SQLResult) throws -> [UUID: [SearchDocument.Message]] {
        var messages: [UUID: [SearchDocument.Message]] = [:]
        for row in rows {
            func addresses(_ column: Int) throws -> [String] {
                guard let text = try row[column].nullable?.text, let value = try? JSONValue(parsing: Array(text.utf8))
                else { return [] }
                return (value.arrayValue ?? [value]).compactMap { EmailAddress($0) }.map { address in
                    [address.name, address.address].compactMap { $0 }.joined(separator: " ")
                }
            }
            messages[try row[0].uuid, default: []].append(
                SearchDocument.Message(
                    id: try row[1].uuid.dashedText, subject: try row[2].nullable?.text ?? "",
                    text: try row[3].nullable?.text ?? "", from: try addresses(4),
                    to: try addresses(5) + addresses(6) + addresses(7)))
        }
        return messages
    }
}
