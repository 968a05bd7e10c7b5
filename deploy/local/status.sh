#!/usr/bin/env bash
# Shows what runs, where, and whether it answers. Exit code 0 when all that was started answers.
# shellcheck source=lib/all.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib/all.sh"

load_ports
failed=0

# name, port, command that succeeds when it answers
show() {
    local name=$1 number=$2 state
    shift 2
    if ! is_running "$name"; then
        state="not running"
        if [[ -f $run_dir/$name.pid ]]; then state="died" failed=1; fi
    elif "$@" >/dev/null 2>&1; then
        state="ready"
    else
        state="not ready" failed=1
    fi
    printf '%-14s %-8s %-12s %s\n' "$name" "${number:--}" "$state" "$(is_running "$name" && process_id "$name")"
}

printf '%-14s %-8s %-12s %s\n' name port state process
show postgres "${port[POSTGRES]}" postgres_answers
show redis "${port[REDIS]}" redis_answers
show kafka "${port[KAFKA]}" kafka_answers
show dovecot "${port[IMAP]}" imap_answers
show exim "${port[SMTP]}" smtp_answers
show elasticsearch "${port[ELASTICSEARCH]}" elasticsearch_answers
show core-1 "${port[HTTP]}" core_is_ready 1
show core-2 "${port[HTTP_2]}" core_is_ready 2
show email-1 "${port[METRICS_EMAIL]}" email_is_ready
show datamart-1 "${port[METRICS_DATAMART]}" datamart_is_ready
show search-1 "${port[METRICS_SEARCH]}" search_is_ready
exit "$failed"
