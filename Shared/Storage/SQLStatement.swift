/// A statement and its parameters, `$1` first.
///
/// Each connection prepares a text once and keeps it, so texts should be constants and values parameters.
public struct SQLStatement: Sendable, Hashable {
    /// One statement with `$1`, `$2`, … in place of values.
    public let sql: String
    /// The values, `$1` first; at most 65,535.
    public let parameters: [SQLValue]

    /// A statement with its parameters.
    public init(_ sql: String, _ parameters: [SQLValue] = []) {
        self.sql = sql
        self.parameters = parameters
    }

    /// Whether it begins with SELECT, and so may be run again when its answer was lost.
    var isRead: Bool {
        sql.utf8.drop { $0 == 0x20 || $0 == 0x0A || $0 == 0x09 || $0 == 0x0D }
            .prefix(6).lazy.map { $0 | 0x20 }.elementsEqual("select".utf8)
    }
}
