# shellcheck shell=bash
# The service email: one instance, with a key of tenant demo, and the stack's own mail server allowed.

email_metrics_port() { printf '%s\n' "${port[METRICS_EMAIL]}"; }

email_is_ready() { curl -fsS -m 5 "http://127.0.0.1:$(email_metrics_port)/health/ready"; }

# The key that mailboxes' secrets are sealed with: the caller's, else one of the stack's own.
secrets_key() {
    local file="$local_dir/secrets.key"
    if [[ -n ${MILLRACE_SECRETS_KEY:-} ]]; then
        printf '%s\n' "$MILLRACE_SECRETS_KEY"
    else
        [[ -f $file ]] || head -c 32 /dev/urandom | base64 -w 0 | write_private "$file"
        cat "$file"
    fi
}

# An API key with the role mail, made once with the administrator's key of the credentials file.
prepare_mail_key() {
    local file="$local_dir/mail.key" admin base
    admin="$(jq -r .adminKey "$1")"
    base="http://127.0.0.1:${port[HTTP]}/iwd/v3"
    if [[ -f $file ]] && curl -fsS -m 10 -o /dev/null -H "Authorization: Bearer $(cat "$file")" "$base/mailboxes/work"; then return; fi
    curl -fsS -m 10 -H "Authorization: Bearer $admin" -H "Content-Type: application/json" \
        -d '{"name": "email", "roles": ["mail"]}' "$base/keys" | jq -r .key | write_private "$file"
}

start_email() {
    local name=email-1 stamp
    stamp="$({ core_stamp && cat "$local_dir/mail.key"; } | sha256sum)"
    if is_running "$name" && [[ "$(cat "$run_dir/$name.stamp" 2>/dev/null)" != "$stamp" ]]; then
        say "$name runs with an older executable or configuration; starting it again"
        stop_email
    fi
    is_running "$name" && return
    say "starting $name"
    (
        certificates="${MILLRACE_EMAIL_CERTIFICATES:-$(mail_home)/tls/ca.pem}"
        spool="${MILLRACE_EMAIL_SPOOL:-$local_dir/spool}"
        load_environment
        forget_core
        unset STACK_LOCK_HELD
        mkdir -p "$spool"
        export MILLRACE_INSTANCE="$name" MILLRACE_METRICS_PORT="${port[METRICS_EMAIL]}"
        export MILLRACE_EMAIL_CORE="http://127.0.0.1:${port[HTTP]},http://127.0.0.1:${port[HTTP_2]}"
        export MILLRACE_EMAIL_SPOOL="$spool" MILLRACE_EMAIL_CERTIFICATES="$certificates"
        MILLRACE_EMAIL_KEYS="$(cat "$local_dir/mail.key")"
        export MILLRACE_EMAIL_KEYS MILLRACE_OUTBOUND_ALLOW="${MILLRACE_OUTBOUND_ALLOW:-127.0.0.0/8}"
        start_process "$name" "$executable" "$executable" email
    )
    printf '%s\n' "$stamp" >"$run_dir/$name.stamp"
}

# Waits until the instance says that it is ready: seconds
await_email() {
    local end=$((SECONDS + $1))
    until email_is_ready >/dev/null 2>&1; do
        if ! is_running email-1; then show_log email-1; die "email-1 stopped while starting"; fi
        if ((SECONDS >= end)); then
            show_log email-1
            die "email-1 is not ready after $1 s: $(email_is_ready 2>&1 || true)"
        fi
        sleep 0.2
    done
}

stop_email() { stop_process email-1 TERM 40; }

# Tells `millrace demo` where the stack's mail servers are, and which accounts are whose.
describe_mail_servers() {
    load_ports
    load_mail_password
    jq -n --arg password "$MAIL_PASSWORD" --arg certificates "$(mail_home)/tls/ca.pem" \
        --argjson imap "${port[IMAPS]}" --argjson smtp "${port[SMTPS]}" \
        '{host: "localhost", $imap, $smtp, $certificates, $password, domain: "example.test",
          mailboxes: ["support", "sales"], customers: ["customer1", "customer2", "customer3"]}' |
        write_private "$local_dir/mail-servers.json"
}
