"""Contents of messages: streamed, stored once, seen by those who may, and gone with the customer or with time.

All of it holds wherever they are stored.
"""

import hashlib
import http.client
import os
import uuid
from collections.abc import Iterator
from urllib.parse import urlsplit

import psycopg
import pytest

from checker import check, gather, wait_until_drained
from content_places import DAY, ContentPlace
from mail_room import MailRoom, configuration, mailbox
from own_world import own_world
from stack import Stack
from waiting import wait_until
from world import World

PIECE = os.urandom(1 << 20)


@pytest.fixture(scope="module", params=["database", "folder"])
def contents(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> ContentPlace:
    return ContentPlace(tmp_path_factory.mktemp("contents") if request.param == "folder" else None)


@pytest.fixture(scope="module")
def place(stack: Stack, contents: ContentPlace) -> Iterator[World]:
    """A world for mail."""
    with own_world(stack, "email-contents" + ("-folder" if contents.folder else "")) as world:
        world.cores.start(1, **contents.settings)
        yield world


@pytest.fixture(scope="module")
def room(place: World) -> MailRoom:
    return MailRoom.open(place, configuration(mailbox(acknowledgement="received"), retention={"finalItems": 7, "events": 7}))


@pytest.fixture
def database(place: World) -> Iterator[psycopg.Connection]:
    with psycopg.connect(place.admin_url, autocommit=True) as connection:
        yield connection


def pieces(count: int) -> Iterator[bytes]:
    for index in range(count):
        yield index.to_bytes(8) + PIECE[8:]


def test_a_large_content_passes_through_in_bounded_memory(place: World, room: MailRoom) -> None:
    digest = hashlib.sha256()
    for piece in pieces(60):
        digest.update(piece)
    name = digest.hexdigest()
    core = place.cores.running[0]
    before = core.resident_bytes()
    answer = room.service.put(f"/contents/{name}", content=pieces(60), headers={"Content-Type": "message/rfc822"})
    assert answer.status_code == 201, answer.text
    read = hashlib.sha256()
    with room.service.stream("GET", f"/contents/{name}") as stream:
        assert stream.headers["content-length"] == str(60 << 20) and stream.headers["content-type"] == "message/rfc822"
        for chunk in stream.iter_bytes():
            read.update(chunk)
    assert read.hexdigest() == name
    assert core.resident_bytes() - before < 40 << 20
    head = room.service.head(f"/contents/{name}")
    assert head.status_code == 200 and head.headers["content-length"] == str(60 << 20) and head.content == b""
    # Once more is no work and no second copy.
    assert room.service.put(f"/contents/{name}", content=pieces(60)).status_code == 204


def test_what_has_another_digest_leaves_nothing(room: MailRoom, contents: ContentPlace, database: psycopg.Connection) -> None:
    before = contents.traces(database)
    answer = room.service.put(f"/contents/{'0' * 64}", content=PIECE * 3)
    assert answer.status_code == 422, answer.text
    assert room.service.put("/contents/abc", content=b"x").status_code == 400
    assert room.service.get(f"/contents/{'0' * 64}").status_code == 404
    assert contents.traces(database) == before
    empty = room.store(b"")
    assert room.service.get(f"/contents/{empty}").content == b""


def test_an_upload_that_breaks_off_leaves_nothing(
    place: World, room: MailRoom, contents: ContentPlace, database: psycopg.Connection
) -> None:
    core = urlsplit(place.cores.running[0].url)

    def begin(length: int) -> http.client.HTTPConnection:
        connection = http.client.HTTPConnection(core.hostname, core.port, timeout=10)
        connection.putrequest("PUT", f"/iwd/v3/contents/{'1' * 64}")
        connection.putheader("Authorization", room.service.headers["authorization"])
        connection.putheader("Content-Length", str(length))
        connection.endheaders()
        return connection

    assert begin(65 << 20).getresponse().status == 413
    connection = begin(4 << 20)
    connection.send(PIECE + PIECE)
    wait_until(lambda: contents.has_halves(database), what="the first chunk")
    connection.close()
    wait_until(lambda: not contents.has_halves(database), what="the chunks to go")


def test_contents_are_the_tenants_own_and_for_those_who_see_the_item(place: World, room: MailRoom) -> None:
    digest = room.store(b"private")
    other = MailRoom.open(place)
    assert other.service.get(f"/contents/{digest}").status_code == 404
    assert room.agents["anna"].get(f"/contents/{digest}").status_code == 403
    outcome = room.receive(room.message(html=room.store(b"<p>Hi</p>", "text/html")))[0]
    path = f"/workitems/{outcome['workItemId']}/emails/{outcome['emailId']}"
    shown = room.agents["anna"].get(f"{path}/html")
    assert shown.text == "<p>Hi</p>" and "sandbox" in shown.headers["content-security-policy"]
    foreign = room.receive(room.message())[0]["workItemId"]
    assert room.admin.get(f"/workitems/{foreign}/emails/{outcome['emailId']}/raw").status_code == 404
    assert other.admin.get(f"{path}/raw").status_code == 404


def test_what_is_old_goes_and_is_not_taken_again(
    place: World, room: MailRoom, contents: ContentPlace, database: psycopg.Connection
) -> None:
    """Contents that nothing refers to after a day, messages with their items; in one test, since both take a round of the
    retention."""
    kept, loose, fresh = room.store(b"kept"), room.store(b"loose"), room.store(b"fresh")
    room.receive(room.message(attachments=[{"index": 0, "name": "k", "type": "t/t", "size": 4, "sha256": kept}]))
    for digest in (kept, loose):
        database.execute(
            "UPDATE content SET created_at = created_at - %s, unreferenced_since = unreferenced_since - %s WHERE sha256 = %s",
            (2 * DAY, 2 * DAY, bytes.fromhex(digest)),
        )
    message = room.message()
    outcome = room.receive(message)[0]
    room.complete(outcome["workItemId"])
    database.execute(
        "UPDATE work_item SET completed_at = completed_at - %s WHERE id = %s", (8 * DAY, uuid.UUID(outcome["workItemId"]))
    )
    # A new steward begins with a round of the retention.
    core = place.cores.running[0]
    core.stop()
    core.start()
    wait_until(
        lambda: room.service.head(f"/contents/{loose}").status_code == 404
        and room.admin.get(f"/emails/{outcome['emailId']}").status_code == 404
        and not contents.of(loose),
        seconds=30, every=0.1, what="what is old to go",
    )  # fmt: skip
    assert [room.service.head(f"/contents/{digest}").status_code for digest in (kept, fresh)] == [200, 200]
    # What the message referred to has its day from now on.
    (since,) = database.execute(
        "SELECT unreferenced_since FROM content WHERE sha256 = %s", (bytes.fromhex(message["raw"]),)
    ).fetchone()
    assert since is not None
    rebuilt = {**message, "key": {"folder": "INBOX", "uidValidity": 99, "uid": 1}}
    assert room.receive(rebuilt)[0]["outcome"] == "duplicate"
    # A reply to it has no conversation any more.
    assert room.receive(room.message(inReplyTo=[message["messageId"]]))[0]["outcome"] == "created"


def test_a_customer_goes_with_every_message(
    place: World, room: MailRoom, contents: ContentPlace, database: psycopg.Connection
) -> None:
    address = f"someone-{uuid.uuid4().hex[:8]}@example.org"
    sender = {"name": "Some One", "address": address}
    part = {"index": 0, "name": "a.txt", "type": "text/plain", "size": 6, "sha256": room.store(f"of {address}".encode())}
    shared = {"index": 1, "name": "b.txt", "type": "text/plain", "size": 6, "sha256": room.store(b"of all")}
    message = room.message(text=f"I am {address}", attachments=[part, shared], **{"from": sender})
    item = room.receive(message)[0]["workItemId"]
    other = room.message(attachments=[shared])
    others = room.receive(other)[0]["workItemId"]
    room.receive(room.message(inReplyTo=[other["messageId"]], text=f"I am {address} too", **{"from": sender}))
    room.reply(item)
    loose = room.admin.post("/emails", json={"mailbox": "support", "to": [address], "subject": "x", "text": address, "sendAt": "2090-01-01T00:00:00Z"})
    assert loose.status_code == 201
    bounced = next(email for email in room.claim()["emails"] if email["workItemId"] == item)
    room.settle(bounced, "failed", reply=f"550 {address} unknown")
    assert room.admin.post("/customers/erase", json={"customer": address}).json()["erasedWorkItems"] == 1
    assert [email["messageId"] for email in room.emails(others, "in")] == [other["messageId"]]
    assert room.emails(item) == [] and room.admin.get(f"/emails/{loose.json()['id']}").status_code == 404
    assert room.service.head(f"/contents/{message['raw']}").status_code == 404
    assert room.service.head(f"/contents/{part['sha256']}").status_code == 404
    assert room.service.head(f"/contents/{shared['sha256']}").status_code == 200
    if contents.folder:
        assert contents.of(message["raw"]) == contents.of(part["sha256"]) == [] and len(contents.of(shared["sha256"])) == 1
    for table in ("email", "event", "work_item", "email_key", "email_thread", "command_answer", "mailbox_state"):
        found = database.execute(f"SELECT count(*) FROM {table} t WHERE t::text ILIKE %s", (f"%{address}%",)).fetchone()
        assert found[0] == 0, table
    # A reply begins anew, and what came before is not taken again.
    assert room.receive({**message, "key": {"folder": "INBOX", "uidValidity": 77, "uid": 1}})[0]["outcome"] == "duplicate"
    wait_until_drained(place.admin_url, room.tenant.name)
    report = check(gather(place.admin_url, room.tenant.name, room.admin, expect_finished=False))
    violations = [violation for violation in report.violations if violation.message != "has events, but is no row"]
    assert not violations, report.text()
