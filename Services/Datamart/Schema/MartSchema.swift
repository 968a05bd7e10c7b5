import Storage

/// The tables of a tenant's mart, in the order in which they came to be. A migration that has been released is never edited.
///
/// They stand in one schema (`mart`) of the tenant's own database; nothing in them names it, so that a mart can be
/// built anew beside the one that serves (`mart_next`) and take its place. What outlives a rebuild, the lease and its
/// fence, stands in ``control``.
public enum MartSchema {
    /// The schema that serves.
    public static let name = "mart"
    /// The schema in which a mart is built anew.
    public static let next = "mart_next"
    /// The schema of what all marts of a database share; it stands last in every `search_path`.
    public static let controlName = "mart_control"

    /// The mart's own steps, oldest first.
    public static let migrations: [Migration] = [
        progress, partitions, dimensions, calendars, facts, aggregates, backlog, views, JobSchema.jobs,
        emailTimes, agentPeriods, backlogOpen, backlogAtFloor, missed, midnights,
        emailCategories, oldEmailCategories, backlogTotals,
    ]

    /// The steps of ``controlName``.
    public static let control: [Migration] = [
        Migration(
            version: 1,
            name: "lease",
            sql: TermFence.schema + """

                -- An operator's wish to have the mart built anew; fulfilled with the switch.
                CREATE TABLE rebuild_request (
                    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
                    asked_at timestamptz NOT NULL DEFAULT now(),
                    asked_by text NOT NULL,
                    done_at timestamptz
                );
                """),
        Migration(
            version: 2,
            name: "owner",
            sql: """
                -- Whose mart the database is; set by the tenant that comes first.
                CREATE TABLE mart_owner (
                    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
                    tenant text NOT NULL,
                    since timestamptz NOT NULL DEFAULT now()
                );
                -- Of a mart from before there were owners: who alone has held it. Where several have, the next to come.
                INSERT INTO mart_owner (tenant)
                SELECT min(substr(name, 6)) FROM lease WHERE starts_with(name, 'mart:') HAVING count(*) = 1;
                """),
    ]

    /// What a role of BI tools may do in its tenant's database: read the mart, nothing else. It has no right to connect
    /// to another tenant's database, which is how it sees its tenant only.
    /// - Parameter role: the role's name.
    public static func grants(to role: String, schema: String = name) -> String {
        let role = quoted(role)
        let schema = quoted(schema)
        return """
            GRANT USAGE ON SCHEMA \(schema) TO \(role);
            GRANT SELECT ON ALL TABLES IN SCHEMA \(schema) TO \(role);
            ALTER DEFAULT PRIVILEGES IN SCHEMA \(schema) GRANT SELECT ON TABLES TO \(role);
            """
    }

    /// A name as an identifier of SQL.
    package static func quoted(_ name: String) -> String { "\"" + name.replacing("\"", with: "\"\"") + "\"" }
}
