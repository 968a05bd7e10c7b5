#!/usr/bin/env bash
# Runs once, when the database container makes its data folder: the role that owns the schema, and the role of the
# services, which owns nothing, so that row-level security holds for it.
set -euo pipefail

psql -X -v ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname postgres \
    -v owner_password="$MILLRACE_OWNER_PASSWORD" -v service_password="$MILLRACE_SERVICE_PASSWORD" <<'EOF'
CREATE ROLE millrace_owner LOGIN NOSUPERUSER NOBYPASSRLS PASSWORD :'owner_password';
CREATE ROLE millrace_service LOGIN NOSUPERUSER NOBYPASSRLS PASSWORD :'service_password';
CREATE DATABASE millrace OWNER millrace_owner;
EOF
