/// A pair of tables, per 15 minutes and per day, with the same key and the same measures.
package enum Aggregate: Int, CaseIterable, Sendable {
    /// By category, queue, agent and capture point.
    case process
    /// By category, segment, product, channel, media type and business value.
    case segment
    /// By category, queue and priority band.
    case priority
    /// By category, queue, capture point and age band.
    case age
    /// What agents' time went to.
    case agent
    /// Messages by mailbox and direction.
    case email

    /// What its tables' names begin with: `agg_segment` of `agg_segment_15m` and `agg_segment_day`.
    package var table: String { self == .process ? "agg" : "agg_\(self)" }

    /// The columns of its key after the interval, as `AggregateKey.parts` has them.
    package var keyColumns: [String] {
        switch self {
        case .process: ["category_key", "queue_key", "agent_key", "source_key"]
        case .segment:
            ["category_key", "segment_key", "product_key", "channel_key", "media_type_key", "business_value_key"]
        case .priority: ["category_key", "queue_key", "priority_band_key"]
        case .age: ["category_key", "queue_key", "source_key", "age_band_key"]
        case .agent: ["agent_key"]
        case .email: ["mailbox_key", "direction"]
        }
    }

    /// The columns of its measures, by the number that they have in `Measures`.
    package var measureColumns: [String] {
        switch self {
        case .agent: AgentMeasure.allCases.map(\.column)
        case .email: EmailMeasure.allCases.map(\.column)
        default: Measure.allCases.map(\.column)
        }
    }
}

/// A row of an aggregate: an interval and what it is of.
package struct AggregateKey: Hashable, Sendable {
    /// Milliseconds since 1970 at which the quarter of an hour begins, or the day's number since 1970.
    package var start: Int64
    /// 0 for a quarter of an hour, else the zone whose day it is.
    package var zone: Int32
    /// The key's columns in order, 0 where there are none. Of messages the second is 0 for `in`, 1 for `out`.
    package var parts: SIMD8<Int32>

    package init(start: Int64 = 0, zone: Int32 = 0, _ parts: SIMD8<Int32>) {
        self.start = start
        self.zone = zone
        self.parts = parts
    }
}

/// A kind of open item, of which the backlog keeps the number.
package struct BacklogKind: Hashable, Sendable {
    package var category: Int32
    package var queue: Int32
    package var source: Int32
    package var status: Int32
    package var ageBand: Int32
    package var overdue: Bool

    package init(category: Int32, queue: Int32, source: Int32, status: Int32, ageBand: Int32, overdue: Bool) {
        self.category = category
        self.queue = queue
        self.source = source
        self.status = status
        self.ageBand = ageBand
        self.overdue = overdue
    }

    /// As the parts of a key.
    package var parts: SIMD8<Int32> { [category, queue, source, status, ageBand, overdue ? 1 : 0, 0, 0] }
}
