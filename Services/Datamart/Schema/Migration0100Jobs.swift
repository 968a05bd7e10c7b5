import Storage

/// What the service did, for `GET /iwd/v3/datamart/jobs`.
public enum JobSchema {
    /// One row for each run. It stands beside the mart's tables; a rebuild carries it over with ``carryOver``.
    public static let jobs = Migration(
        version: 100,
        name: "jobs",
        sql: """
            CREATE TABLE job_run (
                -- By time: version 7.
                id uuid PRIMARY KEY,
                -- projection, rebuild, directory, partitions, retention, check, …
                job text NOT NULL,
                -- The instance that ran it, and its lease's term when it held one.
                instance text NOT NULL,
                term bigint,
                started_at timestamptz NOT NULL,
                -- Of a run that goes on: when it was last heard of is told_at.
                ended_at timestamptz,
                told_at timestamptz NOT NULL,
                -- running, succeeded, failed; interrupted: its instance went and did not say how it ended.
                outcome text NOT NULL CHECK (outcome IN ('running', 'succeeded', 'failed', 'interrupted')),
                rows_read bigint NOT NULL DEFAULT 0,
                rows_written bigint NOT NULL DEFAULT 0,
                -- Rows that were new in dimensions.
                dimension_rows bigint NOT NULL DEFAULT 0,
                -- Events that waited when it was last told of; NULL where none can wait.
                pending_events bigint,
                -- What went wrong, in words for an operator; without secrets.
                error text,
                -- What else is worth knowing, such as differences that a check found.
                detail jsonb NOT NULL DEFAULT '{}'
            );
            CREATE INDEX job_run_job ON job_run (job, id DESC);
            CREATE INDEX job_run_running ON job_run (job, instance) WHERE outcome = 'running';
            """)

    /// Copies the runs into the schema of a rebuilt mart, in the transaction that puts it in the old one's place.
    /// - Parameters:
    ///   - old: the schema that served, such as `mart`.
    ///   - new: the schema that will, such as `mart_next`.
    public static func carryOver(from old: String, to new: String) -> String {
        "INSERT INTO \(new).job_run SELECT * FROM \(old).job_run ON CONFLICT (id) DO NOTHING"
    }
}
