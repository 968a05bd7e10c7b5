#!/usr/bin/env bash
# Puts a backup in the place of the local stack's database, with the services stopped, and starts them again.
# What Redis remembers belongs to another time: the keys with Millrace's prefix are removed, no others, and the lanes
# are rebuilt from the database.
#   deploy/local/restore.sh FILE
# shellcheck source=lib/all.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib/all.sh"

file=${1:?usage: restore.sh FILE}
[[ -r $file ]] || die "cannot read $file"
lock_stack
load_environment
say "stopping the services"
stop_core 1
stop_core 2
say "restoring $file"
pg_restore --clean --if-exists --single-transaction --no-owner --dbname="$MILLRACE_DATABASE_OWNER_URL" "$file"
forget_redis
"$root/deploy/local/up.sh"
