"""Figure 1: capture, Kafka to queued, beside what RabbitMQ, procrastinate and COPY do on the same machine.

The commands are encoded and published while the instance is stopped by SIGSTOP, so that the generator takes no part;
the clock runs from SIGCONT until every item is committed as queued with its events and lies in its lane.
"""

import random
import time

import psycopg

from limit_copy import CopyLimit
from observe import MemoryWatch
from peer_procrastinate import Procrastinate
from peer_rabbitmq import ConfirmedPublisher, RabbitMQ
from scene import Lanes, World, demo_tenant, incident, publish, say, submits, tenant_number
from waiting import wait_until


class Capture:
    """One tenant and one instance; each run captures as many items again."""

    def __init__(self, world: World, count: int) -> None:
        self.world = world
        self.count = count
        self.tenant = demo_tenant(world)
        self.number = tenant_number(world, self.tenant)
        self.lanes = Lanes(world, self.number)
        self.core = world.cores.add()
        self.captured = 0
        self._connection = psycopg.connect(world.admin_url, autocommit=True)

    def start(self) -> None:
        """Starts the instance and warms it up: statements prepared, connections open."""
        self.core.start()
        wait_until(self.lanes.complete, seconds=30, what="the tenant's lanes")
        self.run(self.count // 10)

    def stop(self) -> None:
        """Leaves the machine to the peers."""
        self.core.stop()

    def close(self) -> None:
        self._connection.close()

    def run(self, count: int | None = None) -> dict:
        """Rates of one run: committed, in lanes, and how long the outbox took after the end."""
        count = count or self.count
        messages = submits(self.tenant, count, random.randrange(1 << 40))
        self.core.pause()
        publish(self.world.stack.kafka, self.world.topic("workitems.commands"), messages)
        expected = self.captured + count
        with MemoryWatch(self.core.pid) as memory:
            begin = time.monotonic()
            self.core.resume()
            wait_until(lambda: self._committed() >= expected, seconds=300, what="every item committed", every=0.05)
            committed = time.monotonic() - begin
            wait_until(lambda: self.lanes.size() >= expected, seconds=60, what="every item in its lane")
            laned = time.monotonic() - begin
            wait_until(lambda: self._published() >= expected, seconds=60, what="the outbox drained")
            drained = time.monotonic() - begin
        self.captured = expected
        queued = self._connection.execute(
            "SELECT count(*) FROM work_item WHERE tenant = %s AND status = 'queued'", [self.number]
        ).fetchone()[0]
        if queued != expected:
            raise RuntimeError(f"{expected} items should be queued, {queued} are")
        return {
            "items": count,
            "perSecond": count / laned,
            "committedPerSecond": count / committed,
            "drainedAfterSeconds": drained - laned,
            "coreBytes": memory.peak,
        }

    def _committed(self) -> int:
        return self._connection.execute(
            "SELECT coalesce(sum(events), 0) FROM outbox WHERE tenant = %s", [self.number]
        ).fetchone()[0]

    def _published(self) -> int:
        rows = self._connection.execute("SELECT published FROM relay WHERE tenant = %s", [self.number]).fetchone()
        return rows[0] if rows else 0


def measure(world: World, rounds: int, count: int) -> dict:
    """Rounds of all four, one after the other within each round."""
    chance = random.Random(1)
    capture = Capture(world, count)
    copies = CopyLimit(world.admin_url, capture.number)
    runs: dict[str, list] = {"capture": [], "copy": [], "rabbitmq": [], "procrastinate": []}
    try:
        with RabbitMQ(world.stack.folder) as rabbitmq, Procrastinate(world.stack) as procrastinate:
            bodies = [value for _, value in submits(capture.tenant, count // 2, 7)]
            payloads = [{"captureId": f"p-{n}", "attributes": incident(chance)} for n in range(count // 2)]
            for number in range(rounds):
                capture.start()
                copies.run()
                runs["capture"].append(capture.run())
                say(f"capture {runs['capture'][-1]['perSecond']:.0f}/s")
                capture.stop()
                runs["copy"].append(copies.run()[1])
                say(f"COPY {runs['copy'][-1]:.0f}/s")
                runs["rabbitmq"].append(ConfirmedPublisher(rabbitmq, f"work-{number}", bodies).run())
                say(f"RabbitMQ {runs['rabbitmq'][-1]:.0f}/s")
                runs["procrastinate"].append(procrastinate.enqueue(payloads))
                say(f"procrastinate {runs['procrastinate'][-1]:.0f}/s")
    finally:
        copies.close()
        capture.close()
    return runs
