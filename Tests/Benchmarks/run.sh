#!/usr/bin/env bash
# Measures the figures on a running private stack; deploy/local/bench.sh (`make bench`) starts one and calls this.
#   run.sh [capture] [whole-life] [latency] [pick] [mail] [mart]      BENCH_QUICK=1 for a short variant
set -euo pipefail

here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
root="$(cd "$here/../.." && pwd)"
venv="$root/.local/venv"
export MILLRACE_TEST_LOCAL="${MILLRACE_TEST_LOCAL:-$root/.local-bench}"

say() { printf '==> %s\n' "$*"; }

# The peer that comes from Debian. Its package may start a service: that one is stopped when it was not there before.
install_rabbitmq() {
    [[ -x /usr/lib/rabbitmq/bin/rabbitmq-server ]] && return
    local as_root=()
    ((EUID == 0)) || as_root=(sudo)
    say "installing RabbitMQ"
    "${as_root[@]}" apt-get update -qq
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 \
        apt-get install -y -qq --no-install-recommends rabbitmq-server >/dev/null
    if [[ -d /run/systemd/system ]]; then "${as_root[@]}" systemctl stop rabbitmq-server.service || true; fi
}

install_packages() {
    local stamp
    stamp="$venv/installed-$(sha256sum "$here/requirements.txt" | cut -c1-16)"
    [[ -f $stamp ]] && return
    say "installing Python packages of the benchmarks"
    "$venv/bin/python" -m pip install --quiet --disable-pip-version-check -r "$here/requirements.txt"
    touch "$stamp"
}

# The local broker writes its whole log as JSON again and again, which no Kafka does: it would slow down whatever is
# measured by half a CPU and a full disk. In memory it still takes the CPU; a hard kill makes it forget either way.
broker() { env -u MILLRACE_DATABASE_URL -u MILLRACE_REDIS_URL -u MILLRACE_KAFKA_BOOTSTRAP \
    MILLRACE_LOCAL="$MILLRACE_TEST_LOCAL" "$root/deploy/local/server.sh" kafka "$1"; }
memory=""
move_broker_to_memory() {
    [[ -f $MILLRACE_TEST_LOCAL/run/kafka.pid && -w /dev/shm && ! -L $MILLRACE_TEST_LOCAL/kafka ]] || return 0
    memory="$(mktemp -d /dev/shm/millrace-bench.XXXXXX)"
    broker stop
    rm -rf "$MILLRACE_TEST_LOCAL/kafka"
    ln -s "$memory" "$MILLRACE_TEST_LOCAL/kafka"
    broker start
}
# shellcheck disable=SC2317 # called by the trap
move_broker_back() {
    [[ -n $memory ]] || return 0
    broker stop || true
    rm -f "$MILLRACE_TEST_LOCAL/kafka"
    rm -rf "$memory"
}
trap move_broker_back EXIT

install_rabbitmq
install_packages
move_broker_to_memory
"$venv/bin/python" "$here/bench.py" "$@" &
bench=$!
trap 'kill -TERM "$bench" 2>/dev/null || true' INT TERM
code=0
wait "$bench" || code=$?
# A signal ends the wait, not the run: it is ending what it started.
while kill -0 "$bench" 2>/dev/null; do wait "$bench" || code=$?; done
exit "$code"
