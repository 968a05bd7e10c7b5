# shellcheck shell=bash
# Which servers the services use, and the file that tells them: $local_dir/env.
# MILLRACE_DATABASE_URL, MILLRACE_REDIS_URL and MILLRACE_KAFKA_BOOTSTRAP name servers that exist;
# what one of them names is not started here.

# Keys of the services that a caller may set and that have no local default.
passed_on=(DATABASE_POOL REDIS_PREFIX KAFKA_PREFIX KAFKA_PARTITIONS LOG_LEVEL LEASE_TTL SHUTDOWN_TIMEOUT)

# True when a variable names a server that is not this stack's own (a caller may have read our own file).
names_other_server() {
    local value="${!1:-}"
    [[ -n $value ]] && ! grep -qxF -- "own $value" "$local_dir/own" 2>/dev/null
}

uses_own_postgres() { ! names_other_server MILLRACE_DATABASE_URL; }
uses_own_redis() { ! names_other_server MILLRACE_REDIS_URL; }
uses_own_kafka() { ! names_other_server MILLRACE_KAFKA_BOOTSTRAP; }

print_variable() { printf 'export %s=%q\n' "$1" "$2"; }

write_environment() {
    local database redis kafka owner key
    if uses_own_postgres; then
        database="$(postgres_url millrace_service "$SERVICE_PASSWORD" millrace)"
        owner="$(postgres_url millrace_owner "$OWNER_PASSWORD" millrace)"
    else
        database=$MILLRACE_DATABASE_URL
        owner="${MILLRACE_DATABASE_OWNER_URL:-}"
        [[ -n $owner ]] || die "MILLRACE_DATABASE_URL is set, so MILLRACE_DATABASE_OWNER_URL must name the role that owns the schema"
    fi
    redis="redis://127.0.0.1:${port[REDIS]}"
    uses_own_redis || redis=$MILLRACE_REDIS_URL
    kafka="127.0.0.1:${port[KAFKA]}"
    uses_own_kafka || kafka=$MILLRACE_KAFKA_BOOTSTRAP
    {
        print_variable MILLRACE_DATABASE_URL "$database"
        print_variable MILLRACE_DATABASE_OWNER_URL "$owner"
        print_variable MILLRACE_REDIS_URL "$redis"
        print_variable MILLRACE_KAFKA_BOOTSTRAP "$kafka"
        print_variable MILLRACE_HTTP_HOST "${MILLRACE_HTTP_HOST:-127.0.0.1}"
        print_variable MILLRACE_HTTP_PORT "${port[HTTP]}"
        print_variable MILLRACE_METRICS_PORT "${port[METRICS]}"
        print_variable MILLRACE_DEAD_LETTER_TENANT "${MILLRACE_DEAD_LETTER_TENANT:-demo}"
        for key in "${passed_on[@]}"; do
            key="MILLRACE_$key"
            if [[ -n ${!key:-} ]]; then print_variable "$key" "${!key}"; fi
        done
    } | write_private "$local_dir/env"
    {
        if uses_own_postgres; then printf 'own %s\n' "$database"; fi
        if uses_own_redis; then printf 'own %s\n' "$redis"; fi
        if uses_own_kafka; then printf 'own %s\n' "$kafka"; fi
    } | write_private "$local_dir/own"
}

# Replaces the caller's MILLRACE_ variables by those of the stack: a service knows its own keys only.
load_environment() {
    local name
    [[ -f $local_dir/env ]] || die "the stack was never started; run make up"
    for name in "${!MILLRACE_@}"; do
        unset "$name"
    done
    # shellcheck source=/dev/null
    source "$local_dir/env"
}
