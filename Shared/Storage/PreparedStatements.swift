/// Which statements a connection has prepared, by text and types of parameters.
struct PreparedStatements {
    /// A prepared statement: its name at the server, and the types it was prepared with (0: the server's choice).
    struct Plan: Equatable {
        var name: String
        var types: [UInt32]

        /// NULL fits every type, so a text with nullable parameters needs few plans.
        func fits(_ parameters: [SQLValue]) -> Bool {
            guard types.count == parameters.count else { return false }
            for index in types.indices {
                let type = parameters[index].type
                if type != 0 && type != types[index] { return false }
            }
            return true
        }
    }

    private var plans: [String: [Plan]] = [:]
    private var made = 0
    /// How many are prepared.
    private(set) var count = 0

    func plan(for statement: SQLStatement) -> Plan? {
        plans[statement.sql]?.first { $0.fits(statement.parameters) }
    }

    /// A plan to prepare; it is not there before `add`.
    mutating func newPlan(for statement: SQLStatement) -> Plan {
        made += 1
        return Plan(name: "s\(made)", types: statement.parameters.map(\.type))
    }

    /// Records that the server has prepared it.
    mutating func add(_ plan: Plan, for sql: String) {
        plans[sql, default: []].append(plan)
        count += 1
    }

    /// Forgets them all; names are not used again.
    mutating func removeAll() {
        plans.removeAll()
        count = 0
    }
}
