#!/usr/bin/env bash
# Writes the local stack's database to a file while everything runs: item, event and outbox are one transaction,
# so any moment is consistent. Redis is rebuilt and Kafka only carries; neither needs a copy.
#   deploy/local/backup.sh FILE
# shellcheck source=lib/all.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib/all.sh"

file=${1:?usage: backup.sh FILE}
load_environment
say "writing $file"
umask 077
pg_dump --format=custom --file="$file.new" "$MILLRACE_DATABASE_OWNER_URL"
mv -f "$file.new" "$file"
say "done: $(du -h "$file" | cut -f1)"
