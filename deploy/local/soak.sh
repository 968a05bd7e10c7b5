#!/usr/bin/env bash
# Runs as many seeded faults as asked against a stack of its own under .local-soak: FAULTS=200 SEED=1, MART_FAULTS=54 of the
# data mart's and SEARCH_FAULTS=54 of the search index's.
export MILLRACE_LOCAL="${MILLRACE_LOCAL:-.local-soak}"
# shellcheck source=lib/all.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib/all.sh"
# shellcheck source=lib/private-stack.sh
source "$library/private-stack.sh"

export FAULTS="${FAULTS:-200}"
export MART_FAULTS="${MART_FAULTS:-54}" SEARCH_FAULTS="${SEARCH_FAULTS:-54}"
export SEED="${SEED:-$((RANDOM * 32768 + RANDOM))}"
say "soak: $FAULTS faults, $MART_FAULTS of the data mart and $SEARCH_FAULTS of the search index, SEED=$SEED"
"$root/deploy/local/install.sh" tests
build_executable
begin_private_stack
export_test_servers
export MILLRACE_TEST_EXECUTABLE="$executable"
cd "$root"
"$venv_dir/bin/python" -m pytest Tests/Integration -m soak -s --timeout=0 "$@"
