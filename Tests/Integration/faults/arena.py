"""A world under load: two instances, agents, a source; faults are done to it, then everything must come to an end and
the checker must find nothing."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import pairwise

import httpx
import psycopg

from checker import check, gather, of_tenant, wait_until_drained
from checks.evidence import Evidence, Report
from cores import Core
from faults import setting
from faults.crew import Crew
from faults.exchange import Exchange, Front
from faults.keeping import keep_evidence
from faults.load import Load
from faults.loop import LoopThread
from topics import EventReader
from waiting import DeadlinePassed, wait_until
from world import Tenant, World

# What the design promises, in seconds.
DISTRIBUTION_WITHIN = 5.0
CAPTURE_WITHIN = 10.0
# Items a second that the load must have reached.
LEAST_RATE = 200
# Missed items are passed over for 30 s by who missed them; longer than that nothing rests once all agents are ready.
STALLED_AFTER = 45.0
# So many offers that reached agents show that distribution works again; one alone could be a late one.
OFFERS_THAT_SHOW_IT = 20


@dataclass
class Recovery:
    """How long it took after a fault until things worked again, in seconds."""

    fault: str
    distribution: float | None = None
    capture: float | None = None

    def __str__(self) -> str:
        parts = [f"{name} {seconds:.1f} s" for name, seconds in (
            ("distribution", self.distribution), ("capture", self.capture)) if seconds is not None]  # fmt: skip
        return f"{self.fault}: {', '.join(parts) or 'nothing measured'}"


@dataclass
class Arena:
    """One run. `late` holds promises that were not kept; they fail the run at its end, after the checker has spoken."""

    world: World
    tenant: Tenant
    cores: list[Core]
    loop: LoopThread
    exchange: Exchange
    load: Load
    crew: Crew
    events: EventReader
    seed: object
    recoveries: list[Recovery] = field(default_factory=list)
    late: list[str] = field(default_factory=list)
    broker_forgot: bool = False
    evidence: Evidence | None = None

    @property
    def redis_base(self) -> str:
        """What the tenant's keys in Redis begin with."""
        with psycopg.connect(self.world.admin_url) as connection:
            (number,) = connection.execute("SELECT id FROM tenant WHERE name = %s", (self.tenant.name,)).fetchone()
        return f"{{{self.world.redis_prefix}t{number}}}:"

    def steward(self, among: list[Core] | None = None) -> Core:
        """The instance that holds the tenant's lease; waits until it is one of these (which answer)."""

        def holder() -> Core | None:
            return next((core for core in among or self.cores if core.is_running and _holds_lease(core)), None)

        return wait_until(holder, seconds=15, what="a steward", every=0.1, forgiving=(httpx.HTTPError,))

    # Measuring

    def await_distribution(self, fault: str, since: float) -> None:
        """Offers flow again; `since` is when what they need was there again."""

        def flows() -> bool:
            return len(self.crew.offers_since(since)) >= OFFERS_THAT_SHOW_IT

        recovery = self._recovery(fault)
        try:
            wait_until(flows, seconds=60, what=f"offers after: {fault}")
        except DeadlinePassed as error:
            self.late.append(str(error))
            return
        recovery.distribution = self.crew.offers_since(since)[OFFERS_THAT_SHOW_IT - 1].at - since
        if recovery.distribution > DISTRIBUTION_WITHIN:
            self.late.append(f"distribution was back {recovery.distribution:.1f} s after: {fault}")

    def await_capture(self, fault: str, since: float, within: float = CAPTURE_WITHIN) -> None:
        """Commands sent after `since` are answered again on every partition."""
        partitions = self.load.partitions
        recovery = self._recovery(fault)
        try:
            wait_until(
                lambda: partitions <= self.load.captured_since(since).keys(),
                seconds=60, every=0.1, what=f"answers on every partition after: {fault}",
            )  # fmt: skip
        except DeadlinePassed as error:
            self.late.append(str(error))
            return
        recovery.capture = max(self.load.captured_since(since).values()) - since
        if recovery.capture > within:
            self.late.append(f"capture was back {recovery.capture:.1f} s after: {fault}")

    def _recovery(self, fault: str) -> Recovery:
        if not self.recoveries or self.recoveries[-1].fault != fault:
            self.recoveries.append(Recovery(fault))
        return self.recoveries[-1]

    def await_offers(self, number: int) -> None:
        """So many more offers: time measured in work."""
        begin = time.monotonic()
        wait_until(lambda: len(self.crew.offers_since(begin)) >= number, seconds=60, what=f"{number} more offers")

    # The end

    def finish(self) -> Report:
        """Ends the load, waits until everything is done, and lets the checker look."""
        steps: list[tuple[str, float]] = [("", time.monotonic())]
        self.load.stop()
        wait_until(lambda: self.load.unanswered == 0, seconds=60, every=0.2, what="an answer to every submit")
        steps.append(("answered", time.monotonic()))
        self.crew.settle_down()
        self._wait_until_done()
        steps.append(("done", time.monotonic()))
        self.crew.stop()
        wait_until_drained(self.world.admin_url, self.tenant.name, seconds=60)
        steps.append(("drained", time.monotonic()))
        self.evidence = self._gather()
        steps.append(("gathered", time.monotonic()))
        report = check(self.evidence)
        steps.append(("checked", time.monotonic()))
        times = (f"{name} {end - begin:.1f} s" for (_, begin), (name, end) in pairwise(steps))
        print(f"    {', '.join(times)}", flush=True)
        return report

    def _wait_until_done(self) -> None:
        """By the API's own numbers nothing is open any more. As long as something gets done, it is waited for."""
        done, moved = -1, time.monotonic()

        def is_done() -> bool:
            nonlocal done, moved
            left, now = self._open_items(), time.monotonic()
            if len(self.crew.answered) > done:
                done, moved = len(self.crew.answered), now
            if left and now - moved > STALLED_AFTER:
                raise DeadlinePassed(f"{left} items are open and nothing has been done for {STALLED_AFTER:g} s")
            return left == 0

        wait_until(is_done, seconds=600, every=0.5, what="the end of all work")

    def _open_items(self) -> int:
        """What waits, is out, rests or is held; -1 when the API cannot tell now."""
        try:
            with self.client() as http:
                queues = http.get("/queues").raise_for_status().json()["items"]
                states = ("depth", "offered", "assigned", "held", "parked")
                known = sum(queue[state] for queue in queues for state in states)
                others = http.get("/workitems", params={"status": "new,captured,errorheld,queued", "limit": 1})
                return known or len(others.raise_for_status().json()["items"])
        except httpx.HTTPError:
            return -1

    def _gather(self) -> Evidence:
        with self.client() as http:
            evidence = gather(
                self.world.admin_url, self.tenant.name, http,
                acknowledged=self.load.acknowledged, answered=self.crew.answered, broker_forgot=self.broker_forgot,
                explain=3000,
            )  # fmt: skip
        expected = {event["id"] for event in evidence.item_events}
        if self.broker_forgot:
            expected = {evidence.item_events[-1]["id"]}
        wait_until(
            lambda: expected <= {event.get("id") for event in self.events.events},
            seconds=30, every=0.5, what="the feed's events on the topic",
        )  # fmt: skip
        evidence.topic = of_tenant(self.events.received, self.tenant.name)
        return evidence

    def client(self) -> httpx.Client:
        """The API with the administrator's key, at an instance that runs."""
        core = next(core for core in self.cores if core.is_running)
        headers = {"Authorization": f"Bearer {self.tenant.admin_key}"}
        return httpx.Client(base_url=f"{core.url}/iwd/v3", headers=headers, timeout=30)

    @property
    def unexpected(self) -> list[str]:
        """Answers that no fault excuses, and callers that broke down."""
        return self.load.unexpected + self.crew.unexpected + self.loop.failures

    def verify(self) -> None:
        """The end: everything is done, nothing violated and every promise kept; else it fails with all of it."""
        failures = []
        try:
            report = self.finish()
            print(f"    {self.load.submitted_per_second:.0f} items/s; {report.text()}", flush=True)
            if report.violations:
                failures.append(report.text())
            if not report.checked["offers"]:
                failures.append("no offer was checked")
        except (AssertionError, httpx.HTTPError) as error:
            failures.append(f"{type(error).__name__}: {error}")
        failures += self.late + [f"unexpected: {text}" for text in self.unexpected]
        rate = self.load.submitted_per_second
        if rate < LEAST_RATE:
            failures.append(f"only {rate:.0f} items/s were submitted")
        assert not failures, "\n" + "\n".join(failures[:20])


def _holds_lease(core: Core) -> bool:
    for line in core.metrics().splitlines():
        if line.startswith("lease_held{"):
            return float(line.rsplit(" ", 1)[1]) > 0
    return False


@contextmanager
def arena(world: World, seed: object, rate: int = 220, *, verifies: bool = True) -> Iterator[Arena]:
    """A tenant, two instances, agents and load, which run until the block ends; then everything is done to the end and looked
    at, unless the caller looks at something else."""
    tenant = world.tenant(setting.CONFIGURATION)
    cores = world.cores.start(2)
    loop, exchange = LoopThread(), Exchange()
    events = world.reader()
    keys = _agent_keys(cores[0], tenant)
    ports = [core.port for core in cores]
    load = Load(
        loop, exchange, Front(ports, exchange),
        bootstrap=world.stack.kafka, commands=world.topic("workitems.commands"),
        replies=world.topic("workitems.replies"), tenant=tenant.name, source=tenant.source, key=tenant.source_key,
        rate=rate, seed=seed, body=setting.body,
    )  # fmt: skip
    crew = Crew(
        loop, exchange, Front(ports, exchange),
        keys=keys, supervisor_key=tenant.admin_key, endpoints=setting.endpoints_of_agents(), seed=seed,
    )  # fmt: skip
    running = Arena(world, tenant, cores, loop, exchange, load, crew, events, seed)
    try:
        crew.start()
        load.start()
        wait_until(
            lambda: len(load.captured_since(0)) > 1 and crew.offers,
            seconds=30, every=0.1, what="answers to commands, and offers",
        )  # fmt: skip
        yield running
        if verifies:
            running.verify()
    except Exception as error:
        folder = keep_evidence(running, str(error))
        print(f"    evidence: {folder}", flush=True)
        raise
    finally:
        load.stop()
        crew.stop()
        load.close()
        loop.close()


def _agent_keys(core: Core, tenant: Tenant) -> dict[str, str]:
    """A key for each agent, which stands for that agent and nobody else."""
    headers = {"Authorization": f"Bearer {tenant.admin_key}"}
    keys = {}
    with httpx.Client(base_url=f"{core.url}/iwd/v3", headers=headers, timeout=30) as http:
        for agent in setting.endpoints_of_agents():
            draft = {"name": agent, "roles": ["agent"], "agent": agent}
            keys[agent] = http.post("/keys", json=draft).raise_for_status().json()["key"]
    return keys
