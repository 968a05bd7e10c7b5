# shellcheck shell=bash
# Background processes, known by what this stack started and never by a name:
# run/NAME.pid holds the process id, the kernel's start time of that process and a word of its command line.
# A process id that was given to something else meanwhile is left alone.

# The kernel's start time of a process; nothing when it is gone or only waits to be reaped.
process_start_time() {
    local stat fields
    { stat="$(<"/proc/$1/stat")"; } 2>/dev/null || return 1
    read -ra fields <<<"${stat##*) }"
    [[ ${fields[0]} != Z ]] || return 1
    printf '%s\n' "${fields[19]}"
}

command_line_has() {
    local line
    line="$(tr '\0' ' ' 2>/dev/null <"/proc/$1/cmdline")" || return 1
    # It is empty while one program takes the place of another.
    [[ -z $line || $line == *"$2"* ]]
}

# Reads a pid file into the caller's pid, started and word.
read_pid_file() {
    [[ -f $run_dir/$1.pid ]] && { read -r pid && read -r started && read -r word; } <"$run_dir/$1.pid"
}

is_running() {
    local pid started word
    read_pid_file "$1" || return 1
    [[ "$(process_start_time "$pid")" == "$started" ]] && command_line_has "$pid" "$word"
}

process_id() {
    local pid started word
    read_pid_file "$1" && printf '%s\n' "$pid"
}

# Starts a process in a session of its own: name, word of its command line, command…
start_process() {
    local name=$1 word=$2 pid tries
    shift 2
    local log="$log_dir/$name.log"
    if [[ -f $log && $(stat -c %s "$log") -gt 50000000 ]]; then mv -f "$log" "$log.1"; fi
    (cd "$root" && exec setsid "$@" </dev/null >>"$log" 2>&1 9>&-) &
    pid=$!
    printf '%s\n%s\n%s\n' "$pid" "$(process_start_time "$pid" || true)" "$word" >"$run_dir/$name.pid"
    # Until the command has replaced the shell, the command line is still the script's, and nobody takes it for the process:
    # on a machine that is busy that lasts for seconds.
    for ((tries = 0; tries < 1500; tries++)); do
        if command_line_has "$pid" "$word" || ! process_start_time "$pid" >/dev/null; then break; fi
        sleep 0.02
    done
}

# Sends a signal to a process of ours, when it runs: name, signal
signal_process() {
    local pid started word
    is_running "$1" && read_pid_file "$1" && kill -s "$2" "$pid"
}

# Asks a process to stop and waits until it is gone; ends it by force after the bound: name, signal, seconds
stop_process() {
    local name=$1 signal=$2 bound=$3 pid started word
    if is_running "$name"; then
        read_pid_file "$name"
        kill -s "$signal" "$pid" 2>/dev/null || true
        kill -s CONT "$pid" 2>/dev/null || true
        if ! wait_for "$bound" is_gone "$name"; then
            say "$name did not stop within $bound s; ending it"
            kill -s KILL "$pid" 2>/dev/null || true
            wait_for 10 is_gone "$name" || die "$name (process $pid) cannot be ended"
        fi
    fi
    rm -f "$run_dir/$name.pid"
}

is_gone() { ! is_running "$1"; }

# The end of a log, for a process that did not come up.
show_log() {
    printf -- '--- last lines of %s\n' "$log_dir/$1.log" >&2
    tail -n 20 "$log_dir/$1.log" >&2 || true
}
