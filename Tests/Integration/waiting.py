"""Waiting for something to become true, with a deadline."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


class DeadlinePassed(AssertionError):
    """What was waited for did not happen in time."""


def wait_until(
    probe: Callable[[], T],
    *,
    seconds: float = 30,
    what: str = "the expected state",
    every: float = 0.02,
    forgiving: tuple[type[BaseException], ...] = (),
) -> T:
    """Calls `probe` until it returns something true and returns that.

    Exceptions of the types in `forgiving` count as "not yet". When the deadline passes, the error names what was
    waited for, and the last value or exception.
    """
    end = time.monotonic() + seconds
    last: object = None
    while True:
        try:
            last = probe()
            if last:
                return last
        except forgiving as error:
            last = error
        if time.monotonic() >= end:
            raise DeadlinePassed(f"{what} did not come about within {seconds:g} s; last seen: {last!r}")
        time.sleep(every)
