#!/usr/bin/env bash
# Stops the services gracefully, then the servers. Data stays; no process does.
# shellcheck source=lib/all.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib/all.sh"

lock_stack
if is_running core-1 || is_running core-2 || is_running email-1 || is_running datamart-1 || is_running search-1; then say "stopping the services"; fi
# All are asked before any is waited for.
signal_process search-1 TERM || true
signal_process datamart-1 TERM || true
signal_process email-1 TERM || true
signal_process core-1 TERM || true
signal_process core-2 TERM || true
stop_search
stop_datamart
stop_email
stop_core 1
stop_core 2
say "stopping the servers"
"$root/deploy/local/stop.sh"
