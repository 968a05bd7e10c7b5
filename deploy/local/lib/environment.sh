# shellcheck shell=bash
# Which servers the services use, and the file that tells them: $local_dir/env.
# MILLRACE_DATABASE_URL, MILLRACE_REDIS_URL and MILLRACE_KAFKA_BOOTSTRAP name servers that exist;
# what one of them names is not started here.

# What else the caller has set is passed on as it is; a key that the services do not know stops their start.
# Not passed on: what is written above, what is each instance's own, and what is meant for these scripts and the tests.
print_passed_on() {
    local name value
    for name in "${!MILLRACE_@}"; do
        value="${!name}"
        case ${name#MILLRACE_} in
            DATABASE_URL | DATABASE_OWNER_URL | REDIS_URL | KAFKA_BOOTSTRAP | SECRETS_KEY | EMAIL_* | DATAMART_* | MART_URL | SEARCH_*) continue ;;
            HTTP_HOST | HTTP_PORT | METRICS_PORT | HTTP_PORT_2 | METRICS_PORT_2 | METRICS_PORT_EMAIL | HTTP_PORT_DATAMART | METRICS_PORT_DATAMART | METRICS_PORT_SEARCH | DEAD_LETTER_TENANT | INSTANCE) continue ;;
            POSTGRES_PORT | REDIS_PORT | KAFKA_PORT | ELASTICSEARCH_PORT | POSTGRES_BIN | DATABASE_BACKUP_URL) continue ;;
            IMAP_PORT | IMAPS_PORT | LMTP_PORT | SMTP_PORT | SMTPS_PORT) continue ;;
            LOCAL | EXECUTABLE | DATA | KEEP_STACK | CREDENTIALS | TEST_*) continue ;;
            # The services run in the repository's folder; the name is meant from where the caller stands.
            CONTENT_FOLDER) value="$(realpath -m -- "$value")" ;;
            CONFIG_FILE | KAFKA_SECURITY_CA) value="$(realpath -e -- "$value")" || die "$name=${!name} names no file" ;;
        esac
        print_variable "$name" "$value"
    done
}

# What only core knows; another service would not start with it.
forget_core() {
    unset MILLRACE_DATABASE_OWNER_URL MILLRACE_DATABASE_URL MILLRACE_WEBHOOK_SECRETS MILLRACE_CONTENT_FOLDER MILLRACE_CONTENT_STORE
}

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
    local database redis kafka owner passed_on
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
    # Where the command fails, nothing is written.
    passed_on="$(print_passed_on && printf .)" || exit 1
    passed_on="${passed_on%.}"
    {
        print_variable MILLRACE_DATABASE_URL "$database"
        print_variable MILLRACE_DATABASE_OWNER_URL "$owner"
        print_variable MILLRACE_REDIS_URL "$redis"
        print_variable MILLRACE_KAFKA_BOOTSTRAP "$kafka"
        print_variable MILLRACE_HTTP_HOST "${MILLRACE_HTTP_HOST:-127.0.0.1}"
        print_variable MILLRACE_HTTP_PORT "${port[HTTP]}"
        print_variable MILLRACE_METRICS_PORT "${port[METRICS]}"
        print_variable MILLRACE_DEAD_LETTER_TENANT "${MILLRACE_DEAD_LETTER_TENANT:-demo}"
        print_variable MILLRACE_SECRETS_KEY "$(secrets_key)"
        printf '%s' "$passed_on"
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

# The database as a role that may read every tenant's rows: this stack's administrator, or whom the caller names.
backup_url() (
    named="${MILLRACE_DATABASE_BACKUP_URL:-}"
    load_environment
    if [[ -n $named ]]; then
        printf '%s\n' "$named"
    elif uses_own_postgres; then
        load_ports
        load_postgres_passwords
        postgres_url millrace_admin "$ADMIN_PASSWORD" millrace
    else
        die "the database is not this stack's own, so MILLRACE_DATABASE_BACKUP_URL must name a role with BYPASSRLS that reads it"
    fi
)
