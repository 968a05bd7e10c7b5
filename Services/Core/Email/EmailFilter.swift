import Domain
import Foundation
import Storage

/// Which messages a list shows, newest first.
struct EmailFilter: Sendable {
    var workItem: UUID?
    var mailbox: String?
    /// Empty for all.
    var states: [EmailState] = []
    /// Those that are older than this one.
    var before: UUID?
}

extension EmailQueries {
    /// A page of messages. By state and by mailbox the newest of each state are looked up and put together: however rare a
    /// state is, no message is passed over to find it.
    func list(_ filter: EmailFilter, limit: Int) async throws -> [Email] {
        var parameters: [SQLValue] = [.int4(tenant)]
        func number(_ value: SQLValue) -> String {
            parameters.append(value)
            return "$\(parameters.count)"
        }
        var conditions = ["tenant = $1"]
        if let item = filter.workItem { conditions.append("work_item = \(number(.uuid(item)))") }
        if let mailbox = filter.mailbox { conditions.append("mailbox = \(number(.text(mailbox)))") }
        if let before = filter.before { conditions.append("id < \(number(.uuid(before)))") }
        let order = "ORDER BY id DESC LIMIT \(limit)"
        let wanted = (filter.states.isEmpty ? EmailState.allCases : Array(Set(filter.states))).map(\.rawValue)
        let sql: String
        if filter.workItem == nil, filter.mailbox != nil || !filter.states.isEmpty {
            sql = """
                SELECT e.* FROM unnest(\(number(.texts(wanted)))::text[]) AS wanted(state) CROSS JOIN LATERAL (
                    SELECT \(Email.columns) FROM email m
                    WHERE \(conditions.joined(separator: " AND ")) AND m.state = wanted.state \(order)
                ) AS e \(order)
                """
        } else {
            // An item has few messages.
            if !filter.states.isEmpty { conditions.append("state = ANY(\(number(.texts(wanted)))::text[])") }
            sql = "SELECT \(Email.columns) FROM email WHERE \(conditions.joined(separator: " AND ")) \(order)"
        }
        return try await pool.query(sql, parameters, tenant: tenant).map { try Email(row: $0) }
    }
}
