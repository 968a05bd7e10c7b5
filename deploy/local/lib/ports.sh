# shellcheck shell=bash
# Ports are chosen once, when the stack first starts, and kept in ports.env;
# MILLRACE_POSTGRES_PORT, MILLRACE_REDIS_PORT, MILLRACE_KAFKA_PORT, MILLRACE_HTTP_PORT, MILLRACE_METRICS_PORT,
# MILLRACE_IMAP_PORT, MILLRACE_IMAPS_PORT, MILLRACE_LMTP_PORT, MILLRACE_SMTP_PORT, MILLRACE_SMTPS_PORT,
# MILLRACE_HTTP_PORT_2, MILLRACE_METRICS_PORT_2, MILLRACE_METRICS_PORT_EMAIL, MILLRACE_HTTP_PORT_DATAMART,
# MILLRACE_METRICS_PORT_DATAMART, MILLRACE_ELASTICSEARCH_PORT and MILLRACE_METRICS_PORT_SEARCH choose others.

declare -A port=()

port_is_taken() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

kept_port() {
    [[ -f $local_dir/ports.env ]] && sed -n "s/^MILLRACE_$1_PORT$2=//p" "$local_dir/ports.env"
}

# The first free port from a number on that this stack has not given away.
free_port() {
    local candidate=$1
    while port_is_taken "$candidate" || [[ " ${port[*]} " == *" $candidate "* ]]; do
        candidate=$((candidate + 1))
    done
    printf '%s\n' "$candidate"
}

# name, suffix, first choice, process that listens there
settle_port() {
    local name=$1 suffix=$2 first=$3 process=$4 variable="MILLRACE_$1_PORT$2" kept wanted
    kept="$(kept_port "$name" "$suffix" || true)"
    wanted="${!variable:-}"
    if is_running "$process"; then
        if [[ -n $wanted && $wanted != "$kept" ]]; then
            die "$process listens on port $kept; stop it (make down) before it can use $variable=$wanted"
        fi
        port[$name$suffix]=$kept
    elif [[ -n $wanted ]]; then
        if port_is_taken "$wanted"; then die "port $wanted ($variable) is taken by another program"; fi
        port[$name$suffix]=$wanted
    elif [[ -n $kept ]] && ! port_is_taken "$kept"; then
        port[$name$suffix]=$kept
    else
        if [[ -n $kept ]]; then say "port $kept is taken by another program; choosing another one for $process"; fi
        port[$name$suffix]="$(free_port "$first")"
    fi
}

settle_ports() {
    local shift=0
    # Stacks of other folders start looking elsewhere, so that several can start at once.
    if [[ $local_dir != "$root/.local" ]]; then
        shift=$((1000 + 100 * ($(cksum <<<"$local_dir" | cut -d ' ' -f 1) % 80)))
    fi
    settle_port POSTGRES "" $((15432 + shift)) postgres
    settle_port REDIS "" $((16379 + shift)) redis
    settle_port KAFKA "" $((19092 + shift)) kafka
    settle_port IMAP "" $((18143 + shift)) dovecot
    settle_port IMAPS "" $((18993 + shift)) dovecot
    settle_port LMTP "" $((18024 + shift)) dovecot
    settle_port SMTP "" $((18025 + shift)) exim
    settle_port SMTPS "" $((18465 + shift)) exim
    settle_port HTTP "" $((4024 + shift)) core-1
    settle_port METRICS "" $((10052 + shift)) core-1
    settle_port HTTP _2 $((4025 + shift)) core-2
    settle_port METRICS _2 $((10053 + shift)) core-2
    settle_port METRICS _EMAIL $((10060 + shift)) email-1
    settle_port HTTP _DATAMART $((4030 + shift)) datamart-1
    settle_port METRICS _DATAMART $((10070 + shift)) datamart-1
    settle_port ELASTICSEARCH "" $((19200 + shift)) elasticsearch
    settle_port METRICS _SEARCH $((10080 + shift)) search-1
    write_private "$local_dir/ports.env" <<EOF
MILLRACE_POSTGRES_PORT=${port[POSTGRES]}
MILLRACE_REDIS_PORT=${port[REDIS]}
MILLRACE_KAFKA_PORT=${port[KAFKA]}
MILLRACE_IMAP_PORT=${port[IMAP]}
MILLRACE_IMAPS_PORT=${port[IMAPS]}
MILLRACE_LMTP_PORT=${port[LMTP]}
MILLRACE_SMTP_PORT=${port[SMTP]}
MILLRACE_SMTPS_PORT=${port[SMTPS]}
MILLRACE_HTTP_PORT=${port[HTTP]}
MILLRACE_METRICS_PORT=${port[METRICS]}
MILLRACE_HTTP_PORT_2=${port[HTTP_2]}
MILLRACE_METRICS_PORT_2=${port[METRICS_2]}
MILLRACE_METRICS_PORT_EMAIL=${port[METRICS_EMAIL]}
MILLRACE_HTTP_PORT_DATAMART=${port[HTTP_DATAMART]}
MILLRACE_METRICS_PORT_DATAMART=${port[METRICS_DATAMART]}
MILLRACE_ELASTICSEARCH_PORT=${port[ELASTICSEARCH]}
MILLRACE_METRICS_PORT_SEARCH=${port[METRICS_SEARCH]}
EOF
}

# The ports that were settled before; for scripts that start nothing new.
load_ports() {
    local name
    for name in POSTGRES REDIS KAFKA IMAP IMAPS LMTP SMTP SMTPS HTTP METRICS; do port[$name]="$(kept_port "$name" "" || true)"; done
    port[HTTP_2]="$(kept_port HTTP _2 || true)"
    port[METRICS_2]="$(kept_port METRICS _2 || true)"
    port[METRICS_EMAIL]="$(kept_port METRICS _EMAIL || true)"
    port[HTTP_DATAMART]="$(kept_port HTTP _DATAMART || true)"
    port[METRICS_DATAMART]="$(kept_port METRICS _DATAMART || true)"
    port[ELASTICSEARCH]="$(kept_port ELASTICSEARCH "" || true)"
    port[METRICS_SEARCH]="$(kept_port METRICS _SEARCH || true)"
}
