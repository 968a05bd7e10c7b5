# shellcheck shell=bash
# A stack that lives as long as the script that sources this: started afresh, stopped and removed at the end.

running_parts=()

# Begins a command in a process group of its own, so that a signal to the script ends all of it at once; $! waits for it.
begin_part() {
    set -m
    "$@" 9>&- &
    set +m
    running_parts+=("$!")
}

# Waits for the end of a part: process id
end_part() {
    local code=0 part left=()
    wait "$1" || code=$?
    for part in "${running_parts[@]}"; do [[ $part == "$1" ]] || left+=("$part"); done
    running_parts=("${left[@]}")
    return "$code"
}

# Runs a part to its end.
run_part() {
    begin_part "$@"
    end_part "$!"
}

end_private_stack() {
    local code=$?
    trap - EXIT INT TERM
    local part
    for part in "${running_parts[@]}"; do
        kill -TERM -- "-$part" 2>/dev/null || true
        wait "$part" || true
    done
    "$root/deploy/local/stop.sh" || code=1
    if [[ -n ${MILLRACE_KEEP_STACK:-} ]]; then
        say "logs and data stay in $local_dir"
    else
        erase_postgres
        erase_mail
        rm -rf "${local_dir:?}/redis" "${local_dir:?}/kafka" "${local_dir:?}/elasticsearch"
    fi
    exit "$code"
}

begin_private_stack() {
    [[ $local_dir != "$root/.local" ]] || die "a private stack needs a folder of its own"
    # What an interrupted run left behind.
    "$root/deploy/local/stop.sh"
    erase_postgres
    erase_mail
    rm -rf "${local_dir:?}/redis" "${local_dir:?}/kafka" "${local_dir:?}/elasticsearch" "${local_dir:?}/log"
    trap end_private_stack EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM
    "$root/deploy/local/start.sh"
}

# Tells tests and benchmarks where the servers are. The database address is an administrator's:
# tests make databases, schemas and roles of their own.
export_test_servers() {
    load_ports
    MILLRACE_TEST_LOCAL="$local_dir"
    if uses_own_postgres; then
        load_postgres_passwords
        MILLRACE_TEST_DATABASE_URL="$(postgres_url millrace_admin "$ADMIN_PASSWORD" postgres)"
    else
        MILLRACE_TEST_DATABASE_URL="${MILLRACE_TEST_DATABASE_URL:-$MILLRACE_DATABASE_OWNER_URL}"
    fi
    MILLRACE_TEST_REDIS_URL="redis://127.0.0.1:${port[REDIS]}"
    uses_own_redis || MILLRACE_TEST_REDIS_URL=$MILLRACE_REDIS_URL
    MILLRACE_TEST_KAFKA_BOOTSTRAP="127.0.0.1:${port[KAFKA]}"
    uses_own_kafka || MILLRACE_TEST_KAFKA_BOOTSTRAP=$MILLRACE_KAFKA_BOOTSTRAP
    MILLRACE_TEST_NOIDA_DB="$(kafka_binary)"
    load_mail_password
    MILLRACE_TEST_MAIL_HOME="$(mail_home)"
    MILLRACE_TEST_MAIL_PASSWORD=$MAIL_PASSWORD MILLRACE_TEST_MAIL_CA="$MILLRACE_TEST_MAIL_HOME/tls/ca.pem"
    MILLRACE_TEST_IMAP_PORT=${port[IMAP]} MILLRACE_TEST_IMAPS_PORT=${port[IMAPS]} MILLRACE_TEST_LMTP_PORT=${port[LMTP]}
    MILLRACE_TEST_SMTP_PORT=${port[SMTP]} MILLRACE_TEST_SMTPS_PORT=${port[SMTPS]}
    export MILLRACE_TEST_MAIL_HOME MILLRACE_TEST_MAIL_PASSWORD MILLRACE_TEST_MAIL_CA MILLRACE_TEST_LMTP_PORT
    export MILLRACE_TEST_IMAP_PORT MILLRACE_TEST_IMAPS_PORT MILLRACE_TEST_SMTP_PORT MILLRACE_TEST_SMTPS_PORT
    export MILLRACE_TEST_LOCAL MILLRACE_TEST_DATABASE_URL MILLRACE_TEST_REDIS_URL
    export MILLRACE_TEST_KAFKA_BOOTSTRAP MILLRACE_TEST_NOIDA_DB
}
