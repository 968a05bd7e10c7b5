#!/usr/bin/env bash
# Everything that is tested: unit tests in release, then the integration tests, on a stack of their own
# under .local-test. The last line counts both: N passed, N failed.
#   SWIFT_TEST_FLAGS="--filter Curve"   PYTEST_FLAGS="-k capture"   MILLRACE_KEEP_STACK=1 keeps logs and data
export MILLRACE_LOCAL="${MILLRACE_LOCAL:-.local-test}"
# shellcheck source=lib/all.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib/all.sh"
# shellcheck source=lib/private-stack.sh
source "$library/private-stack.sh"

durations=()
failed_parts=0

# Runs one part and notes how long it took and whether it failed: name, command…
part() {
    local name=$1 begin=$SECONDS code=0
    shift
    say "$name"
    "$@" || code=$?
    durations+=("$(printf '%-22s %4d s' "$name" $((SECONDS - begin)))")
    if ((code != 0)); then failed_parts=$((failed_parts + 1)); fi
    return "$code"
}

build_all() {
    [[ -n ${MILLRACE_EXECUTABLE:-} ]] || (cd "$root" && swift build -c release --build-tests 9>&-)
}

run_unit_tests() {
    [[ -z ${MILLRACE_EXECUTABLE:-} ]] || return 0
    local flags=()
    read -ra flags <<<"${SWIFT_TEST_FLAGS:-}"
    (cd "$root" && exec timeout --foreground --kill-after=30 1200 swift test -c release --skip-build --disable-xctest --no-parallel \
        --xunit-output "$local_dir/swift.xml" "${flags[@]}" </dev/null 9>&-)
}

run_integration_tests() {
    local flags=()
    read -ra flags <<<"${PYTEST_FLAGS:-}"
    (cd "$root" && exec timeout --foreground --kill-after=60 2700 "$venv_dir/bin/python" -m pytest Tests/Integration \
        -m "${PYTEST_MARKS:-not soak}" --junitxml="$local_dir/pytest.xml" "${flags[@]}" </dev/null 9>&-)
}

mkdir -p "$local_dir"
rm -f "$local_dir"/swift*.xml "$local_dir/pytest.xml"
part "packages" "$root/deploy/local/install.sh" tests
part "build" build_all
part "private stack" begin_private_stack
export_test_servers
export MILLRACE_TEST_EXECUTABLE="$executable" MILLRACE_TEST_REQUIRED=1
part "unit tests" run_part run_unit_tests || true
part "integration tests" run_part run_integration_tests || true

printf '\n'
printf '%s\n' "${durations[@]}"
python3 "$root/deploy/local/count-tests.py" --failed-parts "$failed_parts" "$local_dir"/swift*.xml "$local_dir/pytest.xml"
