import Storage

extension MartSchema {
    /// The backlog's changes without statuses and ages, for courses over many intervals: a month of the changes themselves is
    /// a million rows, of their sums a tenth.
    ///
    /// A trigger keeps the sums, so that they also hold for what an instance of the version before writes.
    static let backlogTotals = Migration(
        version: 109,
        name: "sums of the backlog's changes",
        sql: """
            LOCK TABLE backlog_15m IN SHARE ROW EXCLUSIVE MODE;
            CREATE TABLE backlog_total_15m (
                starts_at timestamptz NOT NULL,
                category_key int NOT NULL, queue_key int NOT NULL, source_key int NOT NULL,
                -- Of open items that have become work.
                backlog int NOT NULL,
                -- Of those among them that are past their due date.
                overdue int NOT NULL,
                -- Of those whose activation is yet to come.
                upcoming int NOT NULL,
                PRIMARY KEY (starts_at, category_key, queue_key, source_key)
            ) PARTITION BY RANGE (starts_at);
            INSERT INTO partitioned_table VALUES ('backlog_total_15m', 'week', 'intraday');
            -- The same weeks.
            SELECT ensure_partitions('intraday', w.first::timestamp AT TIME ZONE 'UTC', w.last::timestamp AT TIME ZONE 'UTC')
            FROM (
                SELECT min(p.week) AS first, max(p.week) AS last
                FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid,
                    LATERAL (SELECT substr(c.relname, length(c.relname) - 7)::date AS week) p
                WHERE i.inhparent = 'backlog_15m'::regclass
            ) w;
            \(addition("backlog_15m"))

            CREATE FUNCTION add_to_backlog_total() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
                IF TG_OP = 'INSERT' THEN
                    \(addition("now_there"))
                ELSE
                    \(addition(
                        """
                        (SELECT \(kind), n.change FROM now_there n UNION ALL SELECT \(kind), -n.change FROM was_there n)
                        """))
                END IF;
                RETURN NULL;
            END $$;
            CREATE TRIGGER new_changes AFTER INSERT ON backlog_15m REFERENCING NEW TABLE AS now_there
                FOR EACH STATEMENT EXECUTE FUNCTION add_to_backlog_total();
            CREATE TRIGGER more_changes AFTER UPDATE ON backlog_15m
                REFERENCING OLD TABLE AS was_there NEW TABLE AS now_there
                FOR EACH STATEMENT EXECUTE FUNCTION add_to_backlog_total();
            """)

    private static let kind = "n.starts_at, n.category_key, n.queue_key, n.source_key, n.status_key, n.overdue"

    /// What the columns hold of changes `c`; status 1 is that of items whose activation is yet to come.
    private static let sums =
        ["c.status_key <> 1", "c.overdue AND c.status_key <> 1", "c.status_key = 1"]
        .map { "coalesce(sum(c.change) FILTER (WHERE \($0)), 0)" }.joined(separator: ", ")

    /// Most changes only move an item from one status to the next.
    private static func addition(_ changes: String) -> String {
        """
        INSERT INTO backlog_total_15m AS t
        SELECT s.* FROM (
            SELECT c.starts_at, c.category_key, c.queue_key, c.source_key, \(sums) FROM \(changes) c GROUP BY 1, 2, 3, 4
        ) s (starts_at, category_key, queue_key, source_key, backlog, overdue, upcoming)
        WHERE s.backlog <> 0 OR s.overdue <> 0 OR s.upcoming <> 0
        ORDER BY 1, 2, 3, 4
        ON CONFLICT (starts_at, category_key, queue_key, source_key) DO UPDATE SET backlog = t.backlog + excluded.backlog,
            overdue = t.overdue + excluded.overdue, upcoming = t.upcoming + excluded.upcoming;
        """
    }
}
