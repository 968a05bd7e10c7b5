#!/usr/bin/env bash
# Profiles a running process, or the whole machine, and prints where the time went:
#   profile.sh PID [SECONDS]     one process by function        profile.sh all [SECONDS]     all processes, by thread name
# Needs linux-perf (apt-get install linux-perf) and the right to use it. The samples stay in PERF_FILE.
set -euo pipefail

what="${1:?process id, or all}" seconds="${2:-5}"
file="${PERF_FILE:-$(mktemp -t millrace-perf.XXXXXX)}"
command -v perf >/dev/null || { echo "error: perf is missing; apt-get install linux-perf" >&2; exit 1; }

scope=(-p "$what")
if [[ $what == all ]]; then scope=(-a); fi
perf record -q -F 299 -g "${scope[@]}" -o "$file" -- sleep "$seconds" >/dev/null

readable() {
    if command -v swift >/dev/null; then swift demangle --compact; else cat; fi | cut -c1-180 | grep -v -e '^#' -e '^$'
}
report() { perf report -i "$file" --stdio -g none "$@" 2>/dev/null | readable; }

echo "== share by thread"
report --no-children --sort comm | head -n 15 || true
echo "== share by function itself"
report --no-children --sort comm,dso,sym | head -n 40 || true
if [[ $what != all ]]; then
    echo "== share with all that is called from there, functions of Millrace"
    report --children --sort sym | grep -E 'Core\.|Domain\.|Messaging\.|Storage\.|Coordination\.|ServiceKit\.' | head -n 50 || true
fi
echo "samples: $file"
