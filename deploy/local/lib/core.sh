# shellcheck shell=bash
# The two instances of the service core, and the executable that they run.

executable="${MILLRACE_EXECUTABLE:-$root/.build/release/millrace}"

build_executable() {
    if [[ -n ${MILLRACE_EXECUTABLE:-} ]]; then
        [[ -x $executable ]] || die "MILLRACE_EXECUTABLE=$executable cannot be run"
        return
    fi
    say "building (the first build takes several minutes)"
    (cd "$root" && swift build -c release --product millrace 9>&-)
}

# What an instance runs with: a changed executable or configuration needs a new process.
core_stamp() { { stat -Lc '%i %Y' "$executable" && cat "$local_dir/env" "$local_dir/ports.env"; } | sha256sum; }

core_port() { if [[ $1 == 1 ]]; then printf '%s\n' "${port[HTTP]}"; else printf '%s\n' "${port[HTTP_2]}"; fi; }

core_is_ready() { curl -fsS -m 5 "http://127.0.0.1:$(core_port "$1")/health/ready"; }

start_core() {
    local number=$1 name="core-$1" stamp
    stamp="$(core_stamp)"
    if is_running "$name" && [[ "$(cat "$run_dir/$name.stamp" 2>/dev/null)" != "$stamp" ]]; then
        say "$name runs with an older executable or configuration; starting it again"
        stop_core "$number"
    fi
    is_running "$name" && return
    say "starting $name on port $(core_port "$number")"
    (
        load_environment
        unset MILLRACE_DATABASE_OWNER_URL STACK_LOCK_HELD
        export MILLRACE_INSTANCE="$name" MILLRACE_OUTBOUND_ALLOW="${MILLRACE_OUTBOUND_ALLOW:-127.0.0.1:${port[ELASTICSEARCH]}}"
        if [[ $number == 2 ]]; then
            export MILLRACE_HTTP_PORT="${port[HTTP_2]}" MILLRACE_METRICS_PORT="${port[METRICS_2]}"
        fi
        start_process "$name" "$executable" "$executable" core
    )
    printf '%s\n' "$stamp" >"$run_dir/$name.stamp"
}

# Waits until an instance says that it is ready: number, seconds
await_core() {
    local end=$((SECONDS + $2))
    until core_is_ready "$1" >/dev/null 2>&1; do
        if ! is_running "core-$1"; then show_log "core-$1"; die "core-$1 stopped while starting"; fi
        if ((SECONDS >= end)); then
            show_log "core-$1"
            die "core-$1 is not ready after $2 s: $(core_is_ready "$1" 2>&1 || true)"
        fi
        sleep 0.2
    done
}

stop_core() { stop_process "core-$1" TERM 40; }
