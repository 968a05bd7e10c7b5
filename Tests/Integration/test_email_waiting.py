"""What waits to go out is seen in gauges."""

import re
from collections.abc import Iterator

import pytest

from cores import Core
from mail_room import SECRETS_KEY, MailRoom, configuration, mailbox
from own_world import own_world
from stack import Stack
from waiting import wait_until
from world import World

@pytest.fixture(scope="module")
def place(stack: Stack) -> Iterator[World]:
    """A world for mail."""
    with own_world(stack, "email-waiting") as world:
        world.cores.start(1, SECRETS_KEY=SECRETS_KEY)
        yield world


def room_of(place: World, *names: str, **more: object) -> MailRoom:
    return MailRoom.open(place, configuration(*(mailbox(name, **more) for name in names)))


def gauges(core: Core, tenant: str, name: str) -> dict[str, float]:
    """A gauge's values by mailbox."""
    found = {}
    for line in core.metrics().splitlines():
        if re.match(rf"\w*{name}{{", line) and f'tenant="{tenant}"' in line:
            found[re.search(r'mailbox="([^"]*)"', line)[1]] = float(line.split()[-1])
    return found


def test_gauges_tell_what_waits(place: World) -> None:
    room = room_of(place, "support", "sales")
    core = place.cores.running[0]
    item = room.receive(room.message())[0]["workItemId"]

    def told(name: str, **wanted: float) -> None:
        wait_until(lambda: gauges(core, room.tenant.name, name) == wanted, seconds=30, what=f"{name} {wanted}", every=0.3)

    told("email_outbound_queued", support=0, sales=0)
    unsure = room.reply(item)
    (attempt,) = room.claim()["emails"]
    assert attempt["id"] == unsure["id"] and room.settle(attempt, "uncertain").status_code == 200
    for _ in range(2):
        room.reply(item)
    room.reply(item, sendAt="2090-01-01T00:00:00Z")
    told("email_outbound_queued", support=3, sales=0)
    told("email_outbound_due", support=2, sales=0)
    told("email_outbound_uncertain", support=1, sales=0)
    told("email_outbound_awaiting_approval", support=0, sales=0)
    ages = gauges(core, room.tenant.name, "email_outbound_oldest_due_seconds")
    assert 0 < ages["support"] < 120 and ages["sales"] == 0
    # Without a holder, too: a mailbox that is switched off has none.
    room.admin.post("/mailboxes/support/disable").raise_for_status()
    room.admin.patch("/mailboxes/sales", json={"approveReplies": True}).raise_for_status()
    room.assign(item)
    room.reply(item, agent="anna", mailbox="sales")
    told("email_outbound_awaiting_approval", support=0, sales=1)
    told("email_outbound_due", support=2, sales=0)
