import Domain
import Foundation
import Storage

/// Which customers items had before: erasure finds by them the events that tell of that time.
enum PastCustomers {
    /// Remembers the customers that these changes take from their items; nil when they take none.
    static func insertion(of changes: [WorkItemChange], tenant: Int32, at now: Instant) -> SQLStatement? {
        let past = changes.compactMap { change -> (item: UUID, customer: String)? in
            guard change.action != .erase, let customer = change.before.customer, customer != change.after.customer
            else { return nil }
            return (change.before.id, customer)
        }
        guard !past.isEmpty else { return nil }
        return SQLStatement(
            """
            INSERT INTO past_customer (tenant, customer, item, at, is_last)
            SELECT DISTINCT $1, md5(p.customer)::uuid, p.item, $4, false FROM unnest($2::text[], $3::uuid[]) AS p(customer, item)
            ON CONFLICT (tenant, customer, item) DO UPDATE SET at = excluded.at, is_last = false
            """,
            [
                .int4(tenant), .texts(past.map(\.customer)), .uuids(past.map(\.item)), .int8(now.milliseconds),
            ])
    }
}

/// An item that was a customer's and is gone.
struct PastItem: Sendable {
    let id: UUID
    /// Whether it was another's, or nobody's, in the end.
    let isFormer: Bool
}
