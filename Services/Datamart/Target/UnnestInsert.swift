import Storage

/// Many rows in one statement, from one array for each column: `INSERT … SELECT … FROM unnest($1, $2, …)`.
struct UnnestInsert {
    private let table: String
    private var columns: [String] = []
    private var selects: [String] = []
    private var values: [SQLValue] = []

    /// - Parameter table: a constant.
    init(into table: String) { self.table = table }

    /// A column and its array; `$` in `expression` is the element.
    mutating func add(_ column: String, _ value: SQLValue, as expression: String = "$") {
        columns.append(column)
        values.append(value)
        selects.append(expression.replacing("$", with: "u.c\(values.count)"))
    }

    /// The statement. With `key`, rows that are there already are changed: `update` says how, by column, and is all but the
    /// key unless given.
    func statement(key: [String] = [], update: ((String) -> String)? = nil) -> SQLStatement {
        let parameters = values.indices.map { "$\($0 + 1)" }.joined(separator: ", ")
        let names = values.indices.map { "c\($0 + 1)" }.joined(separator: ", ")
        var sql = """
            INSERT INTO \(table) AS t (\(columns.joined(separator: ", ")))
            SELECT \(selects.joined(separator: ", ")) FROM unnest(\(parameters)) AS u(\(names))
            """
        if !key.isEmpty {
            let rest = columns.filter { !key.contains($0) }
            let changes = rest.map { "\($0) = \(update?($0) ?? "excluded.\($0)")" }.joined(separator: ", ")
            sql += " ON CONFLICT (\(key.joined(separator: ", "))) DO UPDATE SET \(changes)"
        }
        return SQLStatement(sql, values)
    }
}

/// Instants are milliseconds since 1970 here.
func instants(_ values: [Int64?]) -> SQLValue { .timestampsOptional(milliseconds: values) }
