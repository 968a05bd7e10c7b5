#!/usr/bin/env bash
# Runs the benchmarks on a stack of their own under .local-bench, which is removed afterwards.
# What is measured, and how, stands in Tests/Benchmarks/README.md; arguments are passed on.
export MILLRACE_LOCAL="${MILLRACE_LOCAL:-.local-bench}"
# shellcheck source=lib/all.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib/all.sh"
# shellcheck source=lib/private-stack.sh
source "$library/private-stack.sh"

"$root/deploy/local/install.sh" tests
build_executable
begin_private_stack
export_test_servers
export MILLRACE_TEST_EXECUTABLE="$executable"
cd "$root"
Tests/Benchmarks/run.sh "$@"
