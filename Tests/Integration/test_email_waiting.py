"""What waits to go out is seen: in the message and its item's history, in gauges, and in what the doctor says."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from cores import Core
from emails import MailServers, Post
from emails import mailbox as mailbox_of
from mail_room import SECRETS_KEY, MailRoom, configuration, mailbox
from operator_desk import OperatorDesk
from own_world import own_world
from smtp_sink import SmtpSink
from stack import Stack
from waiting import wait_until
from world import World

DISABLED = "waiting: mailbox disabled"


@pytest.fixture(scope="module")
def place(stack: Stack) -> Iterator[World]:
    """A world for mail."""
    with own_world(stack, "email-waiting") as world:
        world.cores.start(1, SECRETS_KEY=SECRETS_KEY)
        yield world


def room_of(place: World, *names: str, **more: object) -> MailRoom:
    return MailRoom.open(place, configuration(*(mailbox(name, **more) for name in names)))


def explained(room: MailRoom, email: dict, reason: str | None, state: str = "queued") -> dict:
    """The message as soon as it says so."""

    def probe() -> dict | None:
        found = room.admin.get(f"/emails/{email['id']}").raise_for_status().json()
        return found if (found["state"], found.get("reason")) == (state, reason) else None

    return wait_until(probe, seconds=20, what=f"the reason {reason}", every=0.1)


def gauges(core: Core, tenant: str, name: str) -> dict[str, float]:
    """A gauge's values by mailbox."""
    found = {}
    for line in core.metrics().splitlines():
        if re.match(rf"\w*{name}{{", line) and f'tenant="{tenant}"' in line:
            found[re.search(r'mailbox="([^"]*)"', line)[1]] = float(line.split()[-1])
    return found


def test_messages_of_a_disabled_mailbox_say_why_they_wait(place: World) -> None:
    room = room_of(place, "support")
    item = room.receive(room.message())[0]["workItemId"]
    room.admin.post("/mailboxes/support/disable").raise_for_status()
    reply = room.reply(item)
    later = room.reply(item, sendAt="2090-01-01T00:00:00Z")
    told = explained(room, reply, DISABLED)
    explained(room, later, DISABLED)
    assert told["revision"] == 2 and told["dueAt"]
    status = place.reader("emails.status")
    said = lambda event: (event["subject"], event["data"].get("reason")) == (later["id"], DISABLED)  # noqa: E731
    status.wait_for(said, seconds=20, what="why")
    # Once, however often it is looked at.
    other = room.reply(item)
    explained(room, other, DISABLED)
    assert explained(room, reply, DISABLED)["revision"] == 2
    assert room.history(item).count("email.queued") == 6

    room.admin.post("/mailboxes/support/enable").raise_for_status()
    assert {email["id"] for email in room.send()} >= {reply["id"], other["id"]}
    waits = explained(room, later, None)
    assert waits["dueAt"].startswith("2090")
    receives = mailbox("support")
    del receives["outbound"]
    room.admin.put("/mailboxes/support", json=receives).raise_for_status()
    explained(room, later, "waiting: mailbox has no outbound")


def test_messages_of_a_removed_mailbox_have_failed_and_can_be_tried_again(place: World) -> None:
    room = room_of(place, "support", "sales")
    item = room.receive(room.message())[0]["workItemId"]
    reply = room.reply(item, sendAt="2090-01-01T00:00:00Z")
    kept = room.reply(item, mailbox="sales", sendAt="2090-01-01T00:00:00Z")
    room.admin.delete("/mailboxes/support").raise_for_status()
    failed = explained(room, reply, "The mailbox support was removed from the configuration.", "failed")
    assert failed["attempt"] == 0 and room.history(item)[-1] == "email.failed"
    assert room.admin.get(f"/emails/{kept['id']}").json()["state"] == "queued"
    # There is one of its name again.
    room.admin.post("/mailboxes", json=mailbox("support")).raise_for_status()
    assert room.admin.post(f"/emails/{reply['id']}/retry").json()["state"] == "queued"
    room.terms.clear()
    assert [email["id"] for email in room.send()] == [reply["id"]]


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
    room.admin.delete("/mailboxes/support").raise_for_status()
    told("email_outbound_uncertain", support=1, sales=0)
    told("email_outbound_queued", support=0, sales=0)


def test_the_doctor_names_what_waits(place: World, tmp_path: Path) -> None:
    room = room_of(place, "support")
    desk = OperatorDesk(place, room.tenant, tmp_path)
    item = room.receive(room.message())[0]["workItemId"]
    room.reply(item)
    room.admin.post("/mailboxes/support/disable").raise_for_status()
    said = desk.do("doctor", "--json")
    (found,) = [entry for entry in said.json[0] if entry["check"] == "mail"]
    assert found["state"] == "warning" and "1 message waits in support, which is disabled" in found["finding"]


def test_they_go_out_when_the_mailbox_is_enabled_again(place: World, stack: Stack) -> None:
    servers = MailServers.find(stack)
    with SmtpSink() as sink:
        box = mailbox_of("m", servers.account(), None, {"server": sink.outbound})
        del box["outbound"]["credentials"]
        desk = Post(place, servers, [box])
        try:
            desk.start()
            desk.connected("m", "outbound")
            desk.http.post("/mailboxes/m/disable").raise_for_status()
            body = {"mailbox": "m", "to": ["kim@example.org"], "subject": "Patience", "text": "Hello."}
            message = desk.http.post("/emails", json=body).raise_for_status().json()
            read = lambda: desk.http.get(f"/emails/{message['id']}").json()  # noqa: E731
            wait_until(lambda: read().get("reason") == DISABLED, seconds=20, what="the reason")
            assert not sink.taken
            desk.http.post("/mailboxes/m/enable").raise_for_status()
            desk.email_in_state(message, "sent")
            assert len(sink.taken) == 1
        finally:
            desk.close()
