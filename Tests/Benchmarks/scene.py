"""Where the benchmarks happen: a world of its own on the running stack, a tenant, and the messages sent to it.

The world is that of the integration tests: its own database, topics, keys in Redis and instances of core.
"""

import json
import random
import sys
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "Integration"))

import psycopg  # noqa: E402
import redis  # noqa: E402
import yaml  # noqa: E402
from confluent_kafka import Producer  # noqa: E402
from stack import Stack  # noqa: E402
from world import DEMO_CONFIGURATION, Tenant, World  # noqa: E402

PRODUCTS = [f"PROD{number}" for number in (32, 321, 424, 453, 542, 607, 660, 698, 776, 802, 97, 264)]
TEAMS = ["S42", "S43", "S36", "G96", "G97", "S56", "D1", "D2", "D4", "N36", "G92", "V30", "G230 2nd", "V3_2", "G21 2nd"]
COUNTRIES = ["Sweden", "POLAND", "Belgium", "Brazil", "USA", "INDIA", "France", "China"]
ORGANISATIONS = ["Org line A2", "Org line B", "Org line C", "Org line G4", "Other"]
IMPACTS = ["Major", "High", "Medium", "Medium", "Medium", "Low", "Low"]


_begin = time.monotonic()


def say(text: str) -> None:
    """Progress, on standard error, with the seconds since the start."""
    print(f"[{time.monotonic() - _begin:6.0f} s] {text}", file=sys.stderr, flush=True)


@contextmanager
def bench_world(name: str) -> Iterator[World]:
    """A world on the running stack; its instances are for the caller to start, and end with it."""
    stack = Stack.find()
    if isinstance(stack, str):
        raise SystemExit(stack)
    folder = stack.folder / "log" / "benchmarks" / name
    folder.mkdir(parents=True, exist_ok=True)
    say(name)
    for old in folder.glob("*.log"):
        old.unlink()
    world = World(stack, folder)
    try:
        yield world
    finally:
        world.close()


def demo_tenant(world: World, agents: int | None = None, capacity: int = 1) -> Tenant:
    """The demo's tenant, open day and night so that a run's hour changes nothing.

    With `agents`, that many who can do everything take the place of the demo's.
    """
    document = yaml.safe_load(DEMO_CONFIGURATION.read_text())
    for calendar in document["calendars"]:
        if "weekly" in calendar:
            calendar["weekly"] = {day: ["00:00-24:00"] for day in ("mon", "tue", "wed", "thu", "fri", "sat", "sun")}
            calendar.pop("closed", None)
    if agents is not None:
        names = [endpoint["name"] for endpoint in document["endpoints"]]
        for endpoint in document["endpoints"]:
            endpoint.pop("limit", None)
            endpoint["acceptWithin"] = "60s"
        document["agents"] = [
            {"id": f"a{n:04}", "name": f"Agent {n}", "skills": document["skills"], "endpoints": names, "capacity": capacity}
            for n in range(agents)
        ]
    return world.tenant(document)


def incident(chance: random.Random) -> dict:
    """The attributes of one incident, as wide as those of the sample log."""
    return {
        "impact": chance.choice(IMPACTS),
        "product": chance.choice(PRODUCTS),
        "team": chance.choice(TEAMS),
        "country": chance.choice(COUNTRIES),
        "organisation": chance.choice(ORGANISATIONS),
        "summary": f"Ticket {chance.randrange(10**9)}: the application does not answer",
    }


def submits(tenant: Tenant, count: int, seed: int) -> list[tuple[bytes, bytes]]:
    """Keys and encoded commands, ready to be published."""
    chance = random.Random(seed)
    messages = []
    for number in range(count):
        capture = f"{seed}-{number}"
        event = {
            "specversion": "1.0",
            "id": str(uuid.UUID(int=chance.getrandbits(128))),
            "source": tenant.source,
            "type": "millrace.workitem.submit",
            "tenant": tenant.name,
            "data": {"captureId": capture, "attributes": incident(chance)},
        }
        messages.append((capture.encode(), json.dumps(event).encode()))
    return messages


def publish(bootstrap: str, topic: str, messages: list[tuple[bytes, bytes]]) -> float:
    """Publishes and waits for the broker's confirmations; returns the seconds it took."""
    failures: list[str] = []
    producer = Producer(
        {
            "bootstrap.servers": bootstrap, "acks": "all", "enable.idempotence": True, "linger.ms": 5,
            "queue.buffering.max.messages": 2_000_000, "queue.buffering.max.kbytes": 2_000_000,
        }
    )  # fmt: skip
    begin = time.monotonic()

    def delivered(error: object, _: object) -> None:
        if error is not None:
            failures.append(str(error))

    for number, (key, value) in enumerate(messages):
        producer.produce(topic, value=value, key=key, on_delivery=delivered)
        if number % 1000 == 0:
            producer.poll(0)
    left = producer.flush(120)
    if left or failures:
        raise RuntimeError(f"{left} messages were not delivered, {len(failures)} failed: {failures[:3]}")
    return time.monotonic() - begin


def tenant_number(world: World, tenant: Tenant) -> int:
    """The tenant's id in tables and keys."""
    with psycopg.connect(world.admin_url) as connection:
        return connection.execute("SELECT id FROM tenant WHERE name = %s", [tenant.name]).fetchone()[0]


def written_columns(connection: psycopg.Connection, table: str) -> list[str]:
    """The columns of a table that are written, in their order: generated ones are not."""
    rows = connection.execute(
        "SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped "
        "AND attgenerated = '' ORDER BY attnum",
        [table],
    )
    return [row[0] for row in rows]


class Lanes:
    """What lies in a tenant's lanes, read from Redis."""

    def __init__(self, world: World, number: int) -> None:
        self.redis = redis.Redis.from_url(world.stack.redis_url)
        self.base = f"{{{world.redis_prefix}t{number}}}"

    def names(self) -> list[str]:
        return [name.decode() for name in self.redis.hkeys(f"{self.base}:lanes")]

    def size(self) -> int:
        """Items in all lanes."""
        with self.redis.pipeline(transaction=False) as pipe:
            for name in self.names():
                pipe.zcard(f"{self.base}:lane:{name}")
            return sum(pipe.execute())

    def complete(self) -> bool:
        """Whether the last rebuild has ended."""
        return bool(self.redis.exists(f"{self.base}:epoch"))
