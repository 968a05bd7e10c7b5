import Storage

extension MartSchema {
    /// Names and teams of agents over all of time, to be joined by an instant.
    static let agentPeriods = Migration(
        version: 102,
        name: "agents over time",
        sql: """
            -- One row for each stretch of time, without holes: what was known first holds from the beginning on, and each until
            -- the next. Of an agent of whom no directory has told there is one row.
            CREATE VIEW dim_agent_period AS
            SELECT a.agent_key,
                CASE WHEN row_number() OVER w = 1 THEN '-infinity'::timestamptz ELSE h.valid_from END AS valid_from,
                coalesce(lead(h.valid_from) OVER w, 'infinity'::timestamptz) AS valid_to,
                CASE WHEN h.agent_key IS NULL THEN a.display_name ELSE h.display_name END AS display_name,
                CASE WHEN h.agent_key IS NULL THEN a.team ELSE h.team END AS team
            FROM dim_agent a LEFT JOIN dim_agent_history h USING (agent_key)
            WINDOW w AS (PARTITION BY a.agent_key ORDER BY h.valid_from);
            """)
}
