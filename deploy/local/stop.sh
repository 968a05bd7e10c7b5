#!/usr/bin/env bash
# Stops the servers that start.sh started, and nothing else.
# shellcheck source=lib/all.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib/all.sh"

lock_stack
stop_elasticsearch
stop_exim
stop_dovecot
stop_kafka
stop_redis
stop_postgres
