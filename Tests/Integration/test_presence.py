"""Agents who give no sign of life are set offline, and what they have goes to others."""

from collections.abc import Iterator

import pytest

from desks import Floor, desk, desks
from own_world import own_world
from stack import Stack
from waiting import wait_until


@pytest.fixture(scope="module")
def floor(stack: Stack) -> Iterator[Floor]:
    """An instance for which four seconds without a sign of life are long."""
    with own_world(stack, "presence") as world:
        world.cores.start(1, AGENT_SILENCE="8s")
        configuration = desks(
            desk("silent", {"anna": {"capacity": 2}}, {"acceptWithin": "10m", "returnAfter": "1s"}),
            desk("lively", ["bert"], {"acceptWithin": "10m"}),
        )
        yield Floor(world, world.tenant(configuration))


def test_who_gives_no_sign_of_life_is_set_offline_and_all_items_return(floor: Floor) -> None:
    assigned, offered = floor.submit("silent"), floor.submit("silent")
    floor.ready("silent-anna")
    floor.do(floor.until(assigned, "offered"), "assign", agent="silent-anna")
    floor.until(offered, "offered")
    # Nobody acts as the agent from here on.
    floor.until(offered, "queued")
    assert floor.agent("silent-anna")["state"] == "offline"
    assert floor.step(offered, "withdraw")["actor"] == {"kind": "system", "id": "presence"}
    floor.until(assigned, "queued")
    assert floor.step(assigned, "withdraw")["agent"] == "silent-anna"
    for item in (assigned, offered):
        floor.do(item, "complete")


def test_who_polls_stays_and_keeps_the_offer(floor: Floor) -> None:
    """The lively agent only polls, for longer than a silent one is left alone."""
    item = floor.submit("lively")
    silent = floor.submit("silent")
    floor.ready("silent-anna")
    floor.ready("lively-bert")
    floor.offered("lively-bert", item)
    floor.until(silent, "offered")

    def silent_one_is_gone() -> bool:
        assert [offer["workItemId"] for offer in floor.offers("lively-bert")] == [item["id"]]
        return floor.agent("silent-anna")["state"] == "offline"

    wait_until(silent_one_is_gone, what="the silent agent to be set offline")
    assert floor.agent("lively-bert")["state"] == "ready"
    assert floor.item(item)["status"] == "offered"
