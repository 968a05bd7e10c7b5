"""Quotas of a tenant and of its sources, over REST and Kafka."""

import uuid
from collections.abc import Iterator

import pytest

from own_world import day_and_night, own_world
from stack import Stack
from world import Tenant, World


@pytest.fixture(scope="module")
def limited(stack: Stack) -> Iterator[World]:
    """A world whose tenants may submit three items an hour unless they say otherwise."""
    with own_world(stack, "quotas") as world:
        world.cores.start(1, DEFAULT_QUOTA="3/h")
        yield world


def submit(world: World, tenant: Tenant, capture_id: str, source: str = "vinst"):
    return world.http(tenant.admin_key).post(f"/workitems?source={source}", json={"captureId": capture_id})


@pytest.fixture(scope="module")
def by_default(limited: World) -> Tenant:
    """A tenant without a quota of its own, whose three items are submitted."""
    tenant = limited.tenant(day_and_night())
    answers = [submit(limited, tenant, f"c{number}") for number in range(3)]
    assert [answer.status_code for answer in answers] == [201, 201, 201]
    return tenant


def test_the_default_quota_holds_where_a_tenant_has_none(limited: World, by_default: Tenant) -> None:
    refused = submit(limited, by_default, "one-more")
    assert refused.status_code == 429, refused.text
    assert refused.headers["content-type"].startswith("application/problem+json")
    assert 1 <= int(refused.headers["retry-after"]) <= 3600


def test_over_kafka_a_command_over_the_quota_is_answered_and_not_laid_aside(limited: World, by_default: Tenant) -> None:
    replies = limited.reader("workitems.replies")
    producer = limited.producer(by_default)
    command = producer.submit("by-kafka")
    producer.flush()
    reply = replies.wait_for(
        lambda event: event["data"].get("commandId") == command["id"], seconds=20, what="the answer to the command"
    )
    assert reply["data"]["status"] == 429
    assert "again in" in reply["data"]["problem"]["detail"]
    http = limited.http(by_default.admin_key)
    assert http.get("/dead").json()["items"] == []
    assert http.get("/workitems/by-capture/vinst/by-kafka").status_code == 404


def test_over_kafka_too_only_submits_count(limited: World) -> None:
    """Who is over the quota can still call off what is there."""
    tenant = limited.tenant(day_and_night())
    assert [submit(limited, tenant, f"k{number}").status_code for number in range(3)] == [201, 201, 201]
    producer = limited.producer(tenant)
    replies = limited.reader("workitems.replies")
    commands = [producer.command(what, {"captureId": "k0"}) for what in ("hold", "submit", "cancel")]
    commands[1]["data"]["captureId"] = "one-more"
    for command in commands:
        producer.send(command, key="k0")
    producer.flush()
    answers = [
        replies.wait_for(lambda event, identity=command["id"]: event["data"].get("commandId") == identity)["data"]
        for command in commands
    ]
    assert [answer["status"] for answer in answers] == [200, 429, 200], answers
    assert answers[2]["workItem"]["status"] == "canceled"


def test_a_sources_quota_leaves_other_sources_alone(limited: World) -> None:
    sources = [
        {"name": "vinst", "defaults": {"channel": "incident"}, "quota": {"perSecond": 100, "perDay": 2}},
        {"name": "web", "defaults": {"channel": "incident"}},
    ]
    tenant = limited.tenant(day_and_night(sources=sources, quota={"perSecond": 1000, "perDay": 1000}))
    assert [submit(limited, tenant, uuid.uuid4().hex).status_code for _ in range(3)] == [201, 201, 429]
    assert submit(limited, tenant, "other", source="web").status_code == 201
