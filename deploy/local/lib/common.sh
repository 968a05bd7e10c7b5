# shellcheck shell=bash
# Where things are, and how the scripts speak. Sourced by every script of the local stack.

root="$(cd "$(dirname "${BASH_SOURCE[0]}")/../../.." && pwd)"
local_dir="${MILLRACE_LOCAL:-$root/.local}"
[[ $local_dir == /* ]] || local_dir="$root/$local_dir"
run_dir="$local_dir/run"
log_dir="$local_dir/log"
# One virtual environment serves every stack of this checkout.
venv_dir="$root/.local/venv"

# These are used by the scripts that source this file.
export root local_dir run_dir log_dir venv_dir

say() { printf '==> %s\n' "$*"; }

die() {
    printf 'error: %s\n' "$*" >&2
    exit 1
}

# Makes the stack's folders and lets one script at a time change the stack.
# A script that is called by another one that holds the lock does not wait for it.
lock_stack() {
    mkdir -p "$run_dir" "$log_dir"
    [[ ${STACK_LOCK_HELD:-} == "$local_dir" ]] && return
    exec 9>"$local_dir/lock"
    if ! flock --nonblock 9; then
        say "another script is working on $local_dir; waiting for it"
        flock 9
    fi
    export STACK_LOCK_HELD="$local_dir"
}

# Writes standard input to a file that only its owner may read, all or nothing.
write_private() {
    local file=$1
    (umask 077 && cat >"$file.new")
    mv -f "$file.new" "$file"
}

# Waits until a command succeeds: seconds, command…
wait_for() {
    local end=$((SECONDS + $1))
    shift
    until "$@" >/dev/null 2>&1; do
        ((SECONDS < end)) || return 1
        sleep 0.1
    done
}
