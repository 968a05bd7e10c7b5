"""A mart in an arena, and what a fault measures in it."""

import time
from dataclasses import dataclass, field

import psycopg

from faults.arena import Arena
from mart_site import Site
from waiting import wait_until

# What the design promises, in seconds.
SWITCH_WITHIN = 5.0


@dataclass
class MartScene:
    """A mart with two instances in an arena under load. `late` holds promises that were not kept."""

    arena: Arena
    mart: Site
    switches: list[float] = field(default_factory=list)
    late: list[str] = field(default_factory=list)

    def positions_pass(self, number: int, seconds: float = 60) -> None:
        """So many more events in the mart: time measured in work."""
        begin = self.mart.position()
        wait_until(
            lambda: self.mart.position() >= begin + number,
            seconds=seconds, every=0.02, what=f"{number} more events in the mart", forgiving=(psycopg.Error,),
        )  # fmt: skip

    def term(self) -> int:
        with self.mart.sql() as connection:
            return connection.execute("SELECT term FROM lease").fetchone()["term"]

    def await_switch(self, fault: str, since: float, term: int, within: float = SWITCH_WITHIN) -> None:
        """Another term applies events; `since` is when what it needs was there."""
        before = self.mart.position()
        wait_until(
            lambda: self.term() > term and self.mart.position() > before,
            seconds=60, every=0.01, what=f"a new term that applies events after: {fault}", forgiving=(psycopg.Error,),
        )  # fmt: skip
        took = time.monotonic() - since
        self.switches.append(took)
        print(f"    {fault}: switched in {took:.2f} s", flush=True)
        if took > within:
            self.late.append(f"the mart stood still for {took:.1f} s after: {fault}")
