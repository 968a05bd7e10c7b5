"""What the core makes of mail that the email service hands over: items, conversations, duplicates, loops, bounces."""

import threading
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import psycopg
import pytest

from checker import check, gather, wait_until_drained
from mail_room import SECRETS_KEY, MailRoom, configuration, mailbox
from own_world import own_world
from stack import Stack
from world import World


@pytest.fixture(scope="module")
def place(stack: Stack) -> Iterator[World]:
    """A world for mail."""
    with own_world(stack, "email-core") as world:
        world.cores.start(1, SECRETS_KEY=SECRETS_KEY)
        yield world


@pytest.fixture(scope="module")
def room(place: World) -> MailRoom:
    return MailRoom.open(place, configuration(mailbox(), mailbox("sales")))


def test_a_first_message_makes_an_item(room: MailRoom) -> None:
    message = room.message(attachments=[{"index": 0, "name": "a.pdf", "type": "application/pdf", "size": 3, "sha256": room.store(b"pdf")}])
    (outcome,) = room.receive(message, progress={"folder": "INBOX", "uidValidity": 7, "uid": message["key"]["uid"]})
    assert outcome["outcome"] == "created"
    item = room.item(outcome["workItemId"])
    assert item["source"] == "mail" and item["captureId"].startswith("mail-") and len(item["captureId"]) == 37
    assert item["category"] == "Mail" and item["status"] == "queued"
    assert item["attributes"] == {
        "channel": "email", "mailbox": "support", "emails": 1, "attachments": 1, "subject": "My order",
        "from": "kim@example.org", "fromName": "Kim Larsen", "customer": "kim@example.org",
    }  # fmt: skip
    assert room.history(item["id"]) == ["workitem.submit", "email.received"]
    (email,) = room.emails(item["id"])
    assert email["id"] == outcome["emailId"] and email["subject"] == "My order" and "text" not in email
    assert room.admin.get(f"/emails/{email['id']}").json()["text"] == "Where is it?"
    base = f"/workitems/{item['id']}/emails/{email['id']}"
    assert room.admin.get(f"{base}/raw").content.startswith(b"Message-ID:")
    attachment = room.admin.get(f"{base}/attachments/0")
    assert attachment.content == b"pdf" and attachment.headers["content-disposition"].startswith("attachment")
    assert room.admin.get(f"{base}/attachments/1").status_code == 404
    progress = room.service.get("/mailboxes/support/progress", params={"term": room.term()}).json()
    assert progress["folders"]["INBOX"]["uid"] == message["key"]["uid"]


def test_the_same_message_again_makes_nothing(room: MailRoom) -> None:
    message = room.message()
    first = room.receive(message)[0]
    again = room.receive(message)[0]
    assert again == {**first, "outcome": "duplicate"}
    copy = room.message(message["messageId"])
    other = room.receive(copy, name="sales")[0]
    assert (other["outcome"], other["workItemId"]) == ("duplicate", first["workItemId"])
    rebuilt = {**message, "key": {"folder": "INBOX", "uidValidity": 8, "uid": 1}}
    assert room.receive(rebuilt)[0]["outcome"] == "duplicate"
    assert len(room.emails(first["workItemId"])) == 1


@pytest.mark.parametrize("rule", ["perMailbox", "off"])
def test_copies_in_two_mailboxes_are_counted_as_the_rule_says(place: World, rule: str) -> None:
    def ruled(name: str) -> dict:
        box = mailbox(name)
        box["inbound"]["duplicates"] = rule
        return box

    room = MailRoom.open(place, configuration(ruled("support"), ruled("sales")))
    message = room.message()
    assert room.receive(message)[0]["outcome"] == "created"
    assert room.receive(room.message(message["messageId"]), name="sales")[0]["outcome"] == "created"
    same = room.receive(room.message(message["messageId"]))[0]["outcome"]
    assert same == ("duplicate" if rule == "perMailbox" else "created")
    rebuilt = {**message, "key": {"folder": "INBOX", "uidValidity": 9, "uid": 1}}
    assert room.receive(rebuilt)[0]["outcome"] == "duplicate"


def test_another_message_under_the_same_message_id_is_work_of_its_own(room: MailRoom) -> None:
    """Devices and ERP systems use one id again and again."""
    first = room.message(date="2026-11-02T07:59:00Z", subject="Alarm 1")
    known = {name: first[name] for name in ("date", "subject")}
    one = room.receive(first)[0]
    later = {"date": "2026-11-02T08:30:00Z", "subject": "Alarm 1"}
    second = room.receive(room.message(first["messageId"], **later))[0]
    assert second["outcome"] == "created" and second["workItemId"] != one["workItemId"]
    third = room.receive(room.message(first["messageId"], **{**known, "from": {"address": "lee@example.org"}}))[0]
    assert third["outcome"] == "created" and third["workItemId"] not in (one["workItemId"], second["workItemId"])
    # A list has put a footer below: it is a copy all the same, of the one that it says it is, in any mailbox.
    copy = room.receive(room.message(first["messageId"], text="Where is it?\n-- \nA list", **known), name="sales")[0]
    assert (copy["outcome"], copy["workItemId"]) == ("duplicate", one["workItemId"])
    for name in ("support", "sales"):
        again = room.receive(room.message(first["messageId"], **later), name=name)[0]
        assert (again["outcome"], again["workItemId"]) == ("duplicate", second["workItemId"])
    # In one call; and without a date the text tells them apart.
    same = f"{uuid.uuid4()}@example.org"
    texts = room.receive(*(room.message(same, text=text) for text in ("Pump 1", "Pump 2", "Pump 1")))
    assert [outcome["outcome"] for outcome in texts] == ["created", "created", "duplicate"]
    assert texts[2]["workItemId"] == texts[0]["workItemId"]
    for outcome in (one, second, third, *texts[:2]):
        (email,) = room.emails(outcome["workItemId"])
        assert room.admin.get(f"/workitems/{outcome['workItemId']}/emails/{email['id']}/raw").status_code == 200


def test_another_message_under_an_id_whose_first_message_is_gone_is_no_copy(place: World) -> None:
    room = MailRoom.open(place)
    first = room.message(date="2026-11-02T07:59:00Z")
    item = room.receive(first)[0]
    with psycopg.connect(place.admin_url, autocommit=True) as connection:
        assert connection.execute("DELETE FROM email WHERE id = %s", (item["emailId"],)).rowcount == 1
        old = "UPDATE email_key SET at = at - 200 * 86400000::bigint WHERE email = %s"
        assert connection.execute(old, (item["emailId"],)).rowcount == 1
    then = {"receivedAt": "2020-01-02T08:00:00Z", "date": first["date"]}
    rebuilt = room.message(first["messageId"], **then)
    assert room.receive(rebuilt)[0]["outcome"] == "duplicate", "a folder that was rebuilt holds what was there before"
    now = {"receivedAt": datetime.now(UTC).isoformat(), "date": "2026-11-28T08:00:00Z"}
    assert room.receive(room.message(first["messageId"], **now))[0]["outcome"] == "created"


def test_a_reply_belongs_to_its_conversation_and_a_subject_alone_does_not(room: MailRoom) -> None:
    first = room.message()
    item = room.receive(first)[0]["workItemId"]
    reply = room.message(inReplyTo=[f"<{first['messageId']}>"], subject="Re: My order")
    outcome = room.receive(reply)[0]
    assert (outcome["outcome"], outcome["workItemId"]) == ("followUp", item)
    later = room.receive(room.message(references=["unknown@example.org", reply["messageId"]]))[0]
    assert (later["outcome"], later["workItemId"]) == ("followUp", item)
    assert room.item(item)["attributes"]["emails"] == 3
    assert room.history(item) == [
        "workitem.submit", "email.received", "workitem.update", "email.received", "workitem.update", "email.received",
    ]  # fmt: skip
    stranger = room.receive(room.message(subject="Re: My order"))[0]
    assert stranger["outcome"] == "created" and stranger["workItemId"] != item


def test_a_reply_that_comes_before_its_original_makes_one_item_with_it(room: MailRoom) -> None:
    original = f"{uuid.uuid4()}@example.org"
    reply = room.message(inReplyTo=[original])
    first = room.receive(reply)[0]
    second = room.receive(room.message(original))[0]
    assert (first["outcome"], second["outcome"]) == ("created", "followUp")
    assert first["workItemId"] == second["workItemId"]
    both = f"{uuid.uuid4()}@example.org"
    one, two = room.receive(room.message(both), room.message(references=[both]))
    assert (one["outcome"], two["outcome"]) == ("created", "followUp")
    assert one["workItemId"] == two["workItemId"]
    assert room.item(one["workItemId"])["attributes"]["emails"] == 2
    # Two more of that conversation, handed over the wrong way round; the later one names only the earlier one.
    earlier = f"{uuid.uuid4()}@example.org"
    outcomes = room.receive(room.message(references=[earlier]), room.message(earlier, references=[both]))
    assert [(outcome["outcome"], outcome["workItemId"]) for outcome in outcomes] == [("followUp", one["workItemId"])] * 2


def test_calls_at_once_about_one_conversation_make_one_item(room: MailRoom) -> None:
    room.term("sales")
    for _ in range(15):
        original = f"{uuid.uuid4()}@example.org"
        messages = [room.message(original), room.message(references=[original])]
        start = threading.Barrier(2)

        def hand_over(index: int, messages: list[dict] = messages, start: threading.Barrier = start) -> dict:
            start.wait()
            return room.receive(messages[index], name=("support", "sales")[index])[0]

        with ThreadPoolExecutor(2) as pool:
            outcomes = list(pool.map(hand_over, range(2)))
        assert sorted(outcome["outcome"] for outcome in outcomes) == ["created", "followUp"]
        assert len({outcome["workItemId"] for outcome in outcomes}) == 1


def test_a_reply_to_what_has_ended_restarts_it_for_the_agent_who_answered(room: MailRoom) -> None:
    message = room.message()
    item = room.receive(message)[0]["workItemId"]
    room.assign(item, "anna")
    answer = room.reply(item, agent="anna")
    room.send()
    room.complete(item)
    away = room.receive(room.message(inReplyTo=[answer["messageId"]], automatic="auto-submitted"))[0]
    assert (away["outcome"], room.item(item)["status"]) == ("followUp", "completed")
    again = room.receive(room.message(inReplyTo=[answer["messageId"]]))[0]
    assert (again["outcome"], again["workItemId"]) == ("restarted", item)
    restarted = room.item(item)
    assert restarted["status"] == "queued" and restarted["preferredAgent"] == "anna"
    assert restarted["attributes"]["emails"] == 3
    assert room.history(item)[-2:] == ["workitem.restart", "email.received"]


def test_a_person_behind_a_list_or_another_installation_restarts_what_has_ended(room: MailRoom) -> None:
    item = room.receive(room.message())[0]["workItemId"]
    answer = room.reply(item)
    (sent,) = [email for email in room.send() if email["id"] == answer["id"]]
    theirs, ours = str(uuid.uuid4()), sent["marks"]["X-Millrace-Id"]
    for person in (
        {"automatic": "list"}, {"automatic": "precedence"}, {"automatic": "responses-suppressed"},
        {"automatic": "own-mark", "marks": [theirs, "of some other kind"]},
    ):  # fmt: skip
        room.complete(item)
        outcome = room.receive(room.message(inReplyTo=[answer["messageId"]], **person))[0]
        assert (outcome["outcome"], outcome["workItemId"]) == ("restarted", item), person
        assert "unattended" not in room.admin.get(f"/emails/{outcome['emailId']}").json()
    room.complete(item)
    status = {"originalMessageId": "unknown@example.org", "recipients": []}
    for nobody in (
        {"automatic": "auto-submitted"}, {"automatic": "null-return-path"}, {"deliveryStatus": status},
        {"automatic": "own-mark", "marks": [theirs, ours]}, {"automatic": "own-mark"},
    ):  # fmt: skip
        outcome = room.receive(room.message(inReplyTo=[answer["messageId"]], **nobody))[0]
        assert (outcome["outcome"], room.item(item)["status"]) == ("followUp", "completed"), nobody
        assert room.admin.get(f"/emails/{outcome['emailId']}").json()["unattended"]


def test_a_category_may_want_a_new_item_for_a_reply_to_what_has_ended(place: World) -> None:
    room = MailRoom.open(place, configuration(category={"replyToFinal": "new"}))
    message = room.message()
    item = room.receive(message)[0]["workItemId"]
    room.assign(item, "bert")
    answer = room.reply(item, agent="bert")
    room.complete(item)
    reply = room.receive(room.message(inReplyTo=[answer["messageId"]]))[0]
    assert reply["outcome"] == "created" and reply["workItemId"] != item
    assert room.item(reply["workItemId"])["preferredAgent"] == "bert"
    assert room.item(item)["status"] == "completed"
    # The conversation goes on there, whichever of its messages is answered.
    later = room.receive(room.message(inReplyTo=[message["messageId"]]))[0]
    assert (later["outcome"], later["workItemId"]) == ("followUp", reply["workItemId"])


def test_a_token_finds_the_item_when_headers_do_not(room: MailRoom) -> None:
    message = room.message()
    item = room.receive(message)[0]["workItemId"]
    reply = room.reply(item)
    sent = next(email for email in room.send() if email["id"] == reply["id"])
    local, _, token = sent["replyTo"]["address"].split("@")[0].partition("+")
    assert local == "support" and f"[ref:{token}]" in sent["text"]
    found = room.receive(room.message(token=token.upper()))[0]
    assert (found["outcome"], found["workItemId"]) == ("followUp", item)
    assert room.receive(room.message(token="a" * len(token)))[0]["outcome"] == "created"
    # The first that was made here counts, wherever it stands among those that may be one.
    many = [f"shopping{number}" for number in range(15)]
    found = room.receive(room.message(token=many[0], tokens=[*many, token]))[0]
    assert (found["outcome"], found["workItemId"]) == ("followUp", item)
    other = room.receive(room.message())[0]["workItemId"]
    theirs = room.reply(other)["replyTo"]["address"].split("@")[0].partition("+")[2]
    assert room.receive(room.message(tokens=["shopping", theirs, token]))[0]["workItemId"] == other
    assert room.receive(room.message(tokens=[*many, "shopping", token]))[0]["outcome"] == "created", "sixteen are enough"


def test_our_own_messages_and_bounces_make_no_work(room: MailRoom) -> None:
    message = room.message()
    item = room.receive(message)[0]["workItemId"]
    reply = room.reply(item)
    room.send()
    mine = room.receive(room.message(reply["messageId"], automatic="own-mark"))[0]
    assert (mine["outcome"], mine.get("workItemId")) == ("loop", item)
    status = {"originalMessageId": reply["messageId"], "recipients": [{"address": "kim@example.org", "action": "failed", "status": "5.1.1", "diagnostic": "no such user"}]}
    bounce = room.receive(room.message(deliveryStatus=status, automatic="null-return-path", **{"from": None}))[0]
    assert (bounce["outcome"], bounce["workItemId"]) == ("deliveryStatus", item)
    state = room.admin.get(f"/emails/{reply['id']}").json()
    assert (state["state"], state["reason"]) == ("bounced", "5.1.1 no such user")
    assert "email.bounced" in room.history(item)
    # A report about what is not ours is mail like other mail.
    unknown = room.receive(room.message(deliveryStatus={"originalMessageId": "x@y", "recipients": []}, automatic="auto-submitted"))[0]
    assert unknown["outcome"] == "created"


def test_what_one_of_our_mailboxes_forwards_to_another_is_work_there(place: World) -> None:
    room = MailRoom.open(place, configuration(mailbox(), mailbox("sales", acknowledgement="received")))
    item = room.receive(room.message())[0]["workItemId"]
    forward = room.reply(item, kind="forward", to=[{"address": "sales@example.com"}])
    room.send()
    arrived = room.message(forward["messageId"], automatic="own-mark", **{"from": {"address": "support@example.com"}})
    theirs = room.receive(arrived, name="sales")[0]
    assert theirs["outcome"] == "created" and theirs["workItemId"] != item
    attributes = room.item(theirs["workItemId"])["attributes"]
    assert (attributes["mailbox"], attributes["from"], "automatic" in attributes) == ("sales", "support@example.com", False)
    assert room.emails(theirs["workItemId"], "out") == [], "nobody is thanked for a message of ours"
    assert room.item(item)["attributes"]["emails"] == 1
    # What sales answers goes on with the item of support, also when that has ended; what support answers to that with theirs.
    room.complete(item)
    answer = room.reply(theirs["workItemId"])
    room.send("sales")
    message = room.message(answer["messageId"], inReplyTo=[forward["messageId"]], automatic="own-mark")
    back = room.receive(message)[0]
    assert (back["outcome"], back["workItemId"]) == ("restarted", item)
    again = room.reply(item)
    room.send()
    known = {"inReplyTo": [answer["messageId"]], "references": [forward["messageId"]]}
    found = room.receive(room.message(again["messageId"], automatic="own-mark", **known), name="sales")[0]
    assert (found["outcome"], found["workItemId"]) == ("followUp", theirs["workItemId"])
    # The same once more is the same.
    arrived = room.message(forward["messageId"], automatic="own-mark", **{"from": {"address": "support@example.com"}})
    assert room.receive(arrived, name="sales")[0]["outcome"] == "duplicate"


@pytest.mark.parametrize("rule", ["messageId", "perMailbox"])
def test_a_copy_of_an_answer_in_another_of_our_mailboxes_is_what_the_rule_says(place: World, rule: str) -> None:
    sales = mailbox("sales")
    sales["inbound"]["duplicates"] = rule
    room = MailRoom.open(place, configuration(mailbox(), sales))
    first = room.message()
    item = room.receive(first)[0]["workItemId"]
    answer = room.reply(item, cc=[{"address": "sales@example.com"}])
    room.send()
    room.complete(item)
    copy = room.message(answer["messageId"], inReplyTo=[first["messageId"]], automatic="own-mark")
    outcome = room.receive(copy, name="sales")[0]
    if rule == "messageId":
        assert (outcome["outcome"], outcome["workItemId"], outcome["emailId"]) == ("duplicate", item, answer["id"])
    else:
        assert outcome["outcome"] == "created" and outcome["workItemId"] != item
    assert (room.item(item)["status"], room.item(item)["attributes"]["emails"]) == ("completed", 1)


def test_a_bad_message_waits_for_a_person_and_holds_up_nothing(room: MailRoom) -> None:
    bad, good = room.message(failed="too many parts", text=None), room.message()
    failed, fine = room.receive(bad, good)
    assert (failed["outcome"], fine["outcome"]) == ("failed", "created")
    item = room.item(failed["workItemId"])
    assert (item["status"], item["reason"]) == ("errorheld", "too many parts")
    assert room.emails(item["id"])[0]["state"] == "failed"
    answer = room.admin.post(f"/workitems/{item['id']}/resume")
    assert answer.status_code == 200 and answer.json()["status"] == "queued"


def test_what_was_not_kept_whole_is_known_by_its_place(room: MailRoom) -> None:
    def bare(**rest: object) -> dict:
        empty = room.store(b"", "message/rfc822")
        return room.message(messageId=None, raw=empty, size=900, failed="The server does not give it out.", whole=False, **rest)

    outcomes = room.receive(bare(), bare())
    assert [outcome["outcome"] for outcome in outcomes] == ["failed", "failed"]
    assert outcomes[0]["workItemId"] != outcomes[1]["workItemId"]
    # A head is not the message: the whole one that comes elsewhere is taken, beside it; a second head is a copy.
    head, again, whole = (
        {**room.message(f"whole-{room.tenant.name}@x"), **rest}
        for rest in ({"failed": "too large", "whole": False}, {"failed": "too large", "whole": False}, {})
    )
    # Told once more, whole or not, it is told what core has of it: whoever tells must not take it from the server.
    (told_again,) = room.receive({**room.message(f"held-{room.tenant.name}@x"), "failed": "too large", "whole": False})
    (now,) = room.receive({**room.message(f"held-{room.tenant.name}@x"), "key": told_again["key"]})
    assert (now["outcome"], now["incomplete"], now["emailId"]) == ("duplicate", True, told_again["emailId"])
    told = room.receive(head, again) + room.receive(whole)
    assert "incomplete" not in room.receive(whole)[0]
    assert [outcome["outcome"] for outcome in told] == ["failed", "duplicate", "followUp"]
    assert told[2]["workItemId"] == told[0]["workItemId"]
    (kept, _) = room.emails(told[0]["workItemId"])
    assert "place" not in kept
    # Where the whole one is, a head is needless.
    late = {**room.message(f"whole-{room.tenant.name}@x"), "failed": "too large", "whole": False}
    assert room.receive(late)[0]["outcome"] == "duplicate"
    # Unless another one has the same Message-ID, also where a copy of the first lies.
    room.receive({**whole, "key": {**whole["key"], "uid": whole["key"]["uid"] + 1000}})
    other = {**room.message(f"whole-{room.tenant.name}@x"), "subject": "Other", "failed": "too large", "whole": False}
    assert room.receive(other)[0]["outcome"] == "failed"


def test_progress_begins_anew_with_another_epoch_and_account(room: MailRoom) -> None:
    def progress(**rest: object) -> dict:
        room.receive(progress={"folder": "INBOX", "uidValidity": 7, **rest})
        found = room.service.get("/mailboxes/support/progress", params={"term": room.term()}).json()
        return found["folders"]["INBOX"]

    first = progress(uid=50, account="kim at a")
    assert (first["uid"], first["account"], first.get("epoch")) == (50, "kim at a", None)
    assert progress(uid=3)["uid"] == 50
    begun = progress(uid=3, epoch=1, account="kim at b", **{"from": "2026-01-02T03:04:05Z"})
    assert (begun["uid"], begun["epoch"], begun["account"]) == (3, 1, "kim at b")
    assert begun["from"].startswith("2026-01-02T03:04:05") and begun["from"] != first["from"]
    # The same UID of another epoch is another message.
    one = room.message()
    other = {**room.message(), "key": {**one["key"], "epoch": 1}}
    assert [outcome["outcome"] for outcome in room.receive(one, other)] == ["created", "created"]


def test_a_resumed_message_is_read_once_more(room: MailRoom) -> None:
    bad = room.message(failed="too many parts", text=None, subject=None, messageId=None, **{"from": None})
    item = room.receive(bad)[0]["workItemId"]
    known = room.work()
    assert room.admin.post(f"/workitems/{item}/resume").json()["status"] == "queued"
    (email,) = room.emails(item)
    wanted = room.work(known, wait=10)["rereads"][-1]
    assert (wanted["id"], wanted["raw"], wanted["size"]) == (email["id"], bad["raw"], bad["size"])
    assert room.work()["rereads"] == [], "given out once"

    def told(**rest: object) -> int:
        content = {name: value for name, value in room.message(**rest).items() if name not in ("raw", "size")}
        content = {**content, "key": {"id": email["id"]}, "raw": bad["raw"], "size": bad["size"]}
        return room.service.post(f"/emails/{email['id']}/read", json={"message": content}).status_code

    original = f"{uuid.uuid4()}@example.org"
    html = room.store(b"<p>Hi</p>", "text/html")
    assert told(html="0" * 64) == 409, "a content that is not stored"
    assert told(message_id=original, html=html, subject="Legible") == 204
    assert told(message_id=original, failed="again") == 204, "told again it has no effect"
    (read,) = room.emails(item)
    assert (read["state"], read["subject"], read["messageId"]) == ("received", "Legible", original)
    shown = room.item(item)["attributes"]
    assert (shown["subject"], shown["from"], shown["emails"]) == ("Legible", "kim@example.org", 1)
    assert room.admin.get(f"/workitems/{item}/emails/{email['id']}/html").text == "<p>Hi</p>"
    assert room.history(item)[-3:] == ["email.reading", "workitem.update", "email.received"]
    # It has its place in the conversation, and is known by its Message-ID.
    assert room.receive(room.message(inReplyTo=[original]))[0]["workItemId"] == item
    assert room.receive(room.message(original, subject="Legible"), name="sales")[0]["outcome"] == "duplicate"
    # What still cannot be read stays with its item, which goes on.
    worse = room.receive(room.message(failed="worse", text=None))[0]
    room.admin.post(f"/workitems/{worse['workItemId']}/resume")
    content = {**room.message(failed="still worse", text=None), "key": {"id": worse["emailId"]}}
    assert room.service.post(f"/emails/{worse['emailId']}/read", json={"message": content}).status_code == 204
    (left,) = room.emails(worse["workItemId"])
    assert (left["state"], left["reason"]) == ("failed", "still worse")
    assert room.item(worse["workItemId"])["status"] == "queued"


def test_a_report_that_is_read_late_tells_of_the_message_all_the_same(room: MailRoom) -> None:
    item = room.receive(room.message())[0]["workItemId"]
    reply = room.reply(item)
    room.send()
    bad = room.message(failed="too many parts", text=None, subject=None, messageId=None, **{"from": None})
    waiting = room.receive(bad)[0]
    known = room.work()
    assert room.admin.post(f"/workitems/{waiting['workItemId']}/resume").json()["status"] == "queued"
    wanted = room.work(known, wait=10)["rereads"][-1]
    assert wanted["id"] == waiting["emailId"]
    recipient = {"address": "kim@example.org", "action": "failed", "status": "5.1.1", "diagnostic": "no such user"}
    status = {"originalMessageId": reply["messageId"], "recipients": [recipient]}
    content = {name: value for name, value in room.message(**{"from": None}).items() if name not in ("raw", "size")}
    content |= {"key": {"id": wanted["id"]}, "raw": bad["raw"], "size": bad["size"]}
    content |= {"deliveryStatus": status, "automatic": "null-return-path"}
    for _ in range(2):
        answer = room.service.post(f"/emails/{wanted['id']}/read", json={"message": content})
        assert answer.status_code == 204, answer.text
    state = room.admin.get(f"/emails/{reply['id']}").json()
    assert (state["state"], state["reason"]) == ("bounced", "5.1.1 no such user")
    assert room.history(item).count("email.bounced") == 1
    assert room.emails(waiting["workItemId"])[0]["state"] == "received"


def test_what_is_not_stored_is_asked_for_again_and_progress_waits(room: MailRoom) -> None:
    one, two = room.message(), room.message()
    missing = {**two, "raw": "0" * 64}
    uid = two["key"]["uid"]
    outcomes = room.receive(one, missing, progress={"folder": "INBOX", "uidValidity": 7, "uid": uid})
    assert [outcome["outcome"] for outcome in outcomes] == ["created", "retry"]

    def reached() -> int:
        progress = room.service.get("/mailboxes/support/progress", params={"term": room.term()}).json()
        return progress["folders"]["INBOX"]["uid"]

    assert reached() == uid - 1
    assert room.receive(two, progress={"folder": "INBOX", "uidValidity": 7, "uid": uid})[0]["outcome"] == "created"
    assert reached() == uid
    # It never goes back.
    room.receive(progress={"folder": "INBOX", "uidValidity": 7, "uid": 1})
    assert reached() == uid


def test_an_older_term_changes_nothing(room: MailRoom) -> None:
    old = room.term("sales")
    new = room.lease("sales", "email-2")
    assert new == old + 1
    message = room.message()
    refused = room.post_received(message, name="sales", term=old)
    assert refused.status_code == 409 and refused.json()["type"].endswith(":staleTerm")
    for method, path, body in [
        ("PUT", "/mailboxes/sales/state", {"term": old, "unread": 9}),
        ("POST", "/mailboxes/sales/outbound/claim", {"term": old}),
        ("GET", f"/mailboxes/sales/progress?term={old}", None),
    ]:
        assert room.service.request(method, path, json=body).status_code == 409
    assert room.receive(message, name="sales", term=new)[0]["outcome"] == "created"


def test_everything_holds_together(place: World, room: MailRoom) -> None:
    wait_until_drained(place.admin_url, room.tenant.name)
    report = check(gather(place.admin_url, room.tenant.name, room.admin, expect_finished=False))
    assert not report.violations, report.text()
