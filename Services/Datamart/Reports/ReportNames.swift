import Domain
import ServiceKit
import Storage

/// Names of keys of dimensions, as one caller may see them.
struct ReportNames: Sendable {
    private var names: [ReportDimension: [Int64: ReportLabel]] = [:]
    /// What the directory calls agents, by the labels of their rows; empty unless they may be shown.
    private(set) var displayNames: [String: String] = [:]
    private let showsAgents: Bool
    /// Paths of categories are cut off after so many names.
    private let categoryDepth: Int

    /// - Parameters:
    ///   - showsAgents: whether agents' names may be shown; else they are numbered.
    ///   - categoryDepth: names of a category's path that are kept.
    init(showsAgents: Bool, categoryDepth: Int) {
        self.showsAgents = showsAgents
        self.categoryDepth = categoryDepth
    }

    /// The statement that asks for the names of keys, of agents those that they had at the period's end.
    static func statement(_ dimension: ReportDimension, _ keys: Set<Int64>?, at end: Instant) -> SQLStatement? {
        guard let sql = dimension.names else { return nil }
        let ids = keys.map { SQLValue.int4s($0.map { Int32(clamping: $0) }.sorted()) } ?? .null
        guard dimension == .agent else { return SQLStatement(sql, [ids]) }
        return SQLStatement(sql, [ids, .timestamp(milliseconds: end.milliseconds)])
    }

    /// Takes the answer of ``statement(_:_:at:)`` in.
    mutating func take(_ dimension: ReportDimension, _ rows: SQLResult) throws {
        var labels: [Int64: ReportLabel] = [:]
        for row in rows {
            let key = try row[0].int64
            let name = try row[2].text
            labels[key] = .name(order: Int(try row[1].int64), shown(dimension, key, name))
            if dimension == .agent, showsAgents, let told = try row[3].nullable?.text { displayNames[name] = told }
        }
        names[dimension] = labels
    }

    private func shown(_ dimension: ReportDimension, _ key: Int64, _ name: String) -> String {
        switch dimension {
        case .agent where !showsAgents && key != 0: "agent \(key)"
        case .category: name.split(separator: "/").prefix(max(1, categoryDepth)).joined(separator: "/")
        default: name
        }
    }

    /// The label of a key.
    func label(_ dimension: ReportDimension, _ key: Int64) -> ReportLabel {
        names[dimension]?[key] ?? .name(order: 0, "\(dimension.rawValue) \(key)")
    }
}
