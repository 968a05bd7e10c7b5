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
        case .team:
            SQLStatement(
                "SELECT 0 WHERE $1 = '(none)' OR EXISTS (SELECT FROM dim_agent_period WHERE team = $1)", [.text(value)])
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
        if dimension.isText { return ReportFilterKeys(column: dimension.column, value: .texts(values)) }
        return ReportFilterKeys(column: dimension.column, value: .int4s(try rows.map { try $0[0].int32 }))
    }
}
