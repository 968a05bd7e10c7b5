#!/usr/bin/env bash
# Puts a backup in the place of the local stack's database, with the services stopped, and starts them again.
# What Redis remembers belongs to another time: the keys with Millrace's prefix are removed, no others, and the lanes
# are rebuilt from the database; mart and search index are built anew. FILE.contents, where it is there, goes back into the
# folder that MILLRACE_CONTENT_FOLDER names; a database that names files is not restored without it.
#   deploy/local/restore.sh FILE
# shellcheck source=lib/all.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib/all.sh"

file=${1:?usage: restore.sh FILE}
[[ -r $file ]] || die "cannot read $file"
may_restore_contents "$file"
lock_stack
[[ -f $local_dir/env ]] || die "the stack was never started; run make up"
say "stopping the services"
stop_search
stop_datamart
stop_email
stop_core 1
stop_core 2
say "restoring $file"
restore_contents "$file"
# By itself: what is loaded takes the place of the caller's settings, and `up` below is meant for the same folder.
(
    load_environment
    # What the owner has is dropped first: `pg_restore --clean` cannot drop partitions, and would leave what came later.
    # One transaction, which a backup that cannot be read to its end never commits.
    {
        printf 'BEGIN;\nDROP OWNED BY CURRENT_USER CASCADE;\n'
        pg_restore --no-owner --file=- "$file"
        printf 'COMMIT;\n'
    } | psql -X -q -v ON_ERROR_STOP=1 --output=/dev/null --dbname="$MILLRACE_DATABASE_OWNER_URL"
    forget_redis
)
"$root/deploy/local/up.sh"
# Mart and index have read events that are no longer those of the feed.
credentials="$local_dir/credentials.json"
if has_mart; then
    say "building the data mart anew"
    # It may know more than the feed still holds; then it is for the operator to say.
    "$executable" rebuild --credentials "$credentials" || say "the data mart stays as it is"
fi
if has_search; then
    say "building the search index anew"
    "$executable" rebuild --search --credentials "$credentials"
fi
