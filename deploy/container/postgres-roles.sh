#!/usr/bin/env bash
# Runs once, when the database container makes its data folder: the role that owns the schema, the role of the services,
# which owns nothing, so that row-level security holds for it, and those of the data mart of tenant demo: the owner of its
# database, and the reader that BI tools use. A further tenant gets a database and a reader of its own: a role that may connect
# to it and is a member of millrace_bi, to which the mart gives its rights. Nobody else may connect to anything: the service
# datamart does so as the owner of the marts alone.
set -euo pipefail

psql -X -v ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname postgres \
    -v owner_password="$MILLRACE_OWNER_PASSWORD" -v service_password="$MILLRACE_SERVICE_PASSWORD" \
    -v mart_password="$MILLRACE_MART_PASSWORD" -v bi_password="$MILLRACE_BI_PASSWORD" <<'EOF'
CREATE ROLE millrace_owner LOGIN NOSUPERUSER NOBYPASSRLS PASSWORD :'owner_password';
CREATE ROLE millrace_service LOGIN NOSUPERUSER NOBYPASSRLS PASSWORD :'service_password';
CREATE DATABASE millrace OWNER millrace_owner;
REVOKE CONNECT, TEMPORARY ON DATABASE millrace, postgres, template1 FROM PUBLIC;
GRANT CONNECT ON DATABASE millrace TO millrace_service;
CREATE ROLE millrace_mart LOGIN NOSUPERUSER NOBYPASSRLS PASSWORD :'mart_password';
CREATE ROLE millrace_bi NOLOGIN NOSUPERUSER NOBYPASSRLS;
CREATE ROLE bi_demo LOGIN NOSUPERUSER NOBYPASSRLS PASSWORD :'bi_password' IN ROLE millrace_bi;
CREATE DATABASE mart_demo OWNER millrace_mart;
REVOKE CONNECT, TEMPORARY ON DATABASE mart_demo FROM PUBLIC;
GRANT CONNECT ON DATABASE mart_demo TO bi_demo;
EOF
