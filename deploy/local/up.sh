#!/usr/bin/env bash
# Brings everything up: packages, servers, build, schema, tenant demo with its keys, two instances of core, one of email,
# one of datamart with the tenant's mart, one of search with a search server.
# Run again, it repairs what is missing and keeps what is there.
# shellcheck source=lib/all.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib/all.sh"

credentials="$local_dir/credentials.json"

prepare_tenant() (
    load_environment
    cd "$root"
    "$executable" bootstrap --tenant demo --configuration deploy/local/demo-tenant.yaml \
        --source vinst --credentials "$credentials" 9>&-
    chmod 0600 "$credentials"
)

migrate() (
    load_environment
    cd "$root"
    "$executable" migrate 9>&-
)

lock_stack
"$root/deploy/local/install.sh"
"$root/deploy/local/start.sh"
load_ports
if has_search && uses_own_elasticsearch; then start_elasticsearch; fi
build_executable
say "bringing the schema up to date"
migrate
say "preparing tenant demo"
prepare_tenant
start_core 1
start_core 2
await_core 1 60
await_core 2 60
prepare_mail_key "$credentials"
start_email
await_email 60
if has_mart; then
    prepare_mart "$credentials"
    start_datamart
    await_datamart 60
    tell_reports "$credentials"
fi
if has_search; then
    prepare_search "$credentials"
    start_search
    await_search 60
fi
say "ready: http://127.0.0.1:${port[HTTP]}/iwd/v3 and http://127.0.0.1:${port[HTTP_2]}/iwd/v3"
if has_mart; then
    say "reports: http://127.0.0.1:${port[HTTP_DATAMART]}/iwd/v3/reports, or in the terminal:"
    say "  ${executable#"$root"/} report intraday-process --from today --by category"
fi
say "keys of tenant demo: ${credentials#"$root"/}; stop with: make down"
