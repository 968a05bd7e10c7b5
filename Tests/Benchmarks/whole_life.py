"""Figure 2: the whole life of items with 500 simulated agents over HTTP, beside procrastinate with two workers."""

import json
import os
import random
import subprocess
import threading
import time

import psycopg

from observe import MemoryWatch
from peer_procrastinate import Procrastinate
from peer_skip_locked import SkipLocked
from scene import Tenant, World, demo_tenant, incident, publish, say, submits, tenant_number
from waiting import wait_until

AGENTS = 500


class WholeLife:
    """One tenant with 500 agents, one instance; each run takes as many items again from submit to completion."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.tenant: Tenant = demo_tenant(world, agents=AGENTS)
        self.number = tenant_number(world, self.tenant)
        self.core = world.cores.start(1)[0]
        self._connection = psycopg.connect(world.admin_url, autocommit=True)

    def close(self) -> None:
        self._connection.close()

    def run(self, count: int) -> dict:
        """Items a second from the first submit to the last completion; agents are ready before the first."""
        messages = submits(self.tenant, count, random.randrange(1 << 40))
        before = self._completed()
        process = subprocess.Popen(
            [
                self.world.stack.executable, "agents", "simulate", "--agents", str(AGENTS), "--handle-time", "0",
                "--until-done", str(count), "--json", "--quiet", "--url", self.core.url, "--key", self.tenant.admin_key,
            ],
            env={key: value for key, value in os.environ.items() if not key.startswith("MILLRACE_")},
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        output: list[str] = []
        reading = threading.Thread(target=lambda: output.extend(process.communicate()))
        reading.start()
        try:
            with MemoryWatch(self.core.pid) as memory:
                wait_until(lambda: self._ready(process) == AGENTS, seconds=60, what="all agents ready", every=0.1)
                begin = time.monotonic()
                publish(self.world.stack.kafka, self.world.topic("workitems.commands"), messages)
                wait_until(
                    lambda: process.poll() is not None or self._completed() >= before + count,
                    seconds=300, what="all items completed", every=0.05,
                )  # fmt: skip
                seconds = time.monotonic() - begin
                reading.join(90)
        finally:
            if process.poll() is None:
                process.kill()
            reading.join(10)
        done = self._completed() - before
        if done < count:
            raise RuntimeError(f"{done} of {count} items were completed: {output[1][-500:]}")
        return {
            "items": count,
            "perSecond": count / seconds,
            "coreBytes": memory.peak,
            "agents": json.loads(output[0].strip().splitlines()[-1]),
        }

    def _ready(self, process: subprocess.Popen) -> int:
        if process.poll() is not None:
            raise RuntimeError("the simulated agents ended before the work began")
        return self._connection.execute(
            "SELECT count(*) FROM agent WHERE tenant = %s AND state = 'ready'", [self.number]
        ).fetchone()[0]

    def _completed(self) -> int:
        # The index of completed items answers this without a look at the table.
        return self._connection.execute(
            "SELECT count(*) FROM work_item WHERE tenant = %s AND completed_at IS NOT NULL", [self.number]
        ).fetchone()[0]


def measure(world: World, rounds: int, count: int) -> dict:
    """Rounds of all three, one after the other within each round."""
    chance = random.Random(2)
    payloads = [{"captureId": f"p-{n}", "attributes": incident(chance)} for n in range(max(500, count // 4))]
    life = WholeLife(world)
    runs: dict[str, list] = {"wholeLife": [], "procrastinate": [], "skipLocked": []}
    try:
        with Procrastinate(world.stack) as procrastinate, SkipLocked(world.stack) as queue:
            life.run(count // 5)
            for _ in range(rounds):
                runs["wholeLife"].append(life.run(count))
                say(f"whole life {runs['wholeLife'][-1]['perSecond']:.0f}/s")
                runs["procrastinate"].append(procrastinate.whole_life(payloads))
                say(f"procrastinate {runs['procrastinate'][-1]:.0f}/s")
                queue.fill(2 * count)
                runs["skipLocked"].append(queue.finish(count))
                say(f"SKIP LOCKED {runs['skipLocked'][-1]:.0f}/s")
    finally:
        life.close()
    return runs
