import Storage

extension CoreSchema {
    /// Tenants, their keys and leases: the tables that are read before a tenant is known, so they carry no row-level security.
    static let tenants = Migration(
        version: 1,
        name: "tenants",
        sql: """
            CREATE TABLE tenant (
                id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
                name text NOT NULL UNIQUE,
                -- The configuration in force; 0 before the first.
                configuration_version int NOT NULL DEFAULT 0,
                created_at timestamptz NOT NULL DEFAULT now()
            );
            CREATE TABLE api_key (
                id uuid PRIMARY KEY,
                tenant int NOT NULL REFERENCES tenant(id),
                name text NOT NULL,
                digest bytea NOT NULL UNIQUE,
                roles text[] NOT NULL,
                source text,
                agent text,
                created_at timestamptz NOT NULL DEFAULT now(),
                expires_at timestamptz,
                revoked_at timestamptz
            );
            CREATE INDEX api_key_tenant ON api_key (tenant, name);
            -- Leases: writes made under one are refused when a newer term stands here.
            \(TermFence.schema)
            -- The tenant of the running transaction, set with SET LOCAL by Storage.
            CREATE FUNCTION millrace_tenant() RETURNS int LANGUAGE sql STABLE PARALLEL SAFE AS
                $$ SELECT nullif(current_setting('millrace.tenant', true), '')::int $$;
            -- Every table of a tenant gets the same policy.
            CREATE PROCEDURE millrace_isolate(name text) LANGUAGE plpgsql AS $$
            BEGIN
                EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
                EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', name);
                EXECUTE format('CREATE POLICY tenant ON %I USING (tenant = (SELECT millrace_tenant()))', name);
            END $$;
            """)
}
