"""Messages on their way out: replies, approval, drafts, attempts and their outcomes, acknowledgements."""

import time
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import psycopg
import pytest

from contracts import AsyncAPI
from mail_room import SECRETS_KEY, MailRoom, configuration, mailbox
from own_world import own_world
from stack import Stack
from waiting import wait_until
from world import World


@pytest.fixture(scope="module")
def place(stack: Stack) -> Iterator[World]:
    """A world for mail."""
    with own_world(stack, "email-outbound") as world:
        world.cores.start(1, SECRETS_KEY=SECRETS_KEY)
        yield world


@pytest.fixture(scope="module")
def room(place: World) -> MailRoom:
    return MailRoom.open(place, configuration(mailbox(signature="Your support")))


@pytest.fixture
def item(room: MailRoom) -> str:
    """An item whose customer has written once; anna has it."""
    message = room.message(cc=[{"address": "Lee@example.org"}, {"address": "support@example.com"}], references=["a@b"])
    identifier = room.receive(message)[0]["workItemId"]
    room.assign(identifier)
    return identifier


def test_a_reply_goes_to_the_sender_with_everything_in_place(room: MailRoom, item: str) -> None:
    original = room.emails(item, "in")[0]
    reply = room.reply(item, agent="anna", html="<p>On its way.</p>")
    assert reply["state"] == "queued" and reply["agent"] == "anna"
    (sent,) = [email for email in room.claim()["emails"] if email["id"] == reply["id"]]
    assert sent["attempt"] == 1 and sent["messageId"] == reply["messageId"] and "<" not in sent["messageId"]
    assert sent["to"] == [{"name": "Kim Larsen", "address": "Kim@example.org"}] and sent["cc"] == []
    assert sent["from"] == {"name": "Support", "address": "support@example.com"}
    assert sent["subject"] == "Re: My order" and sent["inReplyTo"] == original["messageId"]
    assert sent["references"] == ["a@b", original["messageId"]]
    assert sent["text"].startswith("It is on its way.\n\n-- \nYour support\n\n[ref:")
    assert "Kim Larsen wrote:\n> Where is it?" in sent["text"] and "<blockquote>Where is it?" in sent["html"]
    assert sent["marks"] == {"X-Millrace-Id": reply["id"]} and "autoSubmitted" not in sent
    assert room.settle(sent, "sent", reply="250 OK").json()["state"] == "sent"
    # The same once more has no effect, and nothing else is taken of a settled attempt.
    assert room.settle(sent, "sent", reply="250 OK").status_code == 200
    assert room.settle(sent, "retry").status_code == 409
    assert room.history(item)[-3:] == ["email.queued", "email.sending", "email.sent"]


def test_replies_to_all_forwards_and_templates(room: MailRoom, item: str) -> None:
    everybody = room.reply(item, kind="replyAll")
    assert [to["address"] for to in everybody["to"]] == ["Kim@example.org"]
    assert [cc["address"] for cc in everybody["cc"]] == ["Lee@example.org"]
    forward = room.reply(item, kind="forward", to=["boss@example.org"], **{"from": "sales@example.com"})
    assert forward["subject"] == "Fwd: My order" and forward["from"]["address"] == "sales@example.com"
    assert "inReplyTo" not in forward
    made = room.admin.post(f"/workitems/{item}/replies", json={"template": "received", "quote": False}).json()
    assert made["subject"] == "We have My order" and made["text"].startswith("Dear Kim Larsen, your number is mail-")
    for body, path in [
        ({"text": "x", "from": "boss@example.com"}, "/from"), ({"template": "nothing"}, "/template"), ({}, "/text"),
        ({"text": "x", "kind": "forward"}, "/to"), ({"text": "x", "to": ["nobody"]}, "/to/0"),
        ({"text": "x", "attachments": ["0" * 64]}, "/attachments/0"), ({"text": "x", "mailbox": "none"}, "/mailbox"),
    ]:  # fmt: skip
        answer = room.admin.post(f"/workitems/{item}/replies", json=body)
        assert answer.status_code == 422, answer.text
        assert [error["path"] for error in answer.json()["errors"]] == [path]
    assert room.agents["bert"].post(f"/workitems/{item}/replies", json={"text": "x"}).status_code == 404


def test_a_reply_after_a_bounce_goes_to_the_customer(room: MailRoom, item: str) -> None:
    original = max(room.emails(item, "in"), key=lambda email: email["id"])
    first = room.reply(item)
    room.send()
    daemon = {"from": {"address": "MAILER-DAEMON@example.org"}, "subject": "Undelivered Mail", "text": "No such user."}
    status = {"originalMessageId": first["messageId"], "recipients": [{"address": "kim@example.org", "action": "failed"}]}
    bounce = room.receive(room.message(deliveryStatus=status, **daemon))[0]
    assert bounce["outcome"] == "deliveryStatus"
    assert [to["address"] for to in room.reply(item)["to"]] == ["Kim@example.org"]
    away = room.receive(room.message(inReplyTo=[first["messageId"]], automatic="auto-submitted", subject="Away"))[0]
    assert away["outcome"] == "followUp"
    reply = room.reply(item)
    assert [to["address"] for to in reply["to"]] == ["Kim@example.org"]
    assert (reply["subject"], reply["answers"], reply["inReplyTo"]) == ("Re: My order", original["id"], original["messageId"])
    # Whoever wants another one names it.
    named = room.reply(item, emailId=away["emailId"])
    assert (named["subject"], named["answers"]) == ("Re: Away", away["emailId"])
    forward = room.reply(item, kind="forward", to=["boss@example.org"], emailId=bounce["emailId"])
    assert forward["subject"] == "Fwd: Undelivered Mail" and "> No such user." in forward["text"]
    elsewhere = room.emails(room.receive(room.message())[0]["workItemId"])[0]["id"]
    for wrong in (elsewhere, reply["id"], str(uuid.uuid4()), "0" * 33):
        answer = room.admin.post(f"/workitems/{item}/replies", json={"text": "x", "emailId": wrong})
        assert answer.status_code == 422, answer.text
        assert [error["path"] for error in answer.json()["errors"]] == ["/emailId"]
    # Where there is nothing else, it is what is answered.
    alone = room.receive(room.message(automatic="auto-submitted"))[0]["workItemId"]
    assert [to["address"] for to in room.reply(alone)["to"]] == ["Kim@example.org"]
    room.send()


def test_attachments_are_contents_or_parts_of_messages(room: MailRoom) -> None:
    part = {"index": 0, "name": "a.pdf", "type": "application/pdf", "size": 3, "sha256": room.store(b"pdf")}
    outcome = room.receive(room.message(attachments=[part]))[0]
    own = room.store(b"figures", "text/csv")
    body = {"attachments": [{"email": outcome["emailId"], "index": 0}, {"sha256": own, "name": "figures.csv"}]}
    attached = room.reply(outcome["workItemId"], **body)["attachments"]
    assert [(entry["name"], entry["type"], entry["size"]) for entry in attached] == [
        ("a.pdf", "application/pdf", 3), ("figures.csv", "text/csv", 7),
    ]  # fmt: skip
    # What is forwarded takes its attachments along.
    assert room.reply(outcome["workItemId"], kind="forward", to=["x@example.org"])["attachments"][0]["name"] == "a.pdf"


def test_a_draft_is_gone_on_with_and_sent_off(room: MailRoom, item: str) -> None:
    anna = room.agents["anna"]
    draft = room.reply(item, agent="anna", draft=True)
    assert draft["state"] == "draft" and not any(email["id"] == draft["id"] for email in room.claim()["emails"])
    path = f"/emails/{draft['id']}"
    changed = anna.patch(path, json={"text": "Better.", "cc": ["lee@example.org"]}, headers={"If-Match": '"1"'})
    assert changed.status_code == 200 and changed.json()["revision"] == 2
    assert changed.json()["text"].startswith("Better.\n\n-- \nYour support\n\n[ref:")
    assert anna.patch(path, json={"text": "Late."}, headers={"If-Match": '"1"'}).status_code == 412
    assert room.agents["bert"].patch(path, json={"text": "Not mine."}).status_code == 404
    assert anna.post(f"{path}/send").json()["state"] == "queued"
    assert anna.post(f"{path}/send").status_code == 409 and anna.patch(path, json={"text": "x"}).status_code == 409
    assert any(email["id"] == draft["id"] for email in room.send())
    other = room.reply(item, draft=True)
    assert room.admin.delete(f"/emails/{other['id']}").status_code == 204
    assert room.admin.get(f"/emails/{other['id']}").json()["state"] == "canceled"


def test_a_changed_draft_has_one_body_as_when_it_was_made(room: MailRoom, item: str) -> None:
    def change(path: str, **body: object) -> dict:
        answer = room.admin.patch(path, json=body)
        assert answer.status_code == 200, answer.text
        return answer.json()

    for quote in (True, False):
        made = {"html": "<p>The price is 100.</p>", "text": "The price is 100.", "quote": quote, "draft": True}
        draft = room.reply(item, **made)
        path, below = f"/emails/{draft['id']}", draft["text"].removeprefix("The price is 100.")
        below_html = draft["html"].removeprefix("<p>The price is 100.</p>")
        assert ("> Where is it?" in below, "<blockquote>" in below_html) == (quote, quote) and "[ref:" in below
        changed = change(path, text="The price is 10.")
        assert changed["text"] == f"The price is 10.{below}"
        assert "html" not in changed, "nobody reads what was corrected"
        changed = change(path, text="Ten.", html="<p>Ten.</p>")
        assert (changed["text"], changed["html"]) == (f"Ten.{below}", f"<p>Ten.</p>{below_html}")
        # Who changes what is shown sends it back with what stands below, be it shortened.
        changed = change(path, text=changed["text"].replace("Ten.", "Twelve."), html=changed["html"].replace("Ten.", "Twelve."))
        assert (changed["text"], changed["html"]) == (f"Twelve.{below}", f"<p>Twelve.</p>{below_html}")
        short = below.partition("\n\nOn ")[0]
        assert change(path, text=f"Short.{short}")["text"] == f"Short.{short}"
        changed = change(path, template="received")
        assert changed["text"].startswith("Dear Kim Larsen, your number is mail-") and changed["text"].endswith(below)
        assert changed["subject"] == "We have My order" and changed["html"].endswith(below_html)
        assert change(path, subject="Only this")["text"] == changed["text"]
        assert change(path, subject="Only this")["html"] == changed["html"]
        assert room.admin.delete(path).status_code == 204


def test_what_is_changed_while_it_awaits_approval_is_read_again(place: World) -> None:
    room = MailRoom.open(place, configuration(category={"approveReplies": True}))
    item = room.receive(room.message())[0]["workItemId"]
    room.assign(item)
    handed = room.reply(item, agent="anna")
    path = f"/emails/{handed['id']}"
    changed = room.agents["anna"].patch(path, json={"text": "I insult you."})
    assert (changed.json()["state"], changed.json()["changedWhileAwaiting"]) == ("awaitingApproval", True)
    assert room.admin.post(f"{path}/approve").status_code == 409
    assert room.admin.post(f"{path}/approve", headers={"If-Match": f'"{handed["revision"]}"'}).status_code == 412
    assert room.claim()["emails"] == []
    approved = room.admin.post(f"{path}/approve", headers={"If-Match": f'"{changed.json()["revision"]}"'}).json()
    assert approved["state"] == "queued" and "changedWhileAwaiting" not in approved
    # What the supervisor changes was read by the supervisor.
    second = room.reply(item, agent="anna")
    assert room.admin.patch(f"/emails/{second['id']}", json={"text": "Politely."}).status_code == 200
    assert room.admin.post(f"/emails/{second['id']}/approve").json()["state"] == "queued"
    room.send()


def test_a_supervisor_approves_where_the_category_asks_for_it(place: World) -> None:
    room = MailRoom.open(place, configuration(category={"approveReplies": True}))
    item = room.receive(room.message())[0]["workItemId"]
    room.assign(item)
    first, second = room.reply(item, agent="anna"), room.reply(item, agent="anna")
    assert first["state"] == "awaitingApproval" and room.claim()["emails"] == []
    assert room.agents["anna"].post(f"/emails/{first['id']}/approve").status_code == 403
    assert room.admin.post(f"/emails/{first['id']}/approve").json()["state"] == "queued"
    refused = room.admin.post(f"/emails/{second['id']}/reject", json={"reason": "Too short."}).json()
    assert (refused["state"], refused["reason"]) == ("rejected", "Too short.")
    assert [email["id"] for email in room.send()] == [first["id"]]
    # A supervisor's own need nobody.
    assert room.reply(item)["state"] == "queued"


def test_what_is_to_go_later_waits_and_can_be_called_off(room: MailRoom, item: str) -> None:
    later = room.reply(item, sendAt="2090-01-01T00:00:00Z")
    assert later["state"] == "queued" and later["dueAt"].startswith("2090")
    assert not any(email["id"] == later["id"] for email in room.claim()["emails"])
    assert room.admin.post(f"/emails/{later['id']}/cancel").json()["state"] == "canceled"
    assert room.admin.post(f"/emails/{later['id']}/cancel").status_code == 409


def test_an_attempt_that_was_put_off_is_made_again(room: MailRoom, item: str) -> None:
    reply = room.reply(item)
    first = next(email for email in room.claim()["emails"] if email["id"] == reply["id"])
    put_off = room.settle(first, "retry", reply="451 later").json()
    assert (put_off["state"], put_off["reason"]) == ("queued", "451 later") and put_off["dueAt"] > put_off["updatedAt"]
    assert not any(email["id"] == reply["id"] for email in room.claim()["emails"])
    assert room.admin.post(f"/emails/{reply['id']}/cancel").json()["state"] == "canceled"
    again = room.reply(item)
    attempt = next(email for email in room.claim()["emails"] if email["id"] == again["id"])
    assert room.settle(attempt, "retry", retryAfter=0).status_code == 200
    second = next(email for email in room.claim()["emails"] if email["id"] == again["id"])
    assert second["attempt"] == 2 and second["messageId"] == attempt["messageId"]
    assert room.settle(attempt, "sent").status_code == 409
    failed = room.settle(second, "failed", reply="550 no such user").json()
    assert (failed["state"], failed["reason"]) == ("failed", "550 no such user")
    assert room.admin.post(f"/emails/{again['id']}/retry").json()["state"] == "queued"
    room.send()


def test_what_was_in_hand_of_one_who_died_is_never_simply_sent_again(room: MailRoom, item: str) -> None:
    reply = room.reply(item)
    attempt = next(email for email in room.claim()["emails"] if email["id"] == reply["id"])
    old = room.term()
    room.lease(instance="email-2")
    claim = room.claim()
    assert not any(email["id"] == reply["id"] for email in claim["emails"])
    (found,) = [email for email in claim["interrupted"] if email["id"] == reply["id"]]
    assert found["attempt"] == attempt["attempt"]
    late = room.service.post(f"/emails/{reply['id']}/outcome", json={"term": old, "attempt": 1, "outcome": "sent"})
    assert late.status_code == 409
    assert room.settle(found, "uncertain", reply="not in the sent folder").json()["state"] == "uncertain"
    assert not any(email["id"] == reply["id"] for email in room.claim()["emails"])
    assert room.admin.get("/emails", params={"state": "uncertain"}).json()["items"][0]["id"] == reply["id"]
    assert room.admin.post(f"/emails/{reply['id']}/confirm").json()["state"] == "sent"
    unsure = room.reply(item)
    attempt = next(email for email in room.claim()["emails"] if email["id"] == unsure["id"])
    room.settle(attempt, "uncertain")
    assert room.admin.post(f"/emails/{unsure['id']}/retry").json()["state"] == "queued"
    assert unsure["id"] in [email["id"] for email in room.send()]


def test_who_sent_it_is_believed_when_nobody_waited_any_longer(place: World, room: MailRoom, item: str) -> None:
    reply = room.reply(item)
    attempt = next(email for email in room.claim()["emails"] if email["id"] == reply["id"])
    with psycopg.connect(place.admin_url, autocommit=True) as connection:
        late = "UPDATE email SET updated_at = updated_at - 16 * 60000 WHERE id = %s"
        assert connection.execute(late, (reply["id"],)).rowcount == 1
    # A new steward looks at once.
    core = place.cores.running[0]
    core.stop()
    core.start()
    path = f"/emails/{reply['id']}"
    wait_until(lambda: room.admin.get(path).json()["state"] == "uncertain", seconds=60, what="that nobody waits", every=0.2)
    assert room.settle(attempt, "retry").status_code == 409 and room.settle(attempt, "failed").status_code == 409
    assert room.settle(attempt, "sent", reply="250 OK").json()["state"] == "sent"
    assert room.settle(attempt, "sent", reply="250 OK").json()["state"] == "sent"
    assert room.admin.post(f"{path}/retry").status_code == 409, "no person sends it twice"
    assert room.history(item)[-2:] == ["email.uncertain", "email.sent"]


def test_an_attempt_is_waited_for_since_it_began(place: World, room: MailRoom, item: str) -> None:
    reply = room.reply(item)
    attempt = next(email for email in room.claim(begin=False)["emails"] if email["id"] == reply["id"])
    with psycopg.connect(place.admin_url, autocommit=True) as connection:
        at = "UPDATE email SET updated_at = updated_at - 14 * 60000 WHERE id = %s RETURNING updated_at"
        ((claimed,),) = connection.execute(at, (reply["id"],)).fetchall()
        assert room.begin(attempt).status_code == 204
        ((begun,),) = connection.execute("SELECT updated_at FROM email WHERE id = %s", (reply["id"],)).fetchall()
    assert begun - claimed >= 14 * 60_000
    assert room.settle(attempt, "sent").json()["state"] == "sent"


def test_what_was_claimed_and_never_begun_is_given_out_again(room: MailRoom, item: str) -> None:
    room.claim()
    reply = room.reply(item)

    def mine(claim: dict) -> dict | None:
        assert reply["id"] not in [email["id"] for email in claim["interrupted"]]
        return next((email for email in claim["emails"] if email["id"] == reply["id"]), None)

    first = mine(room.claim(begin=False))
    second = mine(room.claim(begin=False))
    assert (first["attempt"], second["attempt"]) == (1, 2), "the same holder, whose claim was answered in vain"
    assert room.begin(first).status_code == 409, "that attempt is over"
    old = room.term()
    room.lease(instance="email-2")
    third = mine(room.claim(begin=False))
    assert third["attempt"] == 3, "the next holder"
    assert room.begin(second, term=old).status_code == 409 and room.begin(third).status_code == 204
    assert room.begin(third).status_code == 204, "once more has no effect"
    assert mine(room.claim()) is None
    assert room.settle(third, "sent").json()["state"] == "sent"
    assert room.begin(third).status_code == 409
    assert room.history(item)[-5:] == ["email.queued", *["email.sending"] * 3, "email.sent"]


def test_the_service_hears_what_is_due(room: MailRoom, item: str) -> None:
    room.send()
    known = room.work()
    assert known["due"] == [] and known["mailboxes"]

    def told(known: dict) -> tuple[dict, float]:
        begin = time.monotonic()
        return room.work(known, wait=10), time.monotonic() - begin

    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(told, known)
        reply = room.reply(item)
        known, seconds = waiting.result()
    assert known["due"] == ["support"] and seconds < 8 and "mailboxes" not in known
    # What is due and known is no news, nor that it was sent.
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(room.work, known, 2)
        attempt = next(email for email in room.claim()["emails"] if email["id"] == reply["id"])
        assert waiting.result()["due"] == []
    # A message that was put off is due again when its pause is over, and one that was to go later at its time.
    known = room.work()
    begin = time.monotonic()
    room.settle(attempt, "retry", retryAfter=1.5)
    known, _ = told(known)
    assert known["due"] == ["support"] and 1.4 < time.monotonic() - begin < 8
    room.send()
    known = room.work()
    begin = time.monotonic()
    room.reply(item, sendAt=(datetime.now(UTC) + timedelta(seconds=1)).isoformat())
    known, _ = told(known)
    assert known["due"] == ["support"] and 0.9 < time.monotonic() - begin < 8
    room.send()


def test_a_new_message_begins_a_conversation(room: MailRoom, item: str) -> None:
    body = {"mailbox": "support", "to": [{"name": "Kim", "address": "kim@example.org"}], "subject": "News", "text": "Hello", "workItemId": item}
    key = {"Idempotency-Key": str(uuid.uuid4())}
    first = room.admin.post("/emails", json=body, headers=key)
    assert first.status_code == 201, first.text
    assert room.admin.post("/emails", json=body, headers=key).json()["id"] == first.json()["id"]
    room.send()
    assert room.receive(room.message(inReplyTo=[first.json()["messageId"]]))[0]["workItemId"] == item
    assert room.admin.post("/emails", json={"mailbox": "support", "text": "x"}).status_code == 422


def test_first_messages_are_acknowledged_and_machines_are_not(place: World) -> None:
    room = MailRoom.open(place, configuration(mailbox(acknowledgement="received")))
    first = room.receive(room.message())[0]["workItemId"]
    (answer,) = room.emails(first, "out")
    assert answer["autoSubmitted"] == "auto-replied" and answer["subject"] == "We have My order"
    sent = next(email for email in room.send() if email["id"] == answer["id"])
    assert sent["envelopeFrom"] == "" and sent["to"] == [{"name": "Kim Larsen", "address": "Kim@example.org"}]
    assert sent["text"].startswith("Dear Kim Larsen, your number is mail-") and "<p>Dear Kim Larsen</p>" in sent["html"]
    for automatic in ("auto-submitted", "list"):
        machine = room.receive(room.message(automatic=automatic))[0]["workItemId"]
        assert room.emails(machine, "out") == []
    # Three to one address within an hour, be they in one call or in several.
    items = [outcome["workItemId"] for outcome in room.receive(*(room.message() for _ in range(4)))]
    assert [len(room.emails(item, "out")) for item in items] == [1, 1, 0, 0]
    other = room.receive(room.message(**{"from": {"address": "lee@example.org"}}))[0]["workItemId"]
    assert len(room.emails(other, "out")) == 1
    # The answer to an answer: it comes back to its own mailbox, or to another one of ours.
    assert room.receive(room.message(sent["messageId"], automatic="own-mark"))[0]["outcome"] == "loop"


def test_a_category_answers_by_a_template_of_its_own(place: World) -> None:
    more = {"name": "hours", "subject": "Our hours", "text": "We are there from 9 to 5, {{attributes.fromName}}."}
    document = configuration(mailbox(acknowledgement="received"), category={"autoResponse": "hours"})
    document["templates"].append(more)
    room = MailRoom.open(place, document)
    first = room.receive(room.message())[0]["workItemId"]
    (answer,) = room.emails(first, "out")
    assert (answer["subject"], answer["autoSubmitted"]) == ("Our hours", "auto-replied"), "in place of the acknowledgement"
    sent = next(email for email in room.send() if email["id"] == answer["id"])
    assert sent["envelopeFrom"] == "" and sent["text"].startswith("We are there from 9 to 5, Kim Larsen.")
    # Neither machines nor answers to answers get one, and one correspondent three in an hour.
    machine = room.receive(room.message(automatic="auto-submitted"))[0]["workItemId"]
    assert room.emails(machine, "out") == []
    assert room.receive(room.message(sent["messageId"], automatic="own-mark"))[0]["outcome"] == "loop"
    items = [room.receive(room.message())[0]["workItemId"] for _ in range(3)]
    assert [len(room.emails(item, "out")) for item in items] == [1, 1, 0]
    # Other categories leave it to the mailbox; a template must be there.
    document["tenant"] = room.tenant.name
    document["categories"][0]["email"] = {"autoResponse": "nothing"}
    wrong = room.admin.put("/configuration", json=document)
    assert wrong.status_code == 422, wrong.text
    assert [error["path"] for error in wrong.json()["errors"]] == ["/categories/0/email/autoResponse"]
    del document["categories"][0]["email"]
    assert room.admin.put("/configuration", json=document).status_code == 200
    other = room.receive(room.message(**{"from": {"address": "lee@example.org"}}))[0]["workItemId"]
    assert room.emails(other, "out")[0]["subject"] == "We have My order"


def test_every_step_is_on_the_topic(place: World, room: MailRoom, item: str) -> None:
    contract = AsyncAPI()
    reply = room.reply(item)
    room.send()
    topic = place.reader("emails.status")
    topic.wait_for(lambda event: event["subject"] == reply["id"] and event["data"]["to"] == "sent", seconds=20, what="sent")
    steps = [event for event in topic.events if event["subject"] == reply["id"]]
    assert [event["data"]["to"] for event in steps] == ["queued", "sending", "sent"]
    assert [event["data"]["revision"] for event in steps] == [1, 2, 3]
    for message in topic.received:
        assert not contract.problems("emailStatus", "payload", message.event)
        assert message.key.decode() == message.event["subject"]
    feed = wait_until(lambda: room.admin.get("/events", params={"limit": 5000}).json()["items"], what="the feed")
    assert {event["id"] for event in steps} <= {event["id"] for event in feed}
