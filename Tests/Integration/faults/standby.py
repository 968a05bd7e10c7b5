"""A projection of two instances, a hot standby, in an arena under load: what a fault sees of it, and what is measured."""

import time
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import ClassVar

import httpx

from checker import wait_until_drained
from cores import Core
from faults.arena import Arena
from waiting import wait_until

# What an instance may take, in bytes.
MEMORY = 200e6


@dataclass
class StandbyScene(ABC):
    """`late` holds promises that were not kept; they fail the run at its end, after everything has been compared."""

    arena: Arena
    switches: list[float] = field(default_factory=list, kw_only=True)
    late: list[str] = field(default_factory=list, kw_only=True)
    # What the projection is called, in its lease's name too.
    name: ClassVar[str]
    # What asking the target fails with while it is away.
    away: ClassVar[tuple[type[BaseException], ...]]
    # Seconds that the design promises for a switch.
    switch_within: ClassVar[float] = 5.0

    @property
    @abstractmethod
    def instances(self) -> Sequence[Core]:
        """Both of them."""

    @property
    @abstractmethod
    def holder(self) -> Core | None:
        """The one that writes, as it says itself."""

    @abstractmethod
    def position(self) -> int:
        """The last event that the target has."""

    @abstractmethod
    def term(self) -> int:
        """The term that the target knows."""

    @property
    def lease_key(self) -> str:
        """The lease's key in Redis."""
        return f"{self.arena.world.redis_prefix}lease:{self.name}:{self.arena.tenant.name}"

    def wait_for_holder(self) -> Core:
        return wait_until(lambda: self.holder, what=f"a holder of the {self.name}", every=0.05)

    def positions_pass(self, number: int, seconds: float = 60) -> None:
        """So many more events in the target: time measured in work."""
        begin: list[int] = []

        def passed() -> bool:
            begin.append(self.position())
            return begin[-1] >= begin[0] + number

        wait_until(passed, seconds=seconds, what=f"{number} more events in the {self.name}", forgiving=self.away)

    def await_switch(self, fault: str, since: float, term: int, more: float = 0) -> None:
        """Another term applies events; `since` is when what it needs was there, `more` are seconds that it may take besides."""
        before = self.position()
        wait_until(
            lambda: self.term() > term and self.position() > before,
            seconds=60, every=0.01, what=f"a new term that applies events after: {fault}", forgiving=self.away,
        )  # fmt: skip
        took = time.monotonic() - since
        self.switches.append(took)
        print(f"    {fault}: switched in {took:.2f} s", flush=True)
        if took > self.switch_within + more:
            self.late.append(f"the {self.name} stood still for {took:.1f} s after: {fault}")

    def assert_promises(self) -> None:
        """Memory within its bound, and every switch in time."""
        memory = max(instance.resident_bytes() for instance in self.instances if instance.is_running)
        print(f"    memory {memory / 1e6:.0f} MB", flush=True)
        assert memory < MEMORY, f"an instance of the {self.name} takes {memory / 1e6:.0f} MB"
        assert not self.late, "\n".join(self.late)


def quiet(running: Arena) -> None:
    """The load ends, and what has happened is all that happens."""
    running.load.stop()
    running.crew.stop()
    with running.client() as http:
        for agent in http.get("/agents", params={"limit": 500}).json()["items"]:
            try:
                http.put(f"/agents/{agent['id']}/state", json={"state": "offline"})
            except httpx.HTTPError:
                continue
    wait_until_drained(running.world.admin_url, running.tenant.name, seconds=60)
