"""The main job once through, without faults: submitted over REST and Kafka, offered, accepted, completed, checked."""

import uuid

import httpx
import pytest

from agents import SimulatedAgents
from checker import check, gather, wait_until_drained
from checks.evidence import Acknowledged
from waiting import wait_until
from world import World

CONFIGURATION = {
    "calendars": [
        {
            "name": "always",
            "timeZone": "UTC",
            "weekly": {day: ["00:00-24:00"] for day in ("mon", "tue", "wed", "thu", "fri", "sat", "sun")},
        }
    ],
    "schemas": [
        {"name": "standard", "unit": "hours", "sla": 8, "points": [[0, 100], [6, 300], [8, 1000]]},
        {"name": "urgent", "unit": "minutes", "sla": 60, "points": [[0, 2000], [60, 5000]]},
        {"name": "fading", "unit": "minutes", "sla": 10, "points": [[0, 500], [1, 900], [2, 50]]},
    ],
    "skills": ["java", "sap"],
    "endpoints": [{"name": "second-line", "acceptWithin": "30s"}, {"name": "first-line", "acceptWithin": "30s"}],
    "categories": [
        {
            "name": "Incidents",
            "when": {"all": [{"attribute": "channel", "is": "incident"}]},
            "endpoint": "second-line",
            "schema": "standard",
            "calendar": "always",
            "children": [
                {"name": "Major", "when": {"all": [{"attribute": "impact", "is": "Major"}]}, "schema": "urgent"},
                {
                    "name": "SAP",
                    "when": {"all": [{"attribute": "product", "is": "SAP"}]},
                    "requiredSkills": ["sap"],
                },
                {
                    "name": "Questions",
                    "when": {"all": [{"attribute": "impact", "is": "Low"}]},
                    "endpoint": "first-line",
                    "schema": "fading",
                },
            ],
        }
    ],
    "agents": [
        {"id": "anna", "name": "Anna", "skills": ["java", "sap"], "endpoints": ["second-line"], "capacity": 2},
        {"id": "bert", "name": "Bert", "skills": ["java"], "endpoints": ["second-line", "first-line"], "capacity": 1},
        {"id": "cleo", "name": "Cleo", "skills": [], "endpoints": ["first-line"], "capacity": 3},
    ],
    "sources": [{"name": "vinst", "defaults": {"channel": "incident"}}],
}
KINDS = [{"impact": "Major"}, {"impact": "Medium", "product": "SAP"}, {"impact": "Low"}, {"impact": "Medium"}]


@pytest.mark.timeout(240)
def test_every_item_goes_its_whole_way(world: World) -> None:
    tenant = world.tenant(CONFIGURATION)
    (core, *_) = world.cores.ensure(2)
    http = world.http(tenant.source_key)
    admin = world.http(tenant.admin_key)
    reader = world.reader()
    producer = world.producer(tenant)

    acknowledged = []
    for number in range(60):
        body = {"captureId": f"rest-{number}", "attributes": KINDS[number % len(KINDS)]}
        answer = http.post("/workitems", json=body)
        assert answer.status_code == 201, answer.text
        acknowledged.append(Acknowledged("vinst", body["captureId"], answer.json()["id"]))
        if number % 10 == 0:
            again = http.post("/workitems", json=body)
            assert (again.status_code, again.json()["id"]) == (200, answer.json()["id"])
    for number in range(60):
        producer.submit(f"kafka-{number}", attributes=KINDS[number % len(KINDS)])
    producer.flush()

    agents = [agent["id"] for agent in CONFIGURATION["agents"]]
    with SimulatedAgents(lambda: core.url, tenant.admin_key, agents, decline=0.1) as crew:
        wait_until(lambda: finished(admin) == 120, seconds=90, every=0.25, what="120 completed items")
    assert not crew.unexpected
    for number in range(60):
        item = admin.get(f"/workitems/by-capture/vinst/kafka-{number}").raise_for_status().json()
        acknowledged.append(Acknowledged("vinst", f"kafka-{number}", item["id"]))

    wait_until_drained(world.admin_url, tenant.name)
    evidence = gather(world.admin_url, tenant.name, admin, acknowledged=acknowledged, answered=crew.answered)
    expected = {event["id"] for event in evidence.item_events}
    wait_until(lambda: expected <= {event.get("id") for event in reader.events}, what="the feed's events on the topic")
    evidence = gather(
        world.admin_url, tenant.name, admin,
        topic=reader.received, acknowledged=acknowledged, answered=crew.answered,
    )  # fmt: skip
    check(evidence).assert_clean(submits=120, items=120, offers=120, messages=480, answers=240, priorities=120)


def finished(admin: httpx.Client) -> int:
    """How many items are completed, by the list."""
    count, cursor = 0, None
    while True:
        parameters = {"status": "completed", "limit": 100, **({"cursor": cursor} if cursor else {})}
        page = admin.get("/workitems", params=parameters).raise_for_status().json()
        count += len(page["items"])
        cursor = page.get("next")
        if not cursor:
            return count


def test_the_same_capture_id_with_other_content_is_refused(world: World) -> None:
    tenant = world.tenant(CONFIGURATION)
    world.cores.ensure(1)
    http = world.http(tenant.source_key)
    capture = str(uuid.uuid4())
    assert http.post("/workitems", json={"captureId": capture, "attributes": {"impact": "Low"}}).status_code == 201
    assert http.post("/workitems", json={"captureId": capture, "attributes": {"impact": "High"}}).status_code == 409


def test_a_source_may_publish_as_soon_as_it_is_applied(world: World) -> None:
    """Other instances hear of a configuration a moment later; until then they must not refuse what it made possible."""
    world.cores.ensure(2)
    reader = world.reader("workitems.replies")
    for _ in range(3):
        tenant = world.tenant(CONFIGURATION)
        producer = world.producer(tenant)
        for number in range(24):
            producer.submit(f"early-{number}")
        producer.flush()
        replies = wait_until(
            lambda name=tenant.name: found
            if len(found := [event["data"]["status"] for event in reader.events if event.get("tenant") == name]) == 24
            else None,
            seconds=20, what="24 replies",
        )  # fmt: skip
        assert set(replies) == {201}, replies
