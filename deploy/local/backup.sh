#!/usr/bin/env bash
# Writes the local stack's database to a file while everything runs: item, event and outbox are one transaction,
# so any moment is consistent. Redis is rebuilt and Kafka only carries; neither needs a copy. A folder of contents
# (MILLRACE_CONTENT_FOLDER) is written beside it, to FILE.contents.
# It is read by a role that row-level security does not bind; the schema's owner sees no tenant's rows.
#   deploy/local/backup.sh FILE
# shellcheck source=lib/all.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib/all.sh"

file=${1:?usage: backup.sh FILE}
url="$(backup_url)"
say "writing $file"
umask 077
pg_dump --format=custom --file="$file.new" "$url"
rm -f "$file.contents.new"
backup_contents "$file.contents.new"
# A backup that was there before stays whole until here. Contents first: ended in between, the older database is beside
# newer contents, which lack only what was taken away since; the other way round, what came since would be lost.
if [[ -e $file.contents.new ]]; then
    mv -f "$file.contents.new" "$file.contents"
    mv -f "$file.new" "$file"
else
    mv -f "$file.new" "$file"
    rm -f "$file.contents"
fi
say "done: $(du -h "$file" | cut -f1)"
