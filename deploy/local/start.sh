#!/usr/bin/env bash
# Starts PostgreSQL, Redis, the Kafka broker and the mail server of the local stack and writes the services' environment.
# shellcheck source=lib/all.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib/all.sh"

lock_stack
settle_ports
if uses_own_postgres; then start_postgres; fi
if uses_own_redis; then start_redis; fi
if uses_own_kafka; then start_kafka; fi
start_dovecot
start_exim
write_environment
