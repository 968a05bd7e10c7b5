#!/usr/bin/env python3
"""Adds up xunit reports and prints one line: N passed, N failed (, N skipped). Exit code 1 when anything failed.

A part that failed without naming a failed test (a crash, a time-out) counts as one failure.
"""

import argparse
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path


def count(report: Path) -> tuple[int, int, int]:
    passed = failed = skipped = 0
    for case in ElementTree.parse(report).iter("testcase"):
        if case.find("failure") is not None or case.find("error") is not None:
            failed += 1
        elif case.find("skipped") is not None:
            skipped += 1
        else:
            passed += 1
    return passed, failed, skipped


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--failed-parts", type=int, default=0, help="how many parts ended with an error")
    parser.add_argument("reports", nargs="*", type=Path)
    arguments = parser.parse_args()
    passed = failed = skipped = failing_reports = 0
    for report in arguments.reports:
        try:
            counts = count(report)
        except (OSError, ElementTree.ParseError):
            continue  # the part that should have written it is among the failed ones
        passed, failed, skipped = passed + counts[0], failed + counts[1], skipped + counts[2]
        failing_reports += counts[1] > 0
    failed += max(0, arguments.failed_parts - failing_reports)
    print(f"{passed} passed, {failed} failed" + (f", {skipped} skipped" if skipped else ""))
    return 1 if failed or passed == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
