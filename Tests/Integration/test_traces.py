"""The trace context of a command or request goes on to the events of what it did."""

import uuid

import pytest

from desks import Floor, desk, desks
from waiting import wait_until
from world import World


@pytest.fixture(scope="module")
def floor(world: World) -> Floor:
    world.cores.ensure(1)
    return Floor(world, world.tenant(desks(desk("red", ["anna"]))))


def traceparent() -> str:
    return f"00-{uuid.uuid4().hex}-{uuid.uuid4().hex[:15]}1-01"


def traces(reader, capture_id: str) -> dict[str, str | None]:
    """The trace of each step of an item, as its messages carry it."""
    steps = {}
    for message in reader.received:
        data = (message.event or {}).get("data", {})
        if data.get("captureId") == capture_id:
            trace = message.headers.get("traceparent")
            steps[data["action"]] = trace.decode() if trace else None
    return steps


def test_events_carry_the_trace_of_what_caused_them(world: World, floor: Floor) -> None:
    events = world.reader("workitems.events")
    submitted, held, captured = traceparent(), traceparent(), f"c-{uuid.uuid4()}"
    command = floor.producer.command("submit", {"captureId": captured, "attributes": {"desk": "red"}})
    floor.producer.send(command, key=captured, headers={"traceparent": submitted})
    floor.producer.flush()
    path = f"/workitems/by-capture/vinst/{captured}"
    wait_until(lambda: floor.http.get(path).status_code == 200, what="the item")
    floor.ready("red-anna")
    item = floor.http.get(path).json()
    floor.until(item, "offered")
    floor.http.post(f"{path}/hold", headers={"traceparent": held}).raise_for_status()
    steps = wait_until(
        lambda: found if "hold" in (found := traces(events, captured)) else None,
        what="the events of the item",
    )
    assert (steps["submit"], steps["hold"]) == (submitted, held)
    # Distribution acted by itself.
    assert steps["offer"] is None
