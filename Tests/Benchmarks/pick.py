"""Figures 4 and 5: the pick, waiting, and the rebuild with a standing backlog of a million items.

One tenant waits with 1,000 items, another with the large backlog, both served by one instance, so that picks from the
two can take turns. The large backlog is copied in SQL from real rows that capture wrote, and enters Redis by the rebuild.
"""

import statistics
import threading
import time

import httpx
import psycopg
import redis

from observe import DatabaseCounters, MemoryWatch, difference, redis_counters, resident_bytes
from scene import Lanes, Tenant, World, demo_tenant, publish, submits, tenant_number, written_columns
from waiting import wait_until

SMALL = 1_000
BLOCK = 100
AGENT = "a0000"


class Backlog:
    """One tenant with its waiting items and agents who may pull from them."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.tenant: Tenant = demo_tenant(world, agents=1)
        self.number = tenant_number(world, self.tenant)
        self.lanes = Lanes(world, self.number)
        self.submitted = 0
        self._in_hand: str | None = None
        self._http: httpx.Client | None = None

    @property
    def http(self) -> httpx.Client:
        if self._http is None:
            self._http = self.world.http(self.tenant.admin_key)
        return self._http

    def submit(self, count: int) -> None:
        """Adds real items over Kafka and waits until they are in their lanes."""
        before = self.lanes.size()
        topic = self.world.topic("workitems.commands")
        publish(self.world.stack.kafka, topic, submits(self.tenant, count, 1000 + self.submitted))
        self.submitted += count
        wait_until(lambda: self.lanes.size() >= before + count, seconds=60, what="items in their lanes")

    def multiply(self, count: int) -> None:
        """Copies the waiting rows until `count` wait; written by an administrator, straight into the table."""
        with psycopg.connect(self.world.admin_url, autocommit=True) as connection:
            columns = written_columns(connection, "work_item")
            fresh = {"id": "gen_random_uuid()", "capture_id": "w.capture_id || '-' || g", "arrival": "w.arrival + g"}
            chosen = ", ".join(fresh.get(column, f"w.{column}") for column in columns)
            base = connection.execute(
                "SELECT count(*) FROM work_item WHERE tenant = %s AND status = 'queued'", [self.number]
            ).fetchone()[0]
            connection.execute("SET synchronous_commit = off")
            connection.execute(
                f"INSERT INTO work_item ({', '.join(columns)}) SELECT {chosen} FROM work_item w, generate_series(1, %s) g "
                "WHERE w.tenant = %s AND w.status = 'queued'",
                [count // base - 1, self.number],
            )
            connection.execute("VACUUM ANALYZE work_item")
            connection.execute("CHECKPOINT")

    def settle(self) -> None:
        """The tenant's one agent is ready and has an item, so that nothing is offered until it is completed."""
        state = self.http.put(f"/agents/{AGENT}/state", json={"state": "ready"})
        state.raise_for_status()
        for item in self.http.get(f"/agents/{AGENT}/workitems").raise_for_status().json()["items"]:
            if item["status"] == "assigned":
                self._in_hand = item["id"]
                return
        self._in_hand = None
        self._accept(self._offer(30))

    def rest(self) -> None:
        """The agent goes; what it had is done."""
        if self._in_hand is not None:
            self.http.put(f"/agents/{AGENT}/state", json={"state": "notReady"}).raise_for_status()
            self.http.post(f"/workitems/{self._in_hand}/complete").raise_for_status()
            self._in_hand = None
        self.http.put(f"/agents/{AGENT}/state", json={"state": "offline"}).raise_for_status()

    def pick(self, seconds: float = 30) -> float | None:
        """Completes what the agent has and takes the next offer; seconds from the one to the other, None without an offer."""
        begin = time.perf_counter()
        if self._in_hand is not None:
            self.http.post(f"/workitems/{self._in_hand}/complete").raise_for_status()
            self._in_hand = None
        offer = self._offer(seconds)
        taken = time.perf_counter() - begin
        if offer is None:
            return None
        self._accept(offer)
        return taken

    def _offer(self, seconds: float) -> dict | None:
        end = time.monotonic() + seconds
        while True:
            left = max(1, min(10, round(end - time.monotonic())))
            answer = self.http.get(f"/agents/{AGENT}/offers", params={"wait": left}).raise_for_status()
            if answer.json()["offers"]:
                return answer.json()["offers"][0]
            if time.monotonic() >= end:
                return None

    def _accept(self, offer: dict | None) -> None:
        if offer is None:
            raise RuntimeError(f"no offer came with {self.lanes.size()} items in lanes")
        self.http.post(f"/offers/{offer['id']}/accept").raise_for_status()
        self._in_hand = offer["workItemId"]


def picks_in_slowlog(client: redis.Redis, backlog: Backlog) -> list[int]:
    """Microseconds of every pick script run for a free agent since the log was emptied, by Redis' own count."""
    base = backlog.lanes.base.encode()
    found = []
    for entry in client.slowlog_get(100_000):
        words = entry["command"].split()
        # EVALSHA sha 1 base now calendars… deadline most agent a
        if words[:1] in ([b"EVALSHA"], [b"EVAL"]) and base in words and words[-1] == b"a":
            found.append(entry["duration"])
    return found


def compare_picks(small: Backlog, large: Backlog, blocks: int) -> dict:
    """Blocks of picks from the two backlogs in turn: Redis' microseconds, seconds end to end, statements a pick."""
    client = redis.Redis.from_url(small.world.stack.redis_url)
    client.config_set("slowlog-max-len", 100_000)
    # In microseconds: the script is logged, the commands inside it are not, which would cost the script time itself.
    client.config_set("slowlog-log-slower-than", 20)
    counters = DatabaseCounters(small.world.admin_url)
    sides = {"small": small, "large": large}
    result = {name: {"redisMicroseconds": [], "seconds": [], "statements": [], "commands": []} for name in sides}
    try:
        for name, backlog in sides.items():
            backlog.settle()
            for _ in range(20):
                backlog.pick()
        for block in range(blocks):
            order = list(sides.items())
            for backlog in sides.values():
                backlog.settle()
            for name, backlog in order if block % 2 == 0 else reversed(order):
                # What goes on without any pick, for as long as a block takes.
                client.slowlog_reset()
                idle_before, quiet_begin = counters.statements(), time.monotonic()
                time.sleep(1)
                quiet_seconds = time.monotonic() - quiet_begin
                before, begin = counters.statements(), time.monotonic()
                client.slowlog_reset()
                commands = redis_counters(client)
                seconds = []
                for _ in range(BLOCK):
                    taken = backlog.pick()
                    if taken is None:
                        raise RuntimeError(f"{name}: no offer came with {backlog.lanes.size()} items in lanes")
                    seconds.append(taken)
                lasted = time.monotonic() - begin
                after = counters.statements()
                idle = sum(before.values()) - sum(idle_before.values())
                done = sum(after.values()) - sum(before.values())
                side = result[name]
                side["statements"].append((done - idle * lasted / quiet_seconds) / BLOCK)
                side["commands"].append(difference(commands, redis_counters(client))["redisCommands"] / BLOCK)
                side["redisMicroseconds"].extend(picks_in_slowlog(client, backlog))
                side["seconds"].extend(seconds)
                backlog.submit(BLOCK)
    finally:
        client.config_set("slowlog-log-slower-than", 10_000)
        counters.close()
    return {
        name: {
            "picks": len(side["seconds"]),
            "redisMicroseconds": statistics.median(side["redisMicroseconds"]),
            "redisMicrosecondsMean": statistics.fmean(side["redisMicroseconds"]),
            "milliseconds": 1000 * statistics.median(side["seconds"]),
            "millisecondsP99": 1000 * sorted(side["seconds"])[int(0.99 * len(side["seconds"]))],
            "statements": statistics.median(side["statements"]),
            "redisCommands": statistics.median(side["commands"]),
        }
        for name, side in result.items()
    }


def waiting_cost(world: World, seconds: float) -> dict[str, float]:
    """What PostgreSQL and Redis are asked to do while nothing but time happens."""
    client = redis.Redis.from_url(world.stack.redis_url)
    counters = DatabaseCounters(world.admin_url)
    try:
        # The look at the counters is not to count itself: a statement more or less stands against thousands.
        before = {**counters.read(), **redis_counters(client)}
        time.sleep(seconds)
        return difference(before, {**counters.read(), **redis_counters(client)})
    finally:
        counters.close()


def rebuild(world: World, large: Backlog, pid: int) -> dict:
    """Empties Redis and waits until every item is back in its lane, while agents go on picking."""
    client = redis.Redis.from_url(world.stack.redis_url)
    with psycopg.connect(world.admin_url, autocommit=True) as connection:
        queued = connection.execute(
            "SELECT count(*) FROM work_item WHERE tenant = %s AND status = 'queued'", [large.number]
        ).fetchone()[0]
    stop = threading.Event()
    picks: list[tuple[float, float]] = []
    large.settle()
    begin = time.monotonic()

    def keep_picking() -> None:
        while not stop.is_set():
            seconds = large.pick(2)
            if seconds is not None:
                picks.append((time.monotonic() - begin, seconds))

    with MemoryWatch(pid) as memory:
        begin = time.monotonic()
        client.flushall()
        empty = client.info("memory")["used_memory"]
        picker = threading.Thread(target=keep_picking)
        picker.start()
        try:
            wait_until(
                lambda: large.lanes.complete() and large.lanes.size() + len(picks) + 1 >= queued,
                seconds=180, every=0.1, what="the rebuild",
            )  # fmt: skip
            seconds = time.monotonic() - begin
        finally:
            stop.set()
            picker.join()
    used = client.info("memory")["used_memory"]
    during = [latency for at, latency in picks if at <= seconds]
    return {
        "items": queued,
        "seconds": seconds,
        "picks": len(during),
        "firstPickAfterSeconds": picks[0][0] if picks else None,
        "pickMilliseconds": 1000 * statistics.median(during) if during else None,
        "redisBytesPerItem": (used - empty) / queued,
        "redisBytes": used - empty,
        "coreBytes": memory.peak,
        "coreBytesAfter": resident_bytes(pid),
    }
