import Domain
import ServiceKit
import Storage

/// What names in filters stand for.
enum FilterKeys {
    /// Asks for the keys of names. A category stands for all below it as well, unless `depth` is 0.
    static func statement(_ dimension: ReportDimension, _ values: [String], depth: Int) -> SQLStatement {
        let value = values.first ?? ""
        func table(_ table: String, _ key: String, _ name: String) -> SQLStatement {
            SQLStatement("SELECT \(key)::int FROM \(table) WHERE \(name) = $1", [.text(value)])
        }
        return switch dimension {
        case .interval: SQLStatement("SELECT 0 WHERE false")
        case .direction: SQLStatement("SELECT 0 WHERE $1 IN ('in', 'out')", [.text(value)])
        case .category:
            SQLStatement(
                """
                SELECT category_key FROM dim_category
                WHERE path = $1 OR ($2 AND starts_with(path, $1 || '/')) OR (category_key = 0 AND $1 = '(none)')
                """, [.text(value), .bool(depth > 0)])
        case .queue: table("dim_queue", "queue_key", "name")
        case .agent: table("dim_agent", "agent_key", "agent")
        case .team: table("dim_agent", "agent_key", "coalesce(team, '(none)')")
        case .source: table("dim_capture_point", "source_key", "name")
        case .segment: table("dim_segment", "segment_key", "name")
        case .product: table("dim_product", "product_key", "name")
        case .channel: table("dim_channel", "channel_key", "name")
        case .mediaType: table("dim_media_type", "media_type_key", "name")
        case .businessValue: table("dim_business_value", "business_value_key", "label")
        case .priority: table("dim_priority_band", "priority_band_key", "label")
        case .ageBand: table("dim_age_band", "age_band_key", "label")
        case .status: table("dim_status", "status_key", "name")
        case .mailbox: table("dim_mailbox", "mailbox_key", "name")
        }
    }

    /// Reads the answer.
    /// - Throws: 400 when there is nothing of that name, with the bands and statuses that there are.
    static func keys(
        _ dimension: ReportDimension, _ values: [String], _ rows: SQLResult
    ) throws -> ReportFilterKeys {
        guard !rows.isEmpty else {
            let value = values.first ?? ""
            let what =
                dimension == .direction ? "must be in or out" : "the mart knows no \(dimension.title) named \(value)"
            throw Problem.badRequest(at: dimension.rawValue, what)
        }
        if dimension == .direction { return ReportFilterKeys(column: dimension.column, value: .texts(values)) }
        return ReportFilterKeys(column: dimension.column, value: .int4s(try rows.map { try $0[0].int32 }))
    }
}

/// Per cent of a category's items that are to be completed by their due date, while it holds.
package struct ServiceLevelTarget: Sendable, Hashable {
    let category: String
    let from: CivilDate
    /// The first day on which it holds no longer.
    let to: CivilDate?
    let percent: Double

    package init(category: String, from: CivilDate, to: CivilDate?, percent: Double) {
        self.category = category
        self.from = from
        self.to = to
        self.percent = percent
    }

    static let statement = SQLStatement(
        "SELECT category, valid_from::text, valid_to::text, percent FROM sla_target ORDER BY category, valid_from")

    static func read(_ rows: SQLResult) throws -> [ServiceLevelTarget] {
        try rows.compactMap { row in
            guard let from = CivilDate(try row[1].text) else { return nil }
            return ServiceLevelTarget(
                category: try row[0].text, from: from, to: try row[2].nullable.flatMap { CivilDate(try $0.text) },
                percent: try row[3].double)
        }
    }

    /// The target of a category on a day: its own, else that of the nearest category above it.
    package static func percent(
        of category: String, on day: CivilDate, among targets: [ServiceLevelTarget]
    ) -> Double? {
        var path = category
        while true {
            if let target = targets.last(where: { target in
                target.category == path && target.from <= day && target.to.map { day < $0 } ?? true
            }) {
                return target.percent
            }
            guard let slash = path.lastIndex(of: "/") else { return nil }
            path = String(path[..<slash])
        }
    }
}
