import Storage

extension MartSchema {
    private static let taskMeasures = [
        "entered", "adopted", "activated", "offered", "accepted", "pulled", "given", "missed", "declined", "recalled",
        "withdrawn", "held", "parked", "transferred", "reopened", "failed", "completed", "autocompleted", "canceled",
        "rejected", "became_overdue", "finished_overdue", "sla_eligible", "sla_met", "waits", "handled", "holds_ended",
        "wait_ms", "handle_ms", "hold_ms", "finish_ms", "finish_business_ms",
    ]

    private static let aggregateTables: [(name: String, keys: [String], measures: [String])] = [
        ("agg", ["category_key", "queue_key", "agent_key", "source_key"], taskMeasures),
        (
            "agg_segment",
            ["category_key", "segment_key", "product_key", "channel_key", "media_type_key", "business_value_key"],
            taskMeasures
        ),
        ("agg_priority", ["category_key", "queue_key", "priority_band_key"], taskMeasures),
        ("agg_age", ["category_key", "queue_key", "source_key", "age_band_key"], taskMeasures),
        ("agg_agent", ["agent_key"], ["busy_ms", "idle_ms", "away_ms", "item_ms"]),
        (
            "agg_email", ["mailbox_key", "direction"],
            [
                "received", "drafted", "awaiting_approval", "queued", "sending", "sent", "delivered", "bounced",
                "failed", "uncertain", "canceled", "rejected", "sends", "send_ms",
            ]
        ),
    ]

    /// An aggregate by longer stretches. Those shorter than a day begin where the clock on the zone's wall shows a whole
    /// half hour or hour: `starts_at` goes back by what the wall shows beyond it, so the hour that a clock shows twice
    /// is two hours.
    private static func views(of table: (name: String, keys: [String], measures: [String])) -> String {
        let keys = table.keys.map { "a.\($0)" }.joined(separator: ", ")
        let sums = table.measures.map { "sum(a.\($0))::bigint AS \($0)" }.joined(separator: ", ")
        let group = (1...(table.keys.count + 2)).map(String.init).joined(separator: ", ")
        var sql = ""
        for (name, stride) in [("30m", "30 minutes"), ("hour", "1 hour")] {
            sql += """
                CREATE VIEW \(table.name)_\(name) AS
                SELECT z.zone_key, a.starts_at - ((a.starts_at AT TIME ZONE z.name)
                        - date_bin('\(stride)', a.starts_at AT TIME ZONE z.name, timestamp '2000-01-01')) AS starts_at,
                    \(keys), \(sums)
                FROM \(table.name)_15m a CROSS JOIN dim_time_zone z GROUP BY \(group);

                """
        }
        for unit in ["week", "month", "quarter", "year"] {
            sql += """
                CREATE VIEW \(table.name)_\(unit) AS
                SELECT a.zone_key, date_trunc('\(unit)', a.day)::date AS first_day, \(keys), \(sums)
                FROM \(table.name)_day a GROUP BY \(group);

                """
        }
        return sql
    }

    /// Aggregates by 30 minutes, hour, week, month, quarter and year; and open items as they are now.
    static let views = Migration(
        version: 8,
        name: "views",
        sql: aggregateTables.map(views).joined() + """
            -- Items that are not final, with their age and whether they are overdue at the instant of asking.
            CREATE VIEW task_pending AS
            SELECT t.item, t.capture_id, t.status_key, t.source_key, t.category_key, t.queue_key, t.agent_key, t.channel_key,
                t.segment_key, t.product_key, t.customer_key, t.priority_band_key, t.entered_at, t.activation, t.due,
                now() > t.due AS overdue,
                floor(extract(epoch FROM now() - t.activation) * 1000)::bigint AS age_ms
            FROM task_fact t WHERE NOT t.is_final;
            """)
}
