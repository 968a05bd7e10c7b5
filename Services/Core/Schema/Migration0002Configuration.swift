import Storage

extension CoreSchema {
    /// Versions of a tenant's configuration document and the stable ids of the things it names.
    static let configuration = Migration(
        version: 2,
        name: "configuration",
        sql: """
            CREATE TABLE configuration (
                tenant int NOT NULL,
                version int NOT NULL,
                document text NOT NULL,
                applied_at timestamptz NOT NULL DEFAULT now(),
                applied_by text NOT NULL,
                PRIMARY KEY (tenant, version)
            );
            -- A name keeps its id for ever: items, lanes and events refer to ids, so a rename is a new thing.
            CREATE TABLE configuration_object (
                tenant int NOT NULL,
                kind text NOT NULL,
                id int NOT NULL GENERATED ALWAYS AS IDENTITY,
                name text NOT NULL,
                PRIMARY KEY (tenant, kind, name)
            );
            -- Openings are worked out when a configuration is applied; equal definitions share a version.
            CREATE TABLE calendar_version (
                tenant int NOT NULL,
                id int NOT NULL GENERATED ALWAYS AS IDENTITY,
                name text NOT NULL,
                digest bytea NOT NULL,
                compiled bytea NOT NULL,
                PRIMARY KEY (tenant, id),
                UNIQUE (tenant, name, digest)
            );
            CREATE TABLE schema_version (
                tenant int NOT NULL,
                id int NOT NULL GENERATED ALWAYS AS IDENTITY,
                name text NOT NULL,
                digest bytea NOT NULL,
                definition text NOT NULL,
                PRIMARY KEY (tenant, id),
                UNIQUE (tenant, name, digest)
            );
            CALL millrace_isolate('configuration');
            CALL millrace_isolate('configuration_object');
            CALL millrace_isolate('calendar_version');
            CALL millrace_isolate('schema_version');
            """)
}
