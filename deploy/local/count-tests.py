#!/usr/bin/env python3
"""Adds up xunit reports: prints what failed, and last one line: N passed, N failed (, N skipped). Exit code 1 when anything failed.

A part that failed without naming a failed test (a crash, a time-out) counts as one failure.
"""

import argparse
import sys
import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass, field
from pathlib import Path


@dataclass
class Count:
    """What reports say of their tests."""

    passed: int = 0
    skipped: int = 0
    # Each that failed: its name, and the first line of what it said.
    failures: list[str] = field(default_factory=list)

    def add(self, report: Path) -> None:
        for case in ElementTree.parse(report).iter("testcase"):
            failure = next((case.find(name) for name in ("failure", "error") if case.find(name) is not None), None)
            if failure is not None:
                said = (failure.get("message") or failure.text or "").strip().partition("\n")[0]
                self.failures.append(f"{case.get('classname') or report.stem}: {case.get('name')}: {said[:300]}".rstrip(": "))
            elif case.find("skipped") is not None:
                self.skipped += 1
            else:
                self.passed += 1


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--failed-parts", type=int, default=0, help="how many parts ended with an error")
    parser.add_argument("reports", nargs="*", type=Path)
    arguments = parser.parse_args()
    count, failing_reports = Count(), 0
    for report in arguments.reports:
        before = len(count.failures)
        try:
            count.add(report)
        except (OSError, ElementTree.ParseError):
            continue  # the part that should have written it is among the failed ones
        failing_reports += len(count.failures) > before
    failed = len(count.failures) + max(0, arguments.failed_parts - failing_reports)
    for failure in count.failures:
        print(f"failed: {failure}")
    print(f"{count.passed} passed, {failed} failed" + (f", {count.skipped} skipped" if count.skipped else ""))
    return 1 if failed or count.passed == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
