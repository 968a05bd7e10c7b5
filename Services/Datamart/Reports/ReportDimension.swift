/// What rows of a report can be by, and what a report can be restricted to.
package enum ReportDimension: String, CaseIterable, Sendable {
    case interval, category, queue, agent, team, source, segment, product, channel, mediaType, businessValue, priority
    case ageBand, status, mailbox, direction

    /// What stands above its column.
    var title: String {
        switch self {
        case .interval: "from"
        case .mediaType: "media type"
        case .businessValue: "business value"
        case .ageBand: "age"
        default: rawValue
        }
    }

    /// The key column of facts and aggregates.
    var column: String {
        switch self {
        case .interval: "interval"
        case .category: "category_key"
        case .queue: "queue_key"
        case .agent: "agent_key"
        case .team: "team"
        case .source: "source_key"
        case .segment: "segment_key"
        case .product: "product_key"
        case .channel: "channel_key"
        case .mediaType: "media_type_key"
        case .businessValue: "business_value_key"
        case .priority: "priority_band_key"
        case .ageBand: "age_band_key"
        case .status: "status_key"
        case .mailbox: "mailbox_key"
        case .direction: "direction"
        }
    }

    /// Whether its column holds the name itself, and no key.
    var isText: Bool { self == .direction || self == .team }

    /// What agents were called just before the instant `$2`.
    private static let agents = """
        SELECT p.agent_key, 0, a.agent, p.display_name FROM dim_agent_period p JOIN dim_agent a USING (agent_key)
        WHERE ($1::int[] IS NULL OR p.agent_key = ANY($1)) AND p.valid_from < $2 AND $2 <= p.valid_to
        """

    /// Names of keys: rows of key, order among names, name and, of agents, what the directory called them. `$1` are the keys, or
    /// NULL for all.
    var names: String? {
        func table(_ table: String, _ key: String, _ name: String, order: String = "0") -> String {
            "SELECT \(key)::int, \(order)::int, \(name) FROM \(table) WHERE $1::int[] IS NULL OR \(key) = ANY($1)"
        }
        return switch self {
        case .interval, .direction, .team: nil
        case .category: table("dim_category", "category_key", "CASE category_key WHEN 0 THEN '(none)' ELSE path END")
        case .queue: table("dim_queue", "queue_key", "name")
        case .agent: Self.agents
        case .source: table("dim_capture_point", "source_key", "name")
        case .segment: table("dim_segment", "segment_key", "name")
        case .product: table("dim_product", "product_key", "name")
        case .channel: table("dim_channel", "channel_key", "name")
        case .mediaType: table("dim_media_type", "media_type_key", "name")
        case .businessValue:
            table("dim_business_value", "business_value_key", "label", order: "business_value_key")
        case .priority: table("dim_priority_band", "priority_band_key", "label", order: "priority_band_key")
        case .ageBand: table("dim_age_band", "age_band_key", "label", order: "age_band_key")
        case .status: table("dim_status", "status_key", "name", order: "status_key")
        case .mailbox: table("dim_mailbox", "mailbox_key", "name")
        }
    }
}
