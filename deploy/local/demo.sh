#!/usr/bin/env bash
# The demonstration: everything up, realistic incidents and simulated agents, a live table, a summary.
# DEMO_SECONDS is its length (120); DEMO_DATA names an incidents file to replay instead of generated work.
# Customers at the stack's own mail server write to two of its accounts, which are mailboxes of the tenant.
# Its exit code is that of `millrace demo`: not 0 when anything was lost.
# shellcheck source=lib/all.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib/all.sh"

was_up=yes
is_running core-1 && is_running core-2 || was_up=no

clean_up() {
    local code=$?
    trap - EXIT
    if [[ $was_up == no ]]; then "$root/deploy/local/down.sh" || true; fi
    exit "$code"
}
trap clean_up EXIT

# A relative name is meant from where the caller stands.
if [[ -n ${DEMO_DATA:-} ]]; then
    DEMO_DATA="$(realpath -e "$DEMO_DATA")" || die "DEMO_DATA names no file"
    export DEMO_DATA
fi
export DEMO_SECONDS="${DEMO_SECONDS:-120}"

"$root/deploy/local/up.sh"
describe_mail_servers
(
    load_environment
    cd "$root"
    "$executable" demo --credentials "$local_dir/credentials.json" --mail "$local_dir/mail-servers.json"
)
