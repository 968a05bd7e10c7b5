#!/usr/bin/env bash
# One server or service of the local stack by name, for fault tests and repairs:
#   server.sh postgres|redis|kafka|dovecot|exim|elasticsearch|core-1|core-2|email|datamart|search  start|stop|restart|kill|pause|continue|pid
# kill ends it at once, without a chance to write anything; pause stops it from running (SIGSTOP).
# shellcheck source=lib/all.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib/all.sh"

name="${1:-}" action="${2:-}"
case $name in
    postgres | redis | kafka | dovecot | exim | elasticsearch) start=("start_$name") stop=("stop_$name") ;;
    core-1 | core-2) start=(start_core "${name#core-}") stop=(stop_core "${name#core-}") ;;
    email) name=email-1 start=(start_email) stop=(stop_email) ;;
    datamart) name=datamart-1 start=(start_datamart) stop=(stop_datamart) ;;
    search) name=search-1 start=(start_search) stop=(stop_search) ;;
    *) die "which server? postgres, redis, kafka, dovecot, exim, elasticsearch, core-1, core-2, email, datamart or search" ;;
esac

lock_stack
load_ports
[[ -n ${port[POSTGRES]} ]] || die "the stack was never started; run deploy/local/start.sh"
case $action in
    start) "${start[@]}" ;;
    stop) "${stop[@]}" ;;
    restart) "${stop[@]}" && "${start[@]}" ;;
    kill)
        leader="$(process_id "$name" || true)"
        stop_process "$name" KILL 10
        if [[ $name == dovecot ]]; then end_session "$leader"; fi
        ;;
    pause) signal_process "$name" STOP || die "$name does not run" ;;
    continue) signal_process "$name" CONT || die "$name does not run" ;;
    pid) is_running "$name" && process_id "$name" ;;
    *) die "what to do with $name? start, stop, restart, kill, pause, continue or pid" ;;
esac
