# shellcheck shell=bash
# The search server of tenant demo, the same binary as the broker's (it speaks Elasticsearch 8), and one instance of the
# service search. MILLRACE_SEARCH_URL names a server that exists instead; off leaves search to PostgreSQL.

elasticsearch_url() { printf '%s\n' "${MILLRACE_SEARCH_URL:-http://127.0.0.1:${port[ELASTICSEARCH]}}"; }

has_search() { [[ ${MILLRACE_SEARCH_URL:-} != off ]]; }

uses_own_elasticsearch() { [[ -z ${MILLRACE_SEARCH_URL:-} ]]; }

elasticsearch_answers() { curl -fsS -m 2 "http://127.0.0.1:${port[ELASTICSEARCH]}/_cluster/health"; }

search_is_ready() { curl -fsS -m 5 "http://127.0.0.1:${port[METRICS_SEARCH]}/health/ready"; }

start_elasticsearch() {
    local end
    is_running elasticsearch && return
    mkdir -p "$local_dir/elasticsearch"
    say "starting the search server on port ${port[ELASTICSEARCH]}"
    start_process elasticsearch "$local_dir/elasticsearch" "$(kafka_binary)" start --only elasticsearch --host 127.0.0.1 \
        --elasticsearch-port "${port[ELASTICSEARCH]}" --data-dir "$local_dir/elasticsearch"
    end=$((SECONDS + 20))
    until elasticsearch_answers >/dev/null 2>&1; do
        if ! is_running elasticsearch || ((SECONDS >= end)); then show_log elasticsearch; die "the search server does not answer"; fi
        sleep 0.1
    done
}

stop_elasticsearch() { stop_process elasticsearch TERM 20; }

# The section search of tenant demo, and a key with the role search: credentials file
prepare_search() {
    local credentials=$1 file="$local_dir/search.key" configuration url
    url="$(elasticsearch_url)"
    configuration="$(call_core "$credentials" GET /configuration </dev/null)"
    if [[ "$(jq -r '.search.url // ""' <<<"$configuration")" != "$url" ]]; then
        say "giving tenant demo its search server"
        # What somebody has set stays; the address follows the stack's port.
        jq -c --arg url "$url" '.search = ((.search // {}) + {url: $url})' <<<"$configuration" |
            call_core "$credentials" PUT /configuration >/dev/null
    fi
    if [[ -f $file ]] && curl -fsS -m 10 -o /dev/null -H "Authorization: Bearer $(cat "$file")" \
        "http://127.0.0.1:${port[HTTP]}/iwd/v3/search/settings"; then return; fi
    call_core "$credentials" POST /keys <<<'{"name": "search", "roles": ["search"]}' | jq -r .key | write_private "$file"
}

start_search() {
    local name=search-1 stamp
    stamp="$({ core_stamp && cat "$local_dir/search.key"; } | sha256sum)"
    if is_running "$name" && [[ "$(cat "$run_dir/$name.stamp" 2>/dev/null)" != "$stamp" ]]; then
        say "$name runs with an older executable or configuration; starting it again"
        stop_search
    fi
    is_running "$name" && return
    say "starting $name"
    (
        load_environment
        forget_core
        unset STACK_LOCK_HELD
        export MILLRACE_INSTANCE="$name" MILLRACE_METRICS_PORT="${port[METRICS_SEARCH]}"
        export MILLRACE_SEARCH_CORE="http://127.0.0.1:${port[HTTP]},http://127.0.0.1:${port[HTTP_2]}"
        MILLRACE_SEARCH_KEYS="$(cat "$local_dir/search.key")"
        export MILLRACE_SEARCH_KEYS MILLRACE_OUTBOUND_ALLOW="${MILLRACE_OUTBOUND_ALLOW:-127.0.0.0/8}"
        start_process "$name" "$executable" "$executable" search
    )
    printf '%s\n' "$stamp" >"$run_dir/$name.stamp"
}

# Waits until the instance says that it is ready: seconds
await_search() {
    local end=$((SECONDS + $1))
    until search_is_ready >/dev/null 2>&1; do
        if ! is_running search-1; then show_log search-1; die "search-1 stopped while starting"; fi
        if ((SECONDS >= end)); then
            show_log search-1
            die "search-1 is not ready after $1 s: $(search_is_ready 2>&1 || true)"
        fi
        sleep 0.2
    done
}

stop_search() { stop_process search-1 TERM 40; }
