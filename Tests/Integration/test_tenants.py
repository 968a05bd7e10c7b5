"""Tenants side by side: what is wrong with the configuration of one is no trouble of the others, nor of its own past."""

import copy
import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import httpx
import psycopg
import pytest

from cores import Core
from own_world import day_and_night, own_world
from stack import Stack
from waiting import wait_until
from world import Tenant, World

OF_TENANT = "WHERE tenant = (SELECT id FROM tenant WHERE name = %s)"


@pytest.fixture(scope="module")
def side_by_side(stack: Stack) -> Iterator[World]:
    with own_world(stack, "tenants") as world:
        yield world


def health(core: Core) -> dict:
    return httpx.get(f"{core.url}/health/ready", timeout=10, trust_env=False).json()


def degraded(core: Core) -> str | None:
    """What the instance says of configurations that it cannot read."""
    report = health(core)
    check = report["checks"]["configurations"]
    assert check["required"] is False
    return check.get("problem") if report["status"] == "degraded" else None


def document(world: World, tenant: Tenant) -> str:
    with psycopg.connect(world.admin_url) as connection:
        (text,) = connection.execute(f"SELECT document FROM configuration {OF_TENANT} AND version = 1", [tenant.name]).fetchone()
    return text


def store(world: World, tenant: Tenant, text: str) -> None:
    with psycopg.connect(world.admin_url) as connection:
        connection.execute(f"UPDATE configuration SET document = %s {OF_TENANT} AND version = 1", [text, tenant.name])


@contextmanager
def later_version(world: World, tenant: Tenant, text: str) -> Iterator[None]:
    """A version that another instance has applied, for as long as this lasts."""
    with psycopg.connect(world.admin_url, autocommit=True) as connection:
        connection.execute(
            """
            INSERT INTO configuration (tenant, version, document, applied_by)
            SELECT id, 2, %s, 'test' FROM tenant WHERE name = %s
            """,
            [text, tenant.name],
        )
        connection.execute("UPDATE tenant SET configuration_version = 2 WHERE name = %s", [tenant.name])
        yield
        connection.execute("UPDATE tenant SET configuration_version = 1 WHERE name = %s", [tenant.name])


def test_a_tenant_whose_configuration_cannot_be_read_is_the_only_one_without_service(side_by_side: World) -> None:
    world = side_by_side
    first, broken, last = (world.tenant(day_and_night()) for _ in range(3))
    whole = document(world, broken)
    store(world, broken, '{"tenant": 5}')
    (core,) = world.cores.start(1)
    replies = world.reader("workitems.replies")

    def answer(command: dict) -> int:
        found = lambda event: event["data"].get("commandId") == command["id"]  # noqa: E731
        return replies.wait_for(found, seconds=25, what="the answer")["data"]["status"]

    # Over HTTP and Kafka, whether they were read before the broken one or after it.
    for tenant in (first, last):
        assert world.http(tenant.source_key).post("/workitems", json={"captureId": "http"}).status_code == 201
    producers = {tenant.name: world.producer(tenant) for tenant in (first, broken, last)}
    commands = {name: producer.submit("kafka") for name, producer in producers.items()}
    for producer in producers.values():
        producer.flush()
    assert [answer(commands[tenant.name]) for tenant in (first, last)] == [201, 201]

    # The broken one is named; whoever comes for it is told to come again, and nothing of it is laid aside as dead.
    problem = wait_until(lambda: degraded(core), what="the instance saying which tenant it does not serve")
    assert broken.name in problem and "configuration 1" in problem
    assert first.name not in problem and last.name not in problem
    assert core.log_text.count("configuration cannot be read") == 1
    refused = world.http(broken.admin_key).get("/workitems")
    assert refused.status_code == 503 and "Configuration 1" in refused.json()["detail"]
    assert answer(commands[broken.name]) == 503

    store(world, broken, whole)
    wait_until(lambda: health(core)["status"] == "ready", what="an instance that serves all tenants")
    again = producers[broken.name].submit("kafka")
    producers[broken.name].flush()
    assert answer(again) == 201
    assert world.http(broken.admin_key).get("/dead").json()["items"] == []

    # A version that comes later and cannot be read leaves the one before in force.
    with later_version(world, first, "no JSON"):
        problem = wait_until(lambda: degraded(core), what="the instance saying whose version it cannot read")
        assert first.name in problem and "configuration 2" in problem
        assert world.http(first.source_key).post("/workitems", json={"captureId": "later"}).status_code == 201
    wait_until(lambda: health(core)["status"] == "ready", what="the version before, in force again")
    core.stop()


def digest(calendar: dict) -> bytes:
    """What identifies a calendar's definition."""
    text = json.dumps(calendar, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).digest()


def test_a_calendar_whose_dates_have_passed_outlives_a_restart(side_by_side: World) -> None:
    world = side_by_side
    coming, past = f"{datetime.now(UTC) + timedelta(days=30):%Y-%m-%d}", "2020-02-03"
    fair = {"name": "fair", "timeZone": "Europe/Berlin", "special": [{"date": coming, "openings": ["08:00-16:00"]}]}
    configuration = copy.deepcopy(day_and_night())
    configuration["calendars"].append(fair)
    configuration["categories"][0]["children"][0]["calendar"] = "fair"
    tenant = world.tenant(configuration)

    # As if it had been applied in 2020.
    whole = json.loads(document(world, tenant))
    before = digest(whole["calendars"][1])
    whole["calendars"][1]["special"][0]["date"] = past
    store(world, tenant, json.dumps(whole, separators=(",", ":")))
    with psycopg.connect(world.admin_url) as connection:
        aged = connection.execute(
            f"UPDATE calendar_version SET digest = %s || substr(digest, 33) {OF_TENANT} AND substr(digest, 1, 32) = %s",
            [digest(whole["calendars"][1]), tenant.name, before],
        )
        assert aged.rowcount == 1

    (core,) = world.cores.start(1)
    http = world.http(tenant.admin_key, core)
    made = http.post("/workitems", json={"captureId": "after"})
    assert (made.status_code, made.json()["status"]) == (201, "queued")
    assert health(core)["checks"]["configurations"]["ok"]
    # Whoever applies it once more is told that the calendar never opens again.
    applied = http.put("/configuration", json=http.get("/configuration").json())
    assert (applied.status_code, [error["path"] for error in applied.json()["errors"]]) == (422, ["/calendars/1"])
    core.stop()
