"""Figure 3: from the submit over Kafka to the offer in an agent's hands, with idle agents, beside Kafka and one commit.

Ten in a hundred agents are measured: they listen to their offers as server-sent events and answer over a second
connection, accept and complete. The others are `millrace agents simulate`. All are alike to distribution, which takes
the one idle longest, so the measured ones get a fair sample at a tenth of the cost to the machine.
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
MEASURED = 20
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
    """All agents in one thread, each with its own key. `arrivals` says when each item's offer was first here."""

    def __init__(self, port: int, keys: dict[str, str]) -> None:
        self._port, self._keys = port, keys
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
    world: World, tenant: Tenant, desk: Desk, completed: Callable[[], int], rate: int, seconds: float
) -> list[float]:
    """Seconds from `produce` to the offer's arrival, for each item that came to a measured agent."""
    before = completed()
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
    wait_until(lambda: completed() >= before + len(messages), seconds=60, what="every item completed", every=0.2)
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
    """Rounds of both, one after the other."""
    tenant = demo_tenant(world, agents=AGENTS, capacity=CAPACITY)
    number = tenant_number(world, tenant)
    core = world.cores.start(1)[0]
    value = submits(tenant, 1, 1)[0][1]
    runs: dict[str, list] = {"offer": [], "limit": []}
    agents = [agent["id"] for agent in tenant.configuration["agents"]]
    with (
        psycopg.connect(world.admin_url, autocommit=True) as connection,
        simulated_agents(world, core.url, tenant.admin_key, AGENTS - MEASURED),
        Desk(core.port, agent_keys(world, tenant, core, agents[AGENTS - MEASURED :])) as desk,
        MemoryWatch(core.pid) as memory,
    ):

        def count(table: str, condition: str) -> int:
            query = f"SELECT count(*) FROM {table} WHERE tenant = %s AND {condition}"
            return connection.execute(query, [number]).fetchone()[0]

        def completed() -> int:
            return count("work_item", "completed_at IS NOT NULL")

        wait_until(lambda: count("agent", "state = 'ready'") == AGENTS, seconds=60, what="all agents ready", every=0.2)
        submit_to_offer(world, tenant, desk, completed, rate, min(3.0, seconds))
        for _ in range(rounds):
            runs["offer"].append(summary(submit_to_offer(world, tenant, desk, completed, rate, seconds)))
            say(f"submit to offer: p50 {runs['offer'][-1]['p50']:.1f} ms, p99 {runs['offer'][-1]['p99']:.1f} ms")
            runs["limit"].append(summary(produce_consume_commit(world, rate, seconds, value)))
            say(f"Kafka and one commit: p50 {runs['limit'][-1]['p50']:.1f} ms, p99 {runs['limit'][-1]['p99']:.1f} ms")
    return {**runs, "coreBytes": memory.peak, "refused": desk.refused[:20]}


def agent_keys(world: World, tenant: Tenant, core: Core, agents: list[str]) -> dict[str, str]:
    """A key for each agent: what an agent answers itself is no news to its stream."""
    keys = {}
    for agent in agents:
        answer = world.http(tenant.admin_key, core).post("/keys", json={"name": agent, "roles": ["agent"], "agent": agent})
        answer.raise_for_status()
        keys[agent] = answer.json()["key"]
    return keys


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
