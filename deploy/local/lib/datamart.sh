# shellcheck shell=bash
# The data mart of tenant demo: one instance of the service datamart, and a database of its own on the stack's PostgreSQL,
# owned by the role millrace_mart and read by bi_demo, a member of millrace_bi. With another server than the stack's own there
# is no mart, unless MILLRACE_MART_URL names a database for it (postgresql://role:password@host:port/database).

datamart_metrics_port() { printf '%s\n' "${port[METRICS_DATAMART]}"; }

datamart_is_ready() { curl -fsS -m 5 "http://127.0.0.1:$(datamart_metrics_port)/health/ready"; }

has_mart() { uses_own_postgres || [[ -n ${MILLRACE_MART_URL:-} ]]; }

# A tenant's database, and who reads it and no other: tenant
prepare_mart_database() {
    local database="mart_$1" reader="bi_$1"
    admin_sql >/dev/null <<EOF
SELECT 'CREATE ROLE "$reader" LOGIN IN ROLE millrace_bi' WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '$reader') \gexec
ALTER ROLE "$reader" NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE PASSWORD '$BI_PASSWORD';
SELECT 'CREATE DATABASE "$database" OWNER millrace_mart' WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = '$database') \gexec
REVOKE CONNECT, TEMPORARY ON DATABASE "$database" FROM PUBLIC;
REVOKE CONNECT ON DATABASE "$database" FROM millrace_bi;
GRANT CONNECT ON DATABASE "$database" TO "$reader";
EOF
}

# The mart's address without its password, and the password.
mart_url() {
    if [[ -n ${MILLRACE_MART_URL:-} ]]; then
        sed -E 's#^(postgres(ql)?://[^:@/]+):[^@]*@#\1@#' <<<"$MILLRACE_MART_URL"
    else
        printf 'postgresql://millrace_mart@127.0.0.1:%s/mart_demo\n' "${port[POSTGRES]}"
    fi
}

mart_password() {
    if [[ -n ${MILLRACE_MART_URL:-} ]]; then
        sed -nE 's#^postgres(ql)?://[^:@/]+:([^@]*)@.*#\2#p' <<<"$MILLRACE_MART_URL"
    else
        printf '%s\n' "$MART_PASSWORD"
    fi
}

# A call to core with the administrator's key: credentials file, method, path; the body on standard input
call_core() {
    curl -fsS -m 30 -X "$2" -H "Authorization: Bearer $(jq -r .adminKey "$1")" -H "Content-Type: application/json" \
        --data-binary @- "http://127.0.0.1:${port[HTTP]}/iwd/v3$3"
}

# The section datamart of tenant demo, its secret, and a key with the role mart: credentials file
prepare_mart() {
    local credentials=$1 file="$local_dir/mart.key" configuration url
    if [[ -z ${MILLRACE_MART_URL:-} ]]; then
        load_postgres_passwords
        prepare_mart_database demo
    fi
    url="$(mart_url)"
    mart_password | jq -Rc '{password: .}' | call_core "$credentials" PUT /secrets/mart-db >/dev/null
    configuration="$(call_core "$credentials" GET /configuration </dev/null)"
    if [[ "$(jq -r '.datamart.url // ""' <<<"$configuration")" != "$url" ]]; then
        say "giving tenant demo its data mart"
        # What somebody has set stays; the address follows the stack's port.
        jq -c --arg url "$url" '.datamart = ({secret: "mart-db", timeZone: "Europe/Stockholm", timeZones: ["UTC"],
            attributes: {customer: "organisation", product: "product"}, custom: ["country", "impact", "team"],
            slaTargets: [.categories[] | select(.name == "Incidents") | {category: .name, percent: 80, from: "2026-01-01"}]}
            + (.datamart // {}) + {url: $url})' \
            <<<"$configuration" | call_core "$credentials" PUT /configuration >/dev/null
    fi
    if [[ -f $file ]] && curl -fsS -m 10 -o /dev/null -H "Authorization: Bearer $(cat "$file")" \
        "http://127.0.0.1:${port[HTTP]}/iwd/v3/datamart/settings"; then return; fi
    call_core "$credentials" POST /keys <<<'{"name": "datamart", "roles": ["mart"]}' | jq -r .key | write_private "$file"
}

start_datamart() {
    local name=datamart-1 stamp
    stamp="$({ core_stamp && cat "$local_dir/mart.key"; } | sha256sum)"
    if is_running "$name" && [[ "$(cat "$run_dir/$name.stamp" 2>/dev/null)" != "$stamp" ]]; then
        say "$name runs with an older executable or configuration; starting it again"
        stop_datamart
    fi
    is_running "$name" && return
    say "starting $name on port ${port[HTTP_DATAMART]}"
    (
        load_environment
        forget_core
        unset STACK_LOCK_HELD
        export MILLRACE_INSTANCE="$name" MILLRACE_METRICS_PORT="${port[METRICS_DATAMART]}"
        export MILLRACE_DATAMART_HTTP_PORT="${port[HTTP_DATAMART]}"
        export MILLRACE_DATAMART_CORE="http://127.0.0.1:${port[HTTP]},http://127.0.0.1:${port[HTTP_2]}"
        MILLRACE_DATAMART_KEYS="$(cat "$local_dir/mart.key")"
        export MILLRACE_DATAMART_KEYS MILLRACE_OUTBOUND_ALLOW="${MILLRACE_OUTBOUND_ALLOW:-127.0.0.0/8}"
        start_process "$name" "$executable" "$executable" datamart
    )
    printf '%s\n' "$stamp" >"$run_dir/$name.stamp"
}

# Waits until the instance says that it is ready: seconds
await_datamart() {
    local end=$((SECONDS + $1))
    until datamart_is_ready >/dev/null 2>&1; do
        if ! is_running datamart-1; then show_log datamart-1; die "datamart-1 stopped while starting"; fi
        if ((SECONDS >= end)); then
            show_log datamart-1
            die "datamart-1 is not ready after $1 s: $(datamart_is_ready 2>&1 || true)"
        fi
        sleep 0.2
    done
}

stop_datamart() { stop_process datamart-1 TERM 40; }

# Where the operator's commands find the reports, which no gateway puts beside core here: credentials file
tell_reports() {
    local told
    told="$(jq --arg url "http://127.0.0.1:${port[HTTP_DATAMART]}/iwd/v3" '.reportsUrl = $url' "$1")"
    write_private "$1" <<<"$told"
}
