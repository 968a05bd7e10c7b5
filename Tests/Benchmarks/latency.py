"""Figure 3: from the submit over Kafka to the offer in an agent's hands, with idle agents, beside Kafka and one commit.

Every agent listens to its offers as server-sent events and has room for all that comes; nothing is answered while the
clock runs, and all is cancelled afterwards. The same is then measured with agents at work: a tenth of them is measured and
accepts and completes over a second connection, the others are `millrace agents simulate`. All are alike to distribution,
which takes the one idle longest, so the measured ones get a fair sample at a tenth of the cost to the machine.
"""

import asyncio
import json
import os
import random
import signal
import statistics
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import psycopg

from cores import Core
from limit_kafka import paced, produce_consume_commit
from observe import MemoryWatch
from scene import Producer, Tenant, World, demo_tenant, say, submits, tenant_number
from waiting import wait_until

AGENTS = 200
# Of those at work; the others are simulated by the executable.
MEASURED = 20
# For those at work, as many as they can have in hand at a time.
CAPACITY = 3


class Connection:
    """A bare HTTP/1.1 connection: what an agent needs, at little cost to the machine that is measured."""

    def __init__(self, port: int, key: str) -> None:
        self._port = port
        self._head = f"Host: 127.0.0.1\r\nAuthorization: Bearer {key}\r\n".encode()

    async def open(self) -> "Connection":
        self.reader, self.writer = await asyncio.open_connection("127.0.0.1", self._port)
        return self

    async def request(self, method: str, path: str, body: bytes = b"") -> tuple[int, bytes]:
        """Status and body of an answer with a content length."""
        self.writer.write(
            f"{method} /iwd/v3{path} HTTP/1.1\r\n".encode() + self._head
            + (b"Content-Type: application/json\r\n" if body else b"")
            + f"Content-Length: {len(body)}\r\n\r\n".encode() + body
        )  # fmt: skip
        head = await self.reader.readuntil(b"\r\n\r\n")
        length = 0
        for line in head.split(b"\r\n"):
            if line.lower().startswith(b"content-length:"):
                length = int(line.split(b":")[1])
        return int(head[9:12]), await self.reader.readexactly(length) if length else b""

    async def events(self, path: str, name: str):
        """The data of each server-sent event of that name; the stream tells of withdrawn offers too."""
        self.writer.write(
            f"GET /iwd/v3{path} HTTP/1.1\r\n".encode() + self._head + b"Accept: text/event-stream\r\n\r\n"
        )
        head = await self.reader.readuntil(b"\r\n\r\n")
        if b" 200 " not in head.split(b"\r\n")[0]:
            raise RuntimeError(head.decode())
        event = b""
        while True:
            line = await self.reader.readline()
            if not line:
                return
            if line.startswith(b"event:"):
                event = line[6:].strip()
            elif line.startswith(b"data:") and event == name.encode():
                yield line[5:]

    def close(self) -> None:
        self.writer.close()


class Desk:
    """Agents in one thread, each with its own key. `arrivals` says when each item's offer was first here.

    `works`: whether they accept and complete what they are offered.
    """

    def __init__(self, port: int, keys: dict[str, str], works: bool) -> None:
        self._port, self._keys, self._works = port, keys, works
        self.arrivals: dict[str, float] = {}
        self.completed = 0
        self.refused: list[str] = []
        self.ready = threading.Event()
        self._stop = False
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()), daemon=True)

    def __enter__(self) -> "Desk":
        self._thread.start()
        if not self.ready.wait(60):
            raise RuntimeError("the agents did not become ready")
        return self

    def __exit__(self, *_: object) -> None:
        self._stop = True
        self._thread.join(30)

    async def _run(self) -> None:
        tasks = [asyncio.create_task(self._agent(agent)) for agent in self._keys]
        # Ready is who listens.
        while self._listening < len(self._keys) and not any(task.done() for task in tasks):
            await asyncio.sleep(0.05)
        await asyncio.sleep(1)
        self.ready.set()
        while not self._stop:
            await asyncio.sleep(0.1)
            for task in tasks:
                if task.done() and not task.cancelled() and task.exception():
                    self.refused.append(repr(task.exception()))
                    task.cancel()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    _listening = 0

    async def _agent(self, agent: str) -> None:
        answers = await Connection(self._port, self._keys[agent]).open()
        status, body = await answers.request("PUT", f"/agents/{agent}/state", b'{"state":"ready"}')
        if status != 200:
            raise RuntimeError(f"{agent}: {status} {body!r}")
        stream = await Connection(self._port, self._keys[agent]).open()
        queue: asyncio.Queue = asyncio.Queue()
        worker = asyncio.create_task(self._answer(answers, queue))
        self._listening += 1
        try:
            async for data in stream.events(f"/agents/{agent}/offers", "offer"):
                now = time.time()
                offer = json.loads(data)
                self.arrivals.setdefault(offer["workItem"]["captureId"], now)
                if self._works:
                    queue.put_nowait(offer)
        finally:
            worker.cancel()
            stream.close()
            answers.close()

    async def _answer(self, connection: Connection, queue: asyncio.Queue) -> None:
        while True:
            offer = await queue.get()
            for path in (f"/offers/{offer['id']}/accept", f"/workitems/{offer['workItemId']}/complete"):
                status, body = await connection.request("POST", path)
                if status >= 300:
                    self.refused.append(f"{path}: {status} {body[:200]!r}")
                    break
            else:
                self.completed += 1


def submit_to_offer(
    world: World, tenant: Tenant, desk: Desk, finish: Callable[[int], None], rate: int, seconds: float
) -> list[float]:
    """Seconds from `produce` to the offer's arrival, for each item that came to a measured agent.

    `finish` waits for the end of so many items.
    """
    messages = submits(tenant, int(rate * seconds), random.randrange(1 << 40))
    sent: dict[str, float] = {}
    producer = Producer({"bootstrap.servers": world.stack.kafka, "acks": "all", "enable.idempotence": True, "linger.ms": 1})
    topic = world.topic("workitems.commands")
    for number in paced(rate, len(messages)):
        key, value = messages[number]
        sent[key.decode()] = time.time()
        producer.produce(topic, value=value, key=key)
        producer.poll(0)
    producer.flush(30)
    finish(len(messages))
    return [desk.arrivals[key] - at for key, at in sent.items() if key in desk.arrivals]


def summary(latencies: list[float]) -> dict:
    ordered = sorted(latencies)
    return {
        "count": len(ordered),
        "p50": 1000 * statistics.median(ordered),
        "p99": 1000 * ordered[int(0.99 * len(ordered))],
        "max": 1000 * ordered[-1],
    }


def measure(world: World, rounds: int, rate: int, seconds: float) -> dict:
    """Rounds with idle agents and of the limit in turn, then rounds with agents at work."""
    runs: dict[str, list] = {"offer": [], "limit": [], "atWork": []}
    core = world.cores.start(1)[0]
    with MemoryWatch(core.pid) as memory, psycopg.connect(world.admin_url, autocommit=True) as connection:
        with idle_agents(world, core, connection, int(rate * seconds)) as idle:
            idle(rate, min(3.0, seconds))
            for _ in range(rounds):
                runs["offer"].append(summary(idle(rate, seconds)))
                say(f"submit to offer: p50 {runs['offer'][-1]['p50']:.1f} ms, p99 {runs['offer'][-1]['p99']:.1f} ms")
                runs["limit"].append(summary(produce_consume_commit(world, rate, seconds, submits(idle.tenant, 1, 1)[0][1])))
                say(f"Kafka and one commit: p50 {runs['limit'][-1]['p50']:.1f} ms, p99 {runs['limit'][-1]['p99']:.1f} ms")
        with agents_at_work(world, core, connection) as busy:
            busy(rate, min(3.0, seconds))
            for _ in range(rounds):
                runs["atWork"].append(summary(busy(rate, seconds)))
                say(f"with agents at work: p50 {runs['atWork'][-1]['p50']:.1f} ms, p99 {runs['atWork'][-1]['p99']:.1f} ms")
    return {**runs, "coreBytes": memory.peak, "refused": (idle.desk.refused + busy.desk.refused)[:20]}


class Scene:
    """A tenant with ready agents; a call measures one round."""

    def __init__(self, world: World, core: Core, connection: psycopg.Connection, capacity: int) -> None:
        self.world = world
        self._connection = connection
        self.tenant = demo_tenant(world, agents=AGENTS, capacity=capacity)
        self.number = tenant_number(world, self.tenant)
        self.admin = world.http(self.tenant.admin_key, core)
        # The instance learns of the tenant by itself.
        wait_until(lambda: self.admin.get("/agents", params={"limit": 1}).is_success, seconds=30, what="the tenant")

    desk: Desk
    finish: Callable[[int], None]

    def __call__(self, rate: int, seconds: float) -> list[float]:
        return submit_to_offer(self.world, self.tenant, self.desk, self.finish, rate, seconds)

    def count(self, table: str, condition: str) -> int:
        query = f"SELECT count(*) FROM {table} WHERE tenant = %s AND {condition}"
        return self._connection.execute(query, [self.number]).fetchone()[0]

    def wait_for_agents(self) -> None:
        wait_until(lambda: self.count("agent", "state = 'ready'") == AGENTS, seconds=60, what="all agents ready", every=0.2)

    def keys(self, first: int) -> dict[str, str]:
        """Agents' own keys, from the `first` agent on: what an agent answers itself is no news to its stream."""
        keys = {}
        for agent in self.tenant.configuration["agents"][first:]:
            body = {"name": agent["id"], "roles": ["agent"], "agent": agent["id"]}
            keys[agent["id"]] = self.admin.post("/keys", json=body).raise_for_status().json()["key"]
        return keys


@contextmanager
def idle_agents(world: World, core: Core, connection: psycopg.Connection, items: int) -> Iterator[Scene]:
    """All agents listen, have room for everything and answer nothing; a round ends with everything cancelled."""
    scene = Scene(world, core, connection, capacity=2 * items // AGENTS + 20)

    def finish(items: int) -> None:
        is_offered = "status = 'offered'"
        wait_until(lambda: scene.count("work_item", is_offered) == items, seconds=60, what="every item offered", every=0.2)
        query = f"SELECT id FROM work_item WHERE tenant = %s AND {is_offered} LIMIT 1000"
        while ids := [str(row[0]) for row in connection.execute(query, [scene.number])]:
            scene.admin.post("/workitems/bulk", json={"action": "cancel", "ids": ids}).raise_for_status()

    scene.finish = finish
    with Desk(core.port, scene.keys(0), works=False) as scene.desk:
        scene.wait_for_agents()
        yield scene


@contextmanager
def agents_at_work(world: World, core: Core, connection: psycopg.Connection) -> Iterator[Scene]:
    """Agents accept and complete what they get; a round ends with everything completed."""
    scene = Scene(world, core, connection, CAPACITY)
    done = 0

    def finish(items: int) -> None:
        nonlocal done
        done += items
        wait_until(
            lambda: scene.count("work_item", "completed_at IS NOT NULL") >= done, seconds=60, what="every item completed",
            every=0.2,
        )  # fmt: skip

    scene.finish = finish
    with (
        simulated_agents(world, core.url, scene.tenant.admin_key, AGENTS - MEASURED),
        Desk(core.port, scene.keys(AGENTS - MEASURED), works=True) as scene.desk,
    ):
        scene.wait_for_agents()
        yield scene


@contextmanager
def simulated_agents(world: World, url: str, key: str, count: int) -> Iterator[subprocess.Popen]:
    """The first agents of the configuration, by `millrace agents simulate`, until the end."""
    process = subprocess.Popen(
        [
            world.stack.executable, "agents", "simulate", "--agents", str(count), "--handle-time", "0", "--for", "1h",
            "--json", "--quiet", "--url", url, "--key", key,
        ],
        env={name: value for name, value in os.environ.items() if not name.startswith("MILLRACE_")},
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        yield process
    finally:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(40)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
