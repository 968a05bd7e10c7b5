"""The reporting feed: pages of any size, from anywhere, have every event once and in order, and are full while there is
more; what is oldest may have been cleared away."""

import random
from collections.abc import Callable

import httpx
import psycopg
import pytest

from waiting import wait_until
from world import Tenant, World

ITEMS = 300


@pytest.fixture
def reader(world: World, tenant: Callable[..., Tenant]) -> tuple[httpx.Client, Tenant]:
    """A tenant whose events were written in batches of one, of a few and of many."""
    made = tenant()
    world.cores.ensure(1)
    http = world.http(made.admin_key)
    for number in range(5):
        assert http.post("/workitems", json={"captureId": f"one-{number}", "attributes": {}}).status_code == 201
    producer = world.producer(made)
    for number in range(ITEMS):
        producer.submit(f"many-{number}", attributes={"impact": "Low"})
    producer.flush()
    wait_until(lambda: len(page(http, 0, 5000)) >= ITEMS + 5, seconds=30, what="all items in the feed")
    return http, made


def page(http: httpx.Client, after: int, limit: int) -> list[dict]:
    return http.get("/events", params={"after": after, "limit": limit}).raise_for_status().json()["items"]


def assert_pages(http: httpx.Client, whole: list[dict], chance: random.Random) -> None:
    """Pages from random places, as long as they can be."""
    for _ in range(60):
        after = chance.randrange(0, whole[-1]["position"] + 2)
        limit = chance.choice([1, 2, 7, 50, 300, 5000])
        expected = [event for event in whole if event["position"] > after][:limit]
        assert page(http, after, limit) == expected, (after, limit)


def test_a_page_is_full_while_there_is_more(reader: tuple[httpx.Client, Tenant]) -> None:
    http, _ = reader
    whole = page(http, 0, 5000)
    assert [event["position"] for event in whole] == list(range(1, len(whole) + 1))
    assert_pages(http, whole, random.Random(1))
    for beyond in (2**31, 2**63 - 3, 2**63 - 2):
        assert page(http, beyond, 500) == []


def test_large_events_are_published_all_and_in_order(world: World, tenant: Callable[..., Tenant]) -> None:
    """More than the relay takes into memory at once."""
    made = tenant()
    world.cores.ensure(1)
    producer = world.producer(made)
    for number in range(200):
        producer.submit(f"large-{number}", attributes={f"a{part}": "x" * 4000 for part in range(15)})
    producer.flush()
    events = world.reader("workitems.events")
    wait_until(
        lambda: sum(event["tenant"] == made.name for event in events.events) >= 200, seconds=30, what="all events published"
    )
    positions = sorted(event["position"] for event in events.events if event["tenant"] == made.name)
    assert positions == list(range(1, len(positions) + 1))


def test_a_page_begins_where_what_was_cleared_away_ends(world: World, reader: tuple[httpx.Client, Tenant]) -> None:
    http, tenant = reader
    whole = page(http, 0, 5000)
    with psycopg.connect(world.admin_url, autocommit=True) as connection:
        number = connection.execute("SELECT id FROM tenant WHERE name = %s", [tenant.name]).fetchone()[0]
        # Whole batches, the oldest first, as retention does.
        batches = connection.execute(
            "SELECT batch, position, events FROM outbox WHERE tenant = %s ORDER BY position", [number]
        ).fetchall()
        assert len(batches) > 1
        gone = batches[: len(batches) // 2]
        for table in ("event", "outbox"):
            connection.execute(
                f"DELETE FROM {table} WHERE tenant = %s AND batch = ANY(%s)", [number, [batch[0] for batch in gone]]
            )
    left = [event for event in whole if event["position"] >= gone[-1][1] + gone[-1][2]]
    assert 0 < len(left) < len(whole)
    assert page(http, 0, 1) == left[:1]
    assert_pages(http, left, random.Random(2))


def test_a_page_of_large_events_ends_early(world: World, tenant: Callable[..., Tenant]) -> None:
    made = tenant()
    world.cores.ensure(1)
    http = world.http(made.admin_key)
    producer = world.producer(made)
    for number in range(240):
        producer.submit(f"large-{number}", attributes={"text": "x" * 60_000})
    producer.flush()
    wait_until(lambda: http.get("/events", params={"limit": 1}).json()["last"] >= 240, seconds=60, what="the events")
    found: list[int] = []
    while True:
        answer = http.get("/events", params={"after": found[-1] if found else 0, "limit": 5000}).raise_for_status()
        assert len(answer.content) < 10 << 20
        body = answer.json()
        if not body["items"]:
            break
        found += [event["position"] for event in body["items"]]
        assert body["next"] == found[-1] <= body["last"]
        assert found[-1] == body["last"] or len(answer.content) > 7 << 20, "a page ends early for its size only"
    assert found == list(range(1, body["last"] + 1))
