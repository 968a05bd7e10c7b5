#!/usr/bin/env bash
# Everything that is tested: unit tests in release and the integration tests, beside each other on a stack of their own
# under .local-test. The last line counts all: N passed, N failed.
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

# Writes what it prints and how long it took into files: it runs beside the integration tests.
run_unit_tests() {
    [[ -z ${MILLRACE_EXECUTABLE:-} ]] || return 0
    local flags=() begin=$SECONDS code=0
    read -ra flags <<<"${SWIFT_TEST_FLAGS:-}"
    (cd "$root" && exec timeout --foreground --kill-after=30 2400 swift test -c release --skip-build --disable-xctest --no-parallel \
        --xunit-output "$local_dir/swift.xml" "${flags[@]}" </dev/null 9>&-) >"$local_dir/unit-tests.log" 2>&1 || code=$?
    printf '%s\n' $((SECONDS - begin)) >"$local_dir/unit-tests.seconds"
    return "$code"
}

# Waits for the unit tests and shows what they printed: all of it when they failed.
end_unit_tests() {
    local code=0
    end_part "$1" || code=$?
    [[ -z ${MILLRACE_EXECUTABLE:-} ]] || return 0
    if ((code == 0)); then tail -n 3 "$local_dir/unit-tests.log"; else cat "$local_dir/unit-tests.log"; fi
    durations+=("$(printf '%-22s %4d s, beside the others' "unit tests" "$(<"$local_dir/unit-tests.seconds")")")
    return "$code"
}

# Those with these marks: report, marks, options…
run_integration_tests() {
    local report=$1 marks=$2 flags=() code=0
    read -ra flags <<<"${PYTEST_FLAGS:-}"
    (cd "$root" && exec timeout --foreground --kill-after=60 2700 "$venv_dir/bin/python" -m pytest Tests/Integration \
        -m "(${PYTEST_MARKS:-not soak}) and $marks" --junitxml="$local_dir/$report.xml" "${@:3}" "${flags[@]}" \
        </dev/null 9>&-) || code=$?
    # 5: none of those that were asked for has these marks.
    ((code == 5)) || return "$code"
}

mkdir -p "$local_dir"
rm -f "$local_dir"/swift*.xml "$local_dir"/pytest*.xml
part "packages" "$root/deploy/local/install.sh" tests
part "build" build_all
part "private stack" begin_private_stack
export_test_servers
export MILLRACE_TEST_EXECUTABLE="$executable" MILLRACE_TEST_REQUIRED=1
# Most of a test is waiting, so the unit tests and two workers share the machine. Those that kill servers come after them, alone.
begin_part run_unit_tests
unit_tests=$!
part "integration tests" run_part run_integration_tests pytest "not faults" -n 2 --dist loadfile || true
end_unit_tests "$unit_tests" || failed_parts=$((failed_parts + 1))
part "faults" run_part run_integration_tests pytest-faults "faults" || true

printf '\n'
printf '%s\n' "${durations[@]}"
python3 "$root/deploy/local/count-tests.py" --failed-parts "$failed_parts" "$local_dir"/swift*.xml "$local_dir"/pytest*.xml
