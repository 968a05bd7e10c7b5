import Domain
import Foundation
import Storage

/// How old the mart's tables may grow. Whole partitions go where all in them is too old; what is not final stays, however
/// old it is, with all its steps.
package struct ClearAway: Sendable {
    /// Items or messages of one transaction.
    static let page: Int64 = 2000

    /// Facts of items that ended before `facts`; quarters before `intraday`; days before `history`.
    let facts: Instant
    let intraday: Instant
    let history: CivilDate

    /// What a tenant's retention says at an instant. Quarters go by whole weeks and days by whole years, as their partitions
    /// are cut.
    init(_ retention: DatamartRetention, at now: Instant) {
        let day: Int64 = 86_400_000
        facts = now - Int64(retention.events) * day
        let monday = dayOf((now - Int64(retention.intraday) * day).milliseconds) + 3
        intraday = Instant(milliseconds: (monday / 7 * 7 - 3) * day)
        let oldest = CivilDate(daysSince1970: Int(dayOf((now - Int64(retention.history) * day).milliseconds)))
        history = CivilDate(year: oldest.year, month: 1, day: 1) ?? oldest
    }

    // MARK: Aggregates

    /// Raises the marks below which the aggregates are not whole any more; never lowers them.
    var raisingFloors: SQLStatement {
        SQLStatement(
            """
            UPDATE projection_progress SET intraday_floor = greatest(intraday_floor, $1),
                history_floor = greatest(history_floor, date '1970-01-01' + $2::int)
            """, [.timestamp(milliseconds: intraday.milliseconds), .int4(Int32(clamping: history.daysSince1970))])
    }

    /// The same for a mart that has no event yet: quarters alone, for no day or backlog is there to be carried.
    var raisingFloorsOfEmpty: SQLStatement {
        SQLStatement(
            "UPDATE projection_progress SET intraday_floor = greatest(intraday_floor, $1) WHERE position = 0",
            [.timestamp(milliseconds: intraday.milliseconds)])
    }

    /// Puts what the years before the mark's had changed of the backlog together, so that the backlog stays what it is. Whole
    /// years, as the days of their months go by: a mark may lie within one, where the feed began.
    static let carryingBacklog = [
        SQLStatement(
            """
            INSERT INTO backlog_month AS t (month, zone_key, category_key, queue_key, source_key, status_key, age_band_key,
                overdue, change)
            SELECT '-infinity', m.zone_key, m.category_key, m.queue_key, m.source_key, m.status_key, m.age_band_key, m.overdue,
                sum(m.change)
            FROM backlog_month m, projection_progress p
            WHERE m.month < date_trunc('year', p.history_floor)::date AND isfinite(m.month)
            GROUP BY 2, 3, 4, 5, 6, 7, 8
            ON CONFLICT (month, zone_key, category_key, queue_key, source_key, status_key, age_band_key, overdue)
                DO UPDATE SET change = t.change + excluded.change
            """),
        SQLStatement(
            """
            DELETE FROM backlog_month m USING projection_progress p
            WHERE m.month < date_trunc('year', p.history_floor)::date AND isfinite(m.month)
            """),
    ]

    /// Partitions that lie before the marks altogether, oldest first; partitions of facts only when nothing is in them.
    static let oldPartitions = """
        SELECT c.relname::text, t.kept_as
        FROM partitioned_table t JOIN pg_inherits i ON i.inhparent = to_regclass(quote_ident(t.table_name))
        JOIN pg_class c ON c.oid = i.inhrelid, projection_progress p,
        LATERAL (SELECT substr(c.relname, length(c.relname) - 7)::date + ('1 ' || t.unit)::interval AS ends_at) e
        WHERE e.ends_at <= CASE t.kept_as WHEN 'intraday' THEN p.intraday_floor AT TIME ZONE 'UTC'
            WHEN 'history' THEN p.history_floor::timestamp ELSE p.facts_floor AT TIME ZONE 'UTC' END
        ORDER BY e.ends_at, c.relname
        """

    // MARK: Facts

    /// A page of items that ended before the mark, with all that is known of them.
    var clearingItems: SQLStatement {
        SQLStatement(
            """
            WITH old AS MATERIALIZED (
                -- Of an item that had ended before the mart began its end is not known.
                SELECT item FROM task_fact
                WHERE is_final AND (finished_at < $1 OR (finished_at IS NULL AND effective_at < $1)) LIMIT \(Self.page)
            ), events AS (
                DELETE FROM task_event_fact e USING old WHERE e.item = old.item
            ), works AS (
                DELETE FROM task_work_fact w USING old WHERE w.item = old.item
            )
            DELETE FROM task_fact t USING old WHERE t.item = old.item
            """, [.timestamp(milliseconds: facts.milliseconds)])
    }

    /// A page of messages that are through and whose item is gone, or that had none.
    var clearingMessages: SQLStatement {
        SQLStatement(
            """
            WITH old AS MATERIALIZED (
                SELECT email FROM email_fact f WHERE last_at < $1
                    AND state IN ('received', 'sent', 'delivered', 'bounced', 'failed', 'canceled', 'rejected')
                    AND NOT EXISTS (SELECT FROM task_fact t WHERE t.item = f.item)
                ORDER BY last_at LIMIT \(Self.page)
            ), events AS (
                DELETE FROM email_event_fact e USING old WHERE e.email = old.email
            )
            DELETE FROM email_fact f USING old WHERE f.email = old.email
            """, [.timestamp(milliseconds: facts.milliseconds)])
    }

    /// A page of agents' states; of each agent the one that held at the mark stays.
    var clearingAgents: SQLStatement {
        SQLStatement(
            """
            DELETE FROM agent_event_fact WHERE (position, at) IN (
                SELECT e.position, e.at FROM agent_event_fact e WHERE e.at < $1 AND EXISTS (SELECT FROM agent_event_fact n
                    WHERE n.agent_key = e.agent_key AND n.position > e.position AND n.at < $1)
                ORDER BY e.at LIMIT \(Self.page))
            """, [.timestamp(milliseconds: facts.milliseconds)])
    }

    var raisingFactsFloor: SQLStatement {
        SQLStatement(
            "UPDATE projection_progress SET facts_floor = greatest(facts_floor, $1)",
            [.timestamp(milliseconds: facts.milliseconds)])
    }

    // MARK: Jobs

    /// Runs of jobs that were last heard of so many days ago.
    static let longestRuns: Int64 = 90

    /// What jobs did long ago; a run that goes on is heard of every few seconds.
    static func clearingRuns(at now: Instant) -> SQLStatement {
        SQLStatement(
            "DELETE FROM job_run WHERE told_at < $1",
            [.timestamp(milliseconds: (now - longestRuns * 86_400_000).milliseconds)])
    }

    // MARK: Dimensions

    /// Names that no item has any more: customers and the values of custom attributes.
    ///
    /// Each is an anti-join, which a server with little memory does in parts: `NOT IN` would look through all keys for each
    /// name then.
    package static let forgettingNames: [SQLStatement] =
        [
            SQLStatement(
                """
                DELETE FROM dim_customer d WHERE d.customer_key > 0
                    AND NOT EXISTS (SELECT FROM task_fact t WHERE t.customer_key = d.customer_key AND t.customer_key > 0)
                """)
        ]
        + (1...20).map { slot in
            SQLStatement(
                """
                DELETE FROM dim_custom d WHERE d.slot = \(slot) AND d.custom_key > 0
                    AND NOT EXISTS (
                        SELECT FROM (SELECT DISTINCT custom_\(slot) AS key FROM task_fact WHERE custom_\(slot) > 0) t
                        WHERE t.key = d.custom_key)
                """)
        }

    /// Result codes that no item and no step has any more, each with the last event that was in the mart then and the table
    /// that has it: a result is a text that may name a customer. All steps are read for it, so nothing is kept waiting
    /// meanwhile.
    package static let unusedResults = SQLStatement(
        """
        SELECT d.result_code_key, p.position, d.tableoid::bigint
        FROM dim_result_code d, projection_progress p
        WHERE d.result_code_key > \(DimensionKeys.lastFixedResult) AND NOT EXISTS (
            SELECT FROM (SELECT DISTINCT result_code_key AS key FROM task_fact
                UNION SELECT DISTINCT result_code_key FROM task_event_fact) u
            WHERE u.key = d.result_code_key)
        """)

    /// Takes those away that no event after that one has named again, unless another mart is in that one's place by now.
    static func forgetting(results keys: [Int32], unusedAt position: Int64, in table: Int64) -> SQLStatement {
        SQLStatement(
            """
            DELETE FROM dim_result_code d WHERE d.result_code_key = ANY($1::int[]) AND d.tableoid::bigint = $3
                AND NOT EXISTS (SELECT FROM task_event_fact e WHERE e.position > $2 AND e.result_code_key = d.result_code_key)
            """, [.int4s(keys), .int8(position), .int8(table)])
    }
}
