"""Mailboxes as a part of the tenant's configuration, their secrets, and what the email service is told of them."""

import base64
import json
import threading
import time
from collections.abc import Iterator

import httpx
import psycopg
import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from mail_room import SECRETS_KEY, MailRoom, configuration, mailbox
from own_world import own_world
from stack import Stack
from waiting import wait_until
from world import World


@pytest.fixture(scope="module")
def place(stack: Stack) -> Iterator[World]:
    """A world for mail."""
    with own_world(stack, "email-mailboxes") as world:
        world.cores.start(1, SECRETS_KEY=SECRETS_KEY)
        yield world


@pytest.fixture
def room(place: World) -> MailRoom:
    return MailRoom.open(place)


def test_resource_and_document_are_one_truth(room: MailRoom) -> None:
    admin = room.admin
    made = admin.post("/mailboxes", json=mailbox("sales", enabled=False))
    assert made.status_code == 201, made.text
    assert made.json()["inbound"]["state"] == "disabled" and made.json()["inbound"]["folder"] == "INBOX"
    document = admin.get("/configuration").json()
    assert [box["name"] for box in document["mailboxes"]] == ["support", "sales"]
    document["mailboxes"][1]["signature"] = "Sales"
    changes = admin.put("/configuration", json=document).json()["changes"]
    assert [(change["kind"], change["path"]) for change in changes] == [("added", "/mailboxes/sales/signature")]
    shown = admin.get("/mailboxes/sales")
    assert shown.json()["signature"] == "Sales"
    version = shown.headers["etag"]
    enabled = admin.post("/mailboxes/sales/enable", headers={"If-Match": version})
    assert enabled.json()["enabled"] is True and enabled.json()["version"] == int(version.strip('"')) + 1
    assert admin.post("/mailboxes/sales/disable", headers={"If-Match": version}).status_code == 412
    patched = admin.patch("/mailboxes/sales", json={"signature": None, "inbound": {"folder": "Inbox/New"}}).json()
    assert "signature" not in patched and patched["inbound"]["folder"] == "Inbox/New"
    assert patched["inbound"]["server"]["host"] == "imap.example.com"
    copy = admin.post("/mailboxes/sales/copy", json={"name": "orders"}).json()
    assert (copy["name"], copy["enabled"], copy["inbound"]["folder"]) == ("orders", False, "Inbox/New")
    assert admin.delete("/mailboxes/sales").status_code == 204
    assert admin.get("/mailboxes/sales").status_code == 404
    assert [box["name"] for box in admin.get("/mailboxes").json()["items"]] == ["orders", "support"]


def test_what_is_wrong_is_told_at_its_place(room: MailRoom) -> None:
    admin = room.admin
    for change, path in [
        ({"source": "none"}, "/source"), ({"inbound": {"server": {"security": "plain"}}}, "/inbound/server/security"),
        ({"inbound": {"processed": {"action": "move"}}}, "/inbound/processed/folder"),
        ({"acknowledgement": "none"}, "/acknowledgement"), ({"address": "nobody"}, "/address"),
        ({"outbound": {"sendAs": ["x"]}}, "/outbound/sendAs/0"), ({"nonsense": 1}, "/nonsense"),
    ]:  # fmt: skip
        answer = admin.patch("/mailboxes/support", json=change)
        assert answer.status_code == 422, (change, answer.text)
        assert [error["path"] for error in answer.json()["errors"]] == [path]
    assert admin.post("/mailboxes", json=mailbox()).status_code == 409
    assert admin.post("/mailboxes", json=mailbox("work")).status_code == 422
    assert admin.put("/mailboxes/support", json={**mailbox("other")}).status_code == 422
    assert room.service.post("/mailboxes", json=mailbox("x")).status_code == 403
    assert room.agents["anna"].get("/mailboxes/work").status_code == 403


def test_edits_at_once_all_have_their_effect(room: MailRoom) -> None:
    threads = [
        threading.Thread(target=lambda name=name: room.admin.post("/mailboxes", json=mailbox(name)).raise_for_status())
        for name in ("a", "b", "c", "d")
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {box["name"] for box in room.admin.get("/mailboxes").json()["items"]} == {"support", "a", "b", "c", "d"}


def test_secrets_are_sealed_and_never_shown(place: World, room: MailRoom) -> None:
    admin = room.admin
    assert admin.put("/mailboxes/secrets/support-imap", json={"password": "open sesame"}).status_code == 204
    assert admin.put("/mailboxes/secrets/support-imap", json={"pasword": "x"}).status_code == 422
    assert [entry["name"] for entry in admin.get("/mailboxes/secrets").json()["items"]] == ["support-imap"]
    assert "sesame" not in admin.get("/mailboxes/secrets").text + place.cores.running[0].log_text
    (work,) = room.service.get("/mailboxes/work").json()["mailboxes"]
    box = base64.b64decode(work["sealed"]["support-imap"])
    purpose = f"millrace/{room.tenant.name}/support-imap".encode()
    opened = AESGCM(base64.b64decode(SECRETS_KEY)).decrypt(box[:12], box[12:], purpose)
    assert json.loads(opened) == {"password": "open sesame"}
    with psycopg.connect(place.admin_url) as connection:
        for (sealed,) in connection.execute("SELECT sealed FROM mailbox_secret").fetchall():
            assert b"sesame" not in sealed
    before = work["revision"]
    admin.put("/mailboxes/secrets/support-imap", json={"password": "another"})
    assert room.service.get("/mailboxes/work").json()["mailboxes"][0]["revision"] != before
    assert admin.delete("/mailboxes/secrets/support-imap").status_code == 204
    assert admin.delete("/mailboxes/secrets/support-imap").status_code == 404


def test_without_a_key_there_are_no_secrets_and_everything_else_works(place: World) -> None:
    (bare,) = place.cores.start(1)
    tenant = place.tenant(configuration())
    admin = place.http(tenant.admin_key, bare)
    answer = admin.put("/mailboxes/secrets/x", json={"password": "y"})
    assert answer.status_code == 503 and "MILLRACE_SECRETS_KEY" in answer.json()["detail"]
    assert admin.get("/mailboxes").status_code == 200
    bare.stop()


def test_work_comes_at_a_change_and_at_a_test(room: MailRoom) -> None:
    work = room.service.get("/mailboxes/work").json()
    assert work["mailboxes"][0]["settings"]["inbound"]["pollEvery"] == "1m" and work["tests"] == []
    version = work["configurationVersion"]

    def wait() -> tuple[dict, float]:
        begin = time.monotonic()
        answer = room.service.get("/mailboxes/work", params={"wait": 20, "version": version})
        return answer.json(), time.monotonic() - begin

    results: list[tuple[dict, float]] = []
    waiting = threading.Thread(target=lambda: results.append(wait()))
    waiting.start()
    test = room.admin.post("/mailboxes/support/test")
    assert test.status_code == 202
    waiting.join()
    asked, seconds = results[0]
    assert [entry["mailbox"] for entry in asked["tests"]] == ["support"] and seconds < 10
    address = f"/mailboxes/tests/{asked['tests'][0]['id']}"
    for wrong in ({"inbound": None}, {"inbound": {"ok": "yes"}}, {"outbound": {"ok": False, "error": 535}}, {"both": {}}):
        assert room.service.post(address, json=wrong).status_code == 422, wrong
    told = {"inbound": {"ok": True}, "outbound": {"ok": False, "error": "535 no"}}
    assert room.service.post(address, json=told).status_code == 204
    result = room.admin.get(test.headers["location"].removeprefix("/iwd/v3"), params={"wait": 5}).json()
    assert result["done"] is True and result["outbound"] == {"ok": False, "error": "535 no"}

    waiting = threading.Thread(target=lambda: results.append(wait()))
    waiting.start()
    room.admin.patch("/mailboxes/support", json={"signature": "Hello"}).raise_for_status()
    waiting.join()
    changed, seconds = results[1]
    assert changed["configurationVersion"] == version + 1 and seconds < 10


def test_state_is_shown_with_since_when_and_why(room: MailRoom) -> None:
    def report(**rest: object) -> dict:
        answer = room.service.put("/mailboxes/support/state", json={"term": room.term(), **rest})
        assert answer.status_code == 204, answer.text
        return room.admin.get("/mailboxes/support").json()

    first = report(inbound={"state": "connected"}, outbound={"state": "failing", "error": "535 no"}, unread=4)
    assert (first["inbound"]["state"], first["outbound"]["error"], first["unread"]) == ("connected", "535 no", 4)
    assert (first["holder"], first["term"]) == ("email-1", room.term())
    second = report(inbound={"state": "connected"}, folderCount=10, takenCount=9)
    assert second["inbound"]["since"] == first["inbound"]["since"] and second["outbound"]["state"] == "failing"
    assert (second["folderCount"], second["takenCount"]) == (10, 9)
    third = report(outbound={"state": "connected"})
    assert "error" not in third["outbound"] and third["outbound"]["since"] > first["outbound"]["since"]
    room.receive(room.message())
    shown = wait_until(lambda: room.admin.get("/mailboxes/support").json(), what="the mailbox")
    assert shown["taken"] == 1 and "lastTakenAt" in shown


def test_mail_is_taken_from_the_first_connection_on_or_from_a_date(place: World) -> None:
    dated = mailbox("dated")
    dated["inbound"]["since"] = "2020-01-01T00:00:00Z"
    room = MailRoom.open(place, configuration(mailbox(), dated))
    since = room.service.get("/mailboxes/dated/progress", params={"term": room.term("dated")}).json()
    assert since == {"folders": {"INBOX": {"from": "2020-01-01T00:00:00.000Z"}}, "from": "2020-01-01T00:00:00.000Z"}
    fresh = room.service.get("/mailboxes/support/progress", params={"term": room.term()}).json()
    assert fresh["from"] > "2026"
    room.receive(progress={"cursor": "next-page"})
    again = room.service.get("/mailboxes/support/progress", params={"term": room.term()}).json()
    assert again["from"] == fresh["from"] and again["cursor"] == "next-page"


def test_a_mailbox_that_is_made_again_begins_as_a_new_one(room: MailRoom) -> None:
    old = room.term()
    first = room.message()
    place = {"folder": "INBOX", "uidValidity": 7, "uid": 9, "account": "kim"}
    room.receive(first, progress=place)
    room.receive(progress={"cursor": "next-page"})
    shown = room.admin.get("/mailboxes/support").json()
    assert shown["taken"] == 1 and shown["takenFrom"] > "2026"
    assert room.admin.delete("/mailboxes/support").status_code == 204
    dated = mailbox()
    dated["inbound"]["since"] = "2021-01-01T00:00:00Z"
    made = room.admin.post("/mailboxes", json=dated)
    assert made.status_code == 201 and made.json()["taken"] == 0 and "takenFrom" not in made.json()
    # Whoever held the one of before writes nothing into this one.
    assert room.post_received(room.message(), term=old, progress=place).status_code == 409
    room.lease()
    progress = room.service.get("/mailboxes/support/progress", params={"term": room.term()}).json()
    begin = "2021-01-01T00:00:00.000Z"
    assert progress == {"folders": {"INBOX": {"from": begin, "epoch": 1}}, "from": begin}
    assert room.admin.get("/mailboxes/support").json()["takenFrom"] == begin
    # What was taken stays known, and a UID may be another account's now.
    again, other = ({**one, "key": {**first["key"], "epoch": 1}} for one in (first, room.message()))
    assert room.receive(again)[0]["outcome"] == "duplicate"
    other["key"]["uid"] += 1
    assert room.receive(other)[0]["outcome"] == "created"

    assert room.admin.delete("/mailboxes/support").status_code == 204
    assert room.admin.post("/mailboxes", json=mailbox()).status_code == 201
    room.lease()
    progress = room.service.get("/mailboxes/support/progress", params={"term": room.term()}).json()
    assert progress["from"] > shown["takenFrom"] and progress["folders"]["INBOX"]["epoch"] == 2


def test_what_was_taken_can_be_asked(room: MailRoom) -> None:
    messages = [room.message(), room.message(failed="Only its head was kept.", whole=False)]
    room.receive(*messages)
    keys = [*(one["key"] for one in messages), {"folder": "INBOX", "uidValidity": 7, "uid": 4_000_000}, {"id": "x"}]

    def ask(**rest: object) -> httpx.Response:
        return room.service.post("/mailboxes/support/taken", json={"term": room.term(), "keys": keys, **rest})

    assert ask().json() == {"missing": [2, 3], "incomplete": [1]}
    assert ask(keys=[]).json() == {"missing": [], "incomplete": []}
    assert ask(term=room.term() - 1).status_code == 409
    wrong = ask(keys=[{"id": "x"}, {"folder": "INBOX"}])
    assert wrong.status_code == 422 and wrong.json()["errors"][0]["path"] == "/keys/1/uidValidity"
    assert ask(keys=[{"id": "x"}] * 1001).status_code == 422
    assert room.agents["anna"].post("/mailboxes/support/taken", json={"term": 1, "keys": []}).status_code == 403
