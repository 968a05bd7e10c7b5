# shellcheck shell=bash
# PostgreSQL 15 with a data folder and a port of its own; the system's clusters are never touched.
# Roles: millrace_admin (administers this server), millrace_owner (owns the schema), millrace_service (owns nothing),
# millrace_mart (owns the data marts), millrace_bi (reads them).

postgres_bin="${MILLRACE_POSTGRES_BIN:-/usr/lib/postgresql/15/bin}"

# PostgreSQL refuses to run as root, so that root's stack runs it as Debian's user postgres.
as_postgres() {
    if ((EUID == 0)); then
        setpriv --reuid=postgres --regid=postgres --clear-groups -- env HOME=/ "$@"
    else
        "$@"
    fi
}

# The data folder: in the stack's folder, or under /var/lib when the user postgres may not pass through to there (under
# /var/tmp, which is cleared of what is old, where an earlier version made it).
postgres_home() {
    if ((EUID != 0)) || as_postgres test -x "$local_dir"; then
        printf '%s\n' "$local_dir/postgres"
    else
        local name
        name="millrace-$(printf '%s' "$local_dir" | sha256sum | cut -c1-12)"
        if [[ -d /var/tmp/$name ]]; then printf '/var/tmp/%s\n' "$name"; else printf '/var/lib/%s\n' "$name"; fi
    fi
}

load_postgres_passwords() {
    local file="$local_dir/postgres.env" name
    # A file of an older version lacks those that have been added since.
    for name in ADMIN OWNER SERVICE MART BI; do
        if grep -qs "^${name}_PASSWORD=" "$file"; then continue; fi
        {
            [[ ! -f $file ]] || cat "$file"
            printf '%s_PASSWORD=%s\n' "$name" "$(od -An -tx1 -N24 /dev/urandom | tr -d ' \n')"
        } | write_private "$file"
    done
    # shellcheck source=/dev/null
    source "$file"
}

postgres_url() { printf 'postgres://%s:%s@127.0.0.1:%s/%s\n' "$1" "$2" "${port[POSTGRES]}" "$3"; }

create_postgres_cluster() {
    local home=$1
    if [[ $home != "$local_dir/postgres" ]]; then
        say "user postgres cannot reach $local_dir; PostgreSQL's data folder is $home"
        if [[ -e $home && "$(stat -c %U "$home")" != postgres ]]; then die "$home belongs to somebody else; remove it"; fi
    fi
    mkdir -p "$home"
    chmod 0700 "$home"
    ((EUID != 0)) || chown postgres:postgres "$home"
    rm -rf "$home/data.new" "$home/password"
    write_private "$home/password" <<<"$ADMIN_PASSWORD"
    ((EUID != 0)) || chown postgres:postgres "$home/password"
    as_postgres "$postgres_bin/initdb" --pgdata="$home/data.new" --username=millrace_admin \
        --pwfile="$home/password" --auth=scram-sha-256 --encoding=UTF8 --locale=C.UTF-8 --data-checksums \
        >"$log_dir/initdb.log" 2>&1 || { tail -n 20 "$log_dir/initdb.log" >&2; die "initdb failed"; }
    rm -f "$home/password"
    mv "$home/data.new" "$home/data"
}

# After a hard kill the lock file may name a process id that something else has by now.
remove_stale_postgres_lock() {
    local file="$1/data/postmaster.pid" holder
    [[ -f $file ]] || return 0
    read -r holder <"$file" || true
    if ! command_line_has "${holder:-none}" "$1/data"; then rm -f "$file"; fi
}

launch_postgres() {
    local home=$1
    remove_stale_postgres_lock "$home"
    local launcher=()
    if ((EUID == 0)); then
        launcher=(setpriv --reuid=postgres --regid=postgres --clear-groups -- env HOME=/)
    fi
    start_process postgres "$home/data" "${launcher[@]}" "$postgres_bin/postgres" -D "$home/data" \
        -c port="${port[POSTGRES]}" -c listen_addresses=127.0.0.1 -c unix_socket_directories= \
        -c max_connections=200 -c shared_buffers=256MB -c synchronous_commit=on -c fsync=on \
        -c max_wal_size=2GB -c shared_preload_libraries=pg_stat_statements -c logging_collector=off \
        -c log_line_prefix='%m [%p] %u@%d '
}

postgres_answers() { "$postgres_bin/pg_isready" -q -h 127.0.0.1 -p "${port[POSTGRES]}" -d postgres; }

start_postgres() {
    load_postgres_passwords
    local home end
    home="$(postgres_home)"
    if ! is_running postgres; then
        if [[ ! -d $home/data ]]; then create_postgres_cluster "$home"; fi
        say "starting PostgreSQL on port ${port[POSTGRES]}"
        launch_postgres "$home"
    fi
    # Processes of a server that was killed may hold its memory for a moment; then it is started again.
    end=$((SECONDS + 60))
    until postgres_answers; do
        if ((SECONDS >= end)); then show_log postgres; die "PostgreSQL does not answer"; fi
        sleep 0.2
        if ! is_running postgres; then sleep 1; launch_postgres "$home"; fi
    done
    prepare_postgres
}

admin_sql() {
    PGPASSWORD="$ADMIN_PASSWORD" psql -X -q -At -v ON_ERROR_STOP=1 -h 127.0.0.1 -p "${port[POSTGRES]}" \
        -U millrace_admin -d postgres
}

prepare_postgres() {
    admin_sql >/dev/null <<EOF
SELECT 'CREATE ROLE millrace_owner LOGIN' WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'millrace_owner') \gexec
SELECT 'CREATE ROLE millrace_service LOGIN' WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'millrace_service') \gexec
SELECT 'CREATE ROLE millrace_mart LOGIN' WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'millrace_mart') \gexec
SELECT 'CREATE ROLE millrace_bi' WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'millrace_bi') \gexec
ALTER ROLE millrace_owner NOSUPERUSER NOBYPASSRLS CREATEDB PASSWORD '$OWNER_PASSWORD';
ALTER ROLE millrace_service NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE PASSWORD '$SERVICE_PASSWORD';
ALTER ROLE millrace_mart NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE PASSWORD '$MART_PASSWORD';
ALTER ROLE millrace_bi NOLOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE PASSWORD NULL;
SELECT 'CREATE DATABASE millrace OWNER millrace_owner' WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = 'millrace') \gexec
-- Readers of data marts may connect to their own tenant's mart alone. Who owns a database may.
REVOKE CONNECT, TEMPORARY ON DATABASE millrace, postgres, template1 FROM PUBLIC;
GRANT CONNECT ON DATABASE millrace TO millrace_service;
EOF
}

stop_postgres() { stop_process postgres INT 60; }

# Removes the server's data; for stacks that start afresh each time.
erase_postgres() {
    is_running postgres && die "PostgreSQL runs; stop it before its data is removed"
    rm -rf "$(postgres_home)" "$local_dir/postgres.env"
}
