"""Figure 7, the data mart: catching up beside a bare script with the same rows, freshness, reports over 5,000,000 events,
the switch to the standby, memory."""

import json
import subprocess
import threading
import time
import uuid
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import httpx
import psycopg
from psycopg import sql

from observe import MemoryWatch
from scene import World, publish, say
from waiting import wait_until

from mart_site import Site, Standby, site

SCALE = Path(__file__).with_name("datamart_scale.sql")
# Rows that the bare script puts in at a time: by COPY, and by INSERT.
BATCH = 5000
INSERTS = 1000


def measure(world: World, rounds: int, items: int, seconds: float, scale: int) -> dict:
    """All of it. `items` live four events each; `seconds` of load for freshness; a mart of `scale` items for reports."""
    found: dict = {"catchUp": [], "bare": [], "inserts": [], "memory": []}
    with site(world) as mart:
        work(mart, items)
        last = wait_until(lambda: max(mart.last_position(), 0), seconds=120, what="positions of all events")
        for number in range(rounds):
            found["catchUp"].append(catch_up(mart, last, found["memory"]))
            found["bare"].append(bare(mart, last, copied))
            found["inserts"].append(bare(mart, last, inserted))
            latest = {name: found[name][-1] for name in ("catchUp", "bare", "inserts")}
            say("caught up {catchUp:.0f} events/s, bare script {bare:.0f} by COPY, {inserts:.0f} by INSERT".format(**latest))
        standby = mart.start(2)
        mart.wait_for_holder()
        with MemoryWatch(standby[0].pid) as one, MemoryWatch(standby[1].pid) as other:
            found["freshness"] = freshness(mart, 500, seconds)
            say(f"fresh after {found['freshness']['p99']:.2f} s (p99) at {found['freshness']['perSecond']:.0f} events/s")
            found["switchSeconds"] = switch(mart)
            say(f"switched in {found['switchSeconds']:.2f} s")
        found["memory"] += [one.peak, other.peak]
        mart.catch_up(60)
        found["missing"] = missing(mart)
    with site(world) as large:
        instance = large.start(1)[0]
        large.wait_for_holder()
        fill(large, scale)
        with MemoryWatch(instance.pid) as memory:
            found["reports"] = reports(large, instance)
        found["memory"].append(memory.peak)
    found["scale"] = scale * 5
    return found


def command(mart: Site, what: str, capture: str) -> tuple[bytes, bytes]:
    """A command of the tenant's source, encoded."""
    event = {
        "specversion": "1.0", "id": str(uuid.uuid4()), "source": "vinst", "type": f"millrace.workitem.{what}",
        "tenant": mart.tenant.name, "data": {"captureId": capture},
    }  # fmt: skip
    if what == "submit":
        number = int(capture.rsplit("-", 1)[1])
        event["data"]["attributes"] = {
            "channel": "incident", "impact": ["Low", "High", "Idle"][number % 3], "product": f"P{number % 12}",
        }  # fmt: skip
    return capture.encode(), json.dumps(event).encode()


def work(mart: Site, items: int) -> None:
    """Items that live and end, through Kafka: four events each."""
    say(f"{items:,} items live")
    topic = mart.world.topic("workitems.commands")
    run = uuid.uuid4().hex[:8]
    for what in ("submit", "hold", "resume", "complete"):
        publish(mart.world.stack.kafka, topic, [command(mart, what, f"{run}-{number}") for number in range(items)])
    wait_until(lambda: finished(mart) >= items, seconds=600, what=f"{items} completed items", every=0.5)


def finished(mart: Site) -> int:
    with psycopg.connect(mart.world.admin_url) as connection:
        return connection.execute(
            "SELECT count(*) FROM work_item i JOIN tenant t ON t.id = i.tenant WHERE t.name = %s AND i.status = 'completed'",
            [mart.tenant.name],
        ).fetchone()[0]


def catch_up(mart: Site, last: int, memory: list[int]) -> float:
    """Events a second from nothing to the last position, from the first that is there on."""
    with psycopg.connect(mart.url, autocommit=True) as connection:
        connection.execute("DROP SCHEMA IF EXISTS mart CASCADE; DROP SCHEMA IF EXISTS mart_control CASCADE")
    instance = mart.start(1)[0]
    with MemoryWatch(instance.pid) as watch:
        wait_until(lambda: mart.position() > 0, seconds=60, what="the first events", every=0.01)
        # One connection for all looks: what is measured shares the processors with who looks at it.
        with mart.sql() as connection:

            def position() -> int:
                return connection.execute("SELECT position FROM projection_progress").fetchone()["position"]

            first, begin = position(), time.monotonic()
            wait_until(lambda: position() >= last, seconds=600, what=f"event {last}", every=0.02)
            took = time.monotonic() - begin
    memory.append(watch.peak)
    instance.stop()
    mart.instances.remove(instance)
    return (last - first) / took


def bare(mart: Site, last: int, way: Callable[[psycopg.Connection, list[str]], float]) -> float:
    """Events a second of a script that puts the same rows into the same tables, batch by batch."""
    dump = subprocess.run(
        ["pg_dump", "--schema-only", "--schema=mart", "--no-owner", "--no-privileges", mart.url],
        capture_output=True, text=True, check=True, timeout=60,
    ).stdout  # fmt: skip
    # Another schema beside the mart; what is there of the rows is put in as it was taken out.
    with psycopg.connect(mart.url, autocommit=True) as connection:
        connection.execute("DROP SCHEMA IF EXISTS bare CASCADE")
        script = "\n".join(line for line in dump.splitlines() if not line.startswith("\\"))
        connection.execute(script.replace("mart.", "bare.").replace("CREATE SCHEMA mart", "CREATE SCHEMA bare"))
        connection.execute("SET session_replication_role = replica")
        tables = [row[0] for row in connection.execute(
            "SELECT relname FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace "
            "WHERE nspname = 'mart' AND relkind = 'r' ORDER BY relname")]  # fmt: skip
        took = way(connection, tables)
        connection.execute("DROP SCHEMA bare CASCADE")
    return last / took


def copied(connection: psycopg.Connection, tables: list[str]) -> float:
    """Seconds of COPY, table by table: as quick as these rows can be put in."""
    batches = [batch for table in tables for batch in taken(connection, table)]
    begin = time.monotonic()
    for table, rows in batches:
        into = sql.SQL("COPY bare.{} FROM STDIN").format(sql.Identifier(table))
        with connection.transaction(), connection.cursor().copy(into) as copy:
            copy.write(rows)
    return time.monotonic() - begin


def taken(connection: psycopg.Connection, table: str) -> list[tuple[str, bytes]]:
    """The rows of a table in batches."""
    with connection.cursor().copy(sql.SQL("COPY mart.{} TO STDOUT").format(sql.Identifier(table))) as copy:
        rows = [bytes(row) for row in copy]
    return [(table, b"".join(rows[start : start + BATCH])) for start in range(0, len(rows), BATCH)]


def inserted(connection: psycopg.Connection, tables: list[str]) -> float:
    """Seconds of INSERT, a thousand rows to a transaction, events and what they did to items in the order of positions."""
    rows: list[tuple[int, str, tuple]] = []
    statements: dict[str, str] = {}
    for table in tables:
        columns = [row[0] for row in connection.execute(
            "SELECT attname FROM pg_attribute WHERE attrelid = ('mart.' || quote_ident(%s))::regclass AND attnum > 0"
            " AND NOT attisdropped ORDER BY attnum", [table])]  # fmt: skip
        order = next((name for name in ("position", "last_position") if name in columns and "only_row" not in columns), "0")
        texts = ", ".join(f"{column}::text" for column in columns)
        into = sql.SQL("INSERT INTO bare.{} VALUES ({})").format(
            sql.Identifier(table), sql.SQL(", ").join([sql.Placeholder()] * len(columns))
        )
        statements[table] = into.as_string(connection)
        rows += [(row[0], table, row[1:]) for row in connection.execute(f"SELECT {order}, {texts} FROM mart.{table}")]
    rows.sort(key=lambda row: row[0])
    begin = time.monotonic()
    with connection.cursor() as cursor:
        for start in range(0, len(rows), INSERTS):
            batch: dict[str, list[tuple]] = {}
            for _, table, values in rows[start : start + INSERTS]:
                batch.setdefault(table, []).append(values)
            with connection.transaction():
                for table, values in batch.items():
                    cursor.executemany(statements[table], values)
    return time.monotonic() - begin


def freshness(mart: Site, rate: int, seconds: float) -> dict:
    """From an event's time until it is visible, at so many events a second."""
    mart.catch_up(60)
    before = mart.position()
    counted = entered(mart)
    seen: list[tuple[float, int]] = []
    stopping = threading.Event()

    def watch() -> None:
        with mart.sql() as connection:
            while not stopping.is_set():
                row = connection.execute("SELECT position FROM projection_progress").fetchone()
                seen.append((time.time(), row["position"]))
                stopping.wait(0.01)

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    run = uuid.uuid4().hex[:8]
    topic = mart.world.topic("workitems.commands")
    begin = time.monotonic()
    sent = 0
    while (passed := time.monotonic() - begin) < seconds:
        due = int(passed * rate) - sent
        if due > 0:
            messages = [command(mart, "submit", f"{run}-{number}") for number in range(sent, sent + due)]
            publish(mart.world.stack.kafka, topic, messages)
            sent += due
        time.sleep(0.02)
    wait_until(lambda: entered(mart) - counted >= sent, seconds=60, what=f"{sent} items in the aggregates", every=0.1)
    stopping.set()
    watcher.join()
    times = event_times(mart, before)
    delays = delays_of(times, seen)
    return {
        "perSecond": sent / seconds, "events": len(delays), "p50": quantile(delays, 0.5), "p99": quantile(delays, 0.99),
        "most": max(delays),
    }  # fmt: skip


def entered(mart: Site) -> int:
    """What the 15-minute aggregates have counted."""
    with mart.sql() as connection:
        return connection.execute("SELECT coalesce(sum(entered), 0)::bigint AS n FROM agg_15m").fetchone()["n"]


def event_times(mart: Site, after: int) -> list[tuple[int, float]]:
    """Positions and times of the events after a position."""
    found: list[tuple[int, float]] = []
    while True:
        page = mart.http.get("/events", params={"after": found[-1][0] if found else after, "limit": 5000}).json()["items"]
        if not page:
            return found
        found += [(event["position"], datetime.fromisoformat(event["time"]).timestamp()) for event in page]


def delays_of(times: list[tuple[int, float]], seen: list[tuple[float, int]]) -> list[float]:
    """For each event, how long after it a look at the mart first had it."""
    delays, look = [], 0
    for position, happened in times:
        while look < len(seen) and seen[look][1] < position:
            look += 1
        if look == len(seen):
            break
        delays.append(max(0.0, seen[look][0] - happened))
    return sorted(delays)


def quantile(values: list[float], share: float) -> float:
    return values[min(len(values) - 1, int(len(values) * share))]


def switch(mart: Site) -> float:
    """The holder is killed while events come: seconds until the other one applies the next."""
    holder = mart.wait_for_holder()
    topic = mart.world.topic("workitems.commands")
    run = uuid.uuid4().hex[:8]
    publish(mart.world.stack.kafka, topic, [command(mart, "submit", f"{run}-{number}") for number in range(200)])
    holder.kill()
    begin, before = time.monotonic(), mart.position()
    publish(mart.world.stack.kafka, topic, [command(mart, "submit", f"{run}-{number}") for number in range(200, 700)])
    wait_until(lambda: mart.position() > before, seconds=60, what="the other instance", every=0.01)
    return time.monotonic() - begin


def missing(mart: Site) -> int:
    """Positions that no fact has, or that several have."""
    with mart.sql() as connection:
        row = connection.execute(
            "SELECT (SELECT position FROM projection_progress) - count(DISTINCT position) + count(*) - count(DISTINCT position)"
            " AS n FROM (SELECT position FROM task_event_fact UNION ALL SELECT position FROM agent_event_fact"
            " UNION ALL SELECT position FROM email_event_fact) f"
        ).fetchone()
        return row["n"]


def fill(mart: Site, items: int) -> None:
    """A mart of 30 days, five events an item."""
    say(f"a mart of {items * 5:,} events")
    with psycopg.connect(mart.url, autocommit=True, options="-c search_path=mart,mart_control") as connection:
        connection.execute(SCALE.read_text().replace(":items", str(items)))
        # As the server leaves tables that have been there for a while.
        connection.execute("VACUUM ANALYZE")


def asked() -> dict[str, tuple[str, dict]]:
    """The reports as they are asked for, those over long periods among them."""
    month, day = {"from": "-29d"}, {"from": "-23h"}
    return {
        "intraday, day by 15 min": ("intraday-process", {**day, "by": "interval", "interval": "15m"}),
        "intraday, 29 days by hour": ("intraday-process", {**month, "by": "interval", "interval": "hour"}),
        "intraday, 29 days by category": ("intraday-process", {**month, "by": "category", "depth": 2}),
        "segments, 29 days": ("customer-segment-service-level", {**month, "by": "segment,category"}),
        "capture points, 29 days": ("capture-point-duration", month),
        "resources, 29 days": ("resource-performance", month),
        "priorities, 29 days": ("queue-priority-range", month),
        "age": ("task-age", {**day, "by": "ageBand,category"}),
        "email, 29 days": ("email", month),
        "email, 29 days by category": ("email", {**month, "by": "mailbox,category"}),
        "teams, 29 days": ("resource-performance", {**month, "by": "team"}),
        "intraday of another zone": ("intraday-process", {**month, "by": "category", "timeZone": "Asia/Tokyo"}),
        "items of a category, a day": ("task-work-detail", {**day, "by": "item", "category": "C3/S1"}),
        "assignments, 29 days": ("task-work-detail", month),
        "finished, a day": ("task-work-detail", {**day, "by": "finished"}),
    }


def reports(mart: Site, instance: Standby) -> dict[str, list[float]]:
    """Milliseconds of each report over HTTP, after one to warm up."""
    headers = {"Authorization": f"Bearer {mart.tenant.admin_key}"}
    found: dict[str, list[float]] = {}
    with httpx.Client(base_url=f"{instance.url}/iwd/v3", headers=headers, timeout=60) as client:
        for name, (report, parameters) in asked().items():
            timed = [once(client, report, parameters) for _ in range(8)]
            found[name] = timed[1:]
            say(f"{name}: {max(found[name]):.0f} ms at most")
    return found


def once(client: httpx.Client, report: str, parameters: dict) -> float:
    begin = time.monotonic()
    answer = client.get(f"/reports/{report}", params=parameters)
    took = (time.monotonic() - begin) * 1000
    if answer.status_code != 200:
        raise RuntimeError(f"{report}: {answer.text}")
    return took
