"""Mail becomes work and answers leave: over real servers, with everything that a mailbox can be told to do."""

import json
import re
import time
from collections.abc import Callable, Iterator

import psycopg
import pytest

from emails import Account, MailServers, Post, mailbox, posts
from own_world import own_world
from stack import Stack
from waiting import wait_until
from world import World


@pytest.fixture(scope="module")
def mail_world(stack: Stack) -> Iterator[World]:
    with own_world(stack, "email") as world:
        yield world


@pytest.fixture(scope="module")
def servers(stack: Stack) -> MailServers:
    return MailServers.find(stack)


@pytest.fixture
def post(mail_world: World, servers: MailServers) -> Iterator[Callable[..., Post]]:
    """Makes a tenant with mailboxes; its instances stop after the test."""
    with posts(mail_world, servers) as make:
        yield make


def test_a_whole_conversation(post: Callable[..., Post], servers: MailServers) -> None:
    support, customer = servers.account("support"), servers.account("customer")
    desk = post(mailbox("support", support))
    desk.start()
    desk.connected("support")
    desk.connected("support", "outbound")

    first = customer.send(support.address, "Broken lamp", "It does not shine.")
    item = desk.has_items(1)[0]
    assert item["attributes"]["from"] == customer.address
    assert item["attributes"]["subject"] == "Broken lamp"
    assert item["attributes"]["channel"] == "email"

    desk.floor.ready("mail-anna")
    desk.floor.answer(desk.floor.offered("mail-anna", item), "accept")
    reply = desk.reply(item, "Please try another bulb.")
    answered = customer.arrived(lambda message: "Broken lamp" in (message["Subject"] or ""), "the answer")
    assert answered["In-Reply-To"] == first
    assert first in answered["References"]
    assert "another bulb" in answered.get_body(("plain",)).get_content()
    assert desk.email_in_state(reply, "sent")
    assert any(message["Message-ID"] == answered["Message-ID"] for message, _ in support.messages("Sent"))

    # An answer without any reference finds its way by the address alone.
    back = answered["Reply-To"] or answered["From"]
    customer.send(back, "Another subject", "It works now.")
    wait_until(
        lambda: "Another subject" in [email.get("subject") for email in emails_of(desk, item)],
        what="the customer's answer at the item", every=0.2,
    )  # fmt: skip
    assert len(desk.items()) == 1

    desk.floor.do(item, "complete")
    customer.send(support.address, "Re: Broken lamp", "Broken again.", In_Reply_To=answered["Message-ID"])
    desk.floor.until(item, "queued", "offered", "assigned", seconds=20)
    assert len(desk.items()) == 1


def emails_of(desk: Post, item: dict) -> list[dict]:
    answer = desk.http.get("/emails", params={"workItemId": item["id"]})
    assert answer.status_code == 200, answer.text
    return answer.json()["items"]


def test_what_was_taken_is_treated_as_the_mailbox_says(post: Callable[..., Post], servers: MailServers) -> None:
    actions = {"flag": {}, "move": {"folder": "Done"}, "delete": {}, "none": {}}
    sender, *others = servers.accounts(1 + len(actions))
    accounts = dict(zip(actions, others, strict=True))
    desk = post(*(mailbox(name, accounts[name], {"processed": {"action": name, **rest}}) for name, rest in actions.items()))
    desk.start()
    for name, account in accounts.items():
        desk.connected(name)
        for number in range(3):
            sender.send(account.address, f"{name} {number}")
    desk.has_items(3 * len(actions))

    def treated(name: str) -> bool:
        inbox, done = accounts[name].messages(), accounts[name].messages("Done")
        match name:
            case "flag":
                return len(inbox) == 3 and all({"\\Seen", "$MillraceTaken"} <= flags for _, flags in inbox)
            case "move":
                return not inbox and len(done) == 3
            case "delete":
                return not inbox and not done
            case _:
                return len(inbox) == 3 and not any("\\Seen" in flags for _, flags in inbox)

    for name in actions:
        wait_until(lambda: treated(name), what=f"the messages to be treated by {name}", every=0.2)
    desk.has_each_once([f"{name} {number}" for name in actions for number in range(3)])


def test_old_mail_does_not_become_work_unless_it_is_asked_for(post: Callable[..., Post], servers: MailServers) -> None:
    fresh, dated = servers.account(), servers.account()
    year = 365 * 86_400
    for account in (fresh, dated):
        for age, subject in ((3 * year, "ancient"), (year, "old"), (120, "recent")):
            account.append(account.message(account.address, subject), at=time.time() - age)
    since = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - 2 * year))
    desk = post(mailbox("fresh", fresh), mailbox("dated", dated, {"since": since}))
    desk.start()
    desk.connected("fresh")
    assert [item["attributes"]["subject"] for item in desk.has_items(2)] and desk.subjects() == ["old", "recent"]
    assert {item["attributes"]["mailbox"] for item in desk.items()} == {"dated"}
    servers.account().send(fresh.address, "new")
    assert desk.has_items(3)
    assert desk.subjects() == ["new", "old", "recent"]


def test_what_somebody_has_read_is_taken_all_the_same(post: Callable[..., Post], servers: MailServers) -> None:
    account = servers.account()
    desk = post(mailbox("m", account))
    email = desk.start()[0]
    desk.connected("m")
    email.stop()
    account.append(account.message(account.address, "read elsewhere"))
    with account.imap() as session:
        session.select("INBOX")
        session.store("1", "+FLAGS", "\\Seen")
    email.start()
    assert desk.has_items(1)[0]["attributes"]["subject"] == "read elsewhere"


def test_new_mail_is_seen_at_once(post: Callable[..., Post], servers: MailServers) -> None:
    account = servers.account()
    desk = post(mailbox("m", account))
    desk.start()
    desk.connected("m")
    account.append(account.message(account.address, "warm up"))
    desk.has_items(1)
    begin = time.monotonic()
    account.append(account.message(account.address, "now"))
    desk.has_items(2)
    # Half a second where nothing else runs, see the benchmarks; without IDLE's news it is looked at once a minute.
    assert time.monotonic() - begin < 15


def test_large_messages_and_unwanted_attachments(post: Callable[..., Post], servers: MailServers) -> None:
    account = servers.account()
    desk = post(mailbox("m", account, {"greatestMessage": 3_000_000, "blockedAttachments": ["*.exe"]}))
    email = desk.start()[0]
    desk.connected("m")
    message = account.message(account.address, "with attachments")
    message.add_attachment(b"MZ" * 100, maintype="application", subtype="octet-stream", filename="setup.EXE")
    message.add_attachment(b"%PDF" * 500_000, maintype="application", subtype="pdf", filename="invoice.pdf")
    account.append(message)
    large = account.message(account.address, "too large")
    large.add_attachment(b"x" * 3_000_000, maintype="application", subtype="octet-stream", filename="x.bin")
    account.append(large)
    items = {item["attributes"]["subject"]: item for item in desk.has_items(2)}
    assert items["with attachments"]["attributes"]["attachments"] == 1
    assert items["too large"]["status"] == "errorheld"
    assert "bytes" in items["too large"]["reason"]
    kept = emails_of(desk, items["with attachments"])[0]
    assert [part["name"] for part in kept["attachments"]] == ["invoice.pdf"]
    raw = desk.http.get(f"/workitems/{items['with attachments']['id']}/emails/{kept['id']}/raw")
    assert raw.status_code == 200 and b"setup.EXE" in raw.content
    assert "email_inbound_blocked_total" in email.metrics()


def test_connections_are_tested_and_their_troubles_told(post: Callable[..., Post], servers: MailServers) -> None:
    account = servers.account()
    desk = post(
        mailbox("good", account),
        mailbox("password", account, {"credentials": {"user": account.address, "secret": "wrong"}}),
        mailbox("name", account, {"server": {"host": "127.0.0.2", "port": servers.imaps_port, "security": "tls"}}),
    )
    desk.secret("wrong", "not-the-password")
    desk.start()
    desk.connected("good")
    failing = desk.until("password", lambda found: found["inbound"]["state"] == "failing", "the failing state")
    assert "refuses user or password" in failing["inbound"]["error"]
    assert "not-the-password" not in str(failing)

    def tested(name: str) -> dict:
        asked = desk.http.post(f"/mailboxes/{name}/test")
        assert asked.status_code in (200, 201, 202), asked.text
        place = f"/mailboxes/tests/{asked.json()['id']}"

        def probe() -> dict | None:
            found = desk.http.get(place).raise_for_status().json()
            return found if found["done"] else None

        return wait_until(probe, seconds=30, what=f"the test of {name}", every=0.2)

    good = tested("good")
    assert good["inbound"]["ok"] and good["outbound"]["ok"], good
    bad = tested("password")
    assert not bad["inbound"]["ok"] and bad["outbound"]["ok"], bad

    # The right password mends it without anything being started again.
    desk.secret("wrong", servers.password)
    desk.connected("password", seconds=70)


def test_a_folder_that_was_rebuilt_repeats_nothing(post: Callable[..., Post], servers: MailServers) -> None:
    account = servers.account()
    desk = post(mailbox("m", account))
    email = desk.start()[0]
    desk.connected("m")
    for number in range(5):
        account.append(account.message(account.address, f"message {number}"))
    desk.has_items(5)
    email.stop()
    validity = uid_validity(account)
    # Dovecot makes it of the second in which a folder is made: in the same one it would be the same again.
    wait_until(lambda: time.time() >= int(validity) + 1, what="another second", every=0.05)
    for file in account.maildir.glob("dovecot*"):
        file.unlink()
    account.append(account.message(account.address, "after"))
    wait_until(lambda: uid_validity(account) != validity, what="another UIDVALIDITY", every=0.5)
    email.start()
    desk.has_items(6)
    account.append(account.message(account.address, "last"))
    desk.has_items(7)
    assert desk.subjects() == ["after", "last", *(f"message {number}" for number in range(5))]


def uid_validity(account: Account) -> bytes:
    with account.imap() as session:
        session.select("INBOX", readonly=True)
        return session.response("UIDVALIDITY")[1][0]


def test_refusals_fail_or_are_tried_again(post: Callable[..., Post], servers: MailServers) -> None:
    account, customer = servers.account(), servers.account("customer")
    desk = post(mailbox("m", account))
    desk.start()
    desk.connected("m", "outbound")
    customer.send(account.address, "Question")
    item = desk.has_items(1)[0]
    refused = desk.reply(item, to=["nobody@fail.test"])
    assert "No such person" in desk.email_in_state(refused, "failed")["reason"]
    later = desk.reply(item, to=["somebody@later.test"])
    state = wait_until(
        lambda: found if (found := desk.http.get(f"/emails/{later['id']}").json()).get("reason") else None,
        what="the reason why it waits", every=0.2,
    )  # fmt: skip
    assert state["state"] == "queued" and "Try again later" in state["reason"]


def test_a_customer_whose_mailbox_is_full_bounces(post: Callable[..., Post], servers: MailServers) -> None:
    support = servers.account("support")
    customer = servers.account("customer", quota="1K")
    desk = post(mailbox("m", support))
    desk.start()
    desk.connected("m")
    customer.send(support.address, "Question")
    item = desk.has_items(1)[0]
    reply = desk.reply(item, "A long answer. " * 400)
    # The mail server takes it, cannot deliver it, and says so by a notification.
    bounced = desk.email_in_state(reply, "bounced", seconds=30)
    assert re.search("quota|full", bounced["reason"], re.IGNORECASE), bounced["reason"]
    assert customer.messages() == [] and len(desk.items()) == 1
    notice = next(email for email in emails_of(desk, item) if email["direction"] == "in" and email.get("automatic"))
    assert notice["workItemId"] == item["id"]
    history = [event["type"] for event in desk.http.get(f"/workitems/{item['id']}/history").json()["items"]]
    steps = [kind.split(".")[-1] for kind in history if kind.endswith(("email.sent", "email.bounced"))]
    # It is sent once it lies in the folder of what was sent: the notification may be quicker.
    assert steps in (["sent", "bounced"], ["bounced"])
    # Such a reply goes again when the mailbox has room: a person says so.
    assert desk.http.post(f"/emails/{reply['id']}/retry").json()["state"] == "queued"


def test_a_message_that_is_listed_and_not_given_out_stops_no_other(post: Callable[..., Post], servers: MailServers) -> None:
    account = servers.account()
    message = account.message(account.address, "legible").as_bytes().replace(b"\n", b"\r\n")
    subjects = (b"broken", b"legible", b"bad too")
    broken, _, other = account.lay([message.replace(b"legible", name).replace(b"<", b"<" + name[:3]) for name in subjects])
    # Listed with their sizes by their names, and not to be read by the mail server.
    for file in (broken, other):
        file.chmod(0)
    desk = post(mailbox("m", account, {"since": "2020-01-01T00:00:00Z", "processed": {"action": "delete"}}))
    desk.start()
    # Dovecot ends the connection when it cannot read a message.
    items = desk.has_items(3, seconds=80)
    assert sorted(item["status"] for item in items) == ["errorheld", "errorheld", "queued"], items
    assert [item["attributes"]["subject"] for item in items if item["status"] == "queued"] == ["legible"]
    bad = next(item for item in items if item["status"] == "errorheld")
    assert "does not give the message out" in bad["reason"]
    account.append(account.message(account.address, "later"))
    desk.has_items(4)
    desk.connected("m")
    # The server has the only copies.
    wait_until(lambda: len(account.kept()) == 2, what="the others to be deleted", every=0.2)

    # A person lets it be tried again: the server still does not give it out, and the item goes on.
    (kept,) = emails_of(desk, bad)
    assert desk.http.post(f"/workitems/{bad['id']}/resume").json()["status"] == "queued"
    left = wait_until(
        lambda: found if (found := desk.http.get(f"/emails/{kept['id']}").json())["revision"] == 3 else None,
        what="the second reading", every=0.1,
    )  # fmt: skip
    assert left["state"] == "failed" and "only 0 were kept" in left["reason"]

    # When the server can read it again it is fetched from there.
    for file in account.kept():
        file.chmod(0o600)
    (second,) = (item for item in desk.items() if item["status"] == "errorheld")
    (kept,) = emails_of(desk, second)
    assert desk.http.post(f"/workitems/{second['id']}/resume").json()["status"] == "queued"
    assert desk.email_in_state(kept, "received")["subject"] in ("broken", "bad too")


def test_what_could_not_be_read_is_read_once_more(post: Callable[..., Post], servers: MailServers, mail_world: World) -> None:
    account = servers.account()
    desk = post(mailbox("m", account))
    desk.start()
    desk.connected("m")
    message = account.message(account.address, "Broken lamp", "It does not shine.")
    message.add_attachment(b"%PDF", maintype="application", subtype="pdf", filename="invoice.pdf")
    account.append(message)
    item = desk.has_items(1)[0]
    (kept,) = emails_of(desk, item)
    # As an earlier version would have left it that could not read it.
    with psycopg.connect(mail_world.admin_url, autocommit=True) as database:
        (content,) = database.execute("SELECT content FROM email WHERE id = %s", (kept["id"],)).fetchone()
        bare = {name: value for name, value in json.loads(content).items() if name in ("rawSha256", "size", "receivedAt")}
        database.execute(
            "UPDATE email SET state = 'failed', message_id = NULL, message = NULL, content = %s WHERE id = %s",
            (json.dumps(bare), kept["id"]),
        )
        database.execute(
            "UPDATE work_item SET status = 'errorheld', attributes = %s WHERE id = %s",
            ('{"channel": "email", "mailbox": "m"}', item["id"]),
        )
    assert desk.http.post(f"/workitems/{item['id']}/resume").json()["status"] == "queued"
    read = desk.email_in_state(kept, "received")
    assert (read["subject"], read["messageId"]) == ("Broken lamp", message["Message-ID"].strip("<>"))
    assert read["text"].strip() == "It does not shine." and [part["name"] for part in read["attachments"]] == ["invoice.pdf"]
    assert desk.http.get(f"/workitems/{item['id']}").json()["attributes"]["subject"] == "Broken lamp"
    account.send(account.address, "Re: Broken lamp", In_Reply_To=message["Message-ID"])
    wait_until(lambda: len(emails_of(desk, item)) == 2, what="the answer in its conversation", every=0.1)


MAPPING = {"spam": "spamScore", "spf": "senderPolicy", "dkim": "signature", "dmarc": "alignment"}
SCORED = {"X-Spam-Flag": "YES", "X-Spam-Status": "Yes, score=9.7 required=5.0 tests=BAYES_99"}
PASSED = "mx.example.test; spf=pass smtp.mailfrom=example.org; dkim=pass header.d=example.org; dmarc=pass (p=reject)"
FAILED = "mx.example.test; spf=softfail smtp.mailfrom=example.net; dkim=none; dmarc=fail header.from=example.net"
#: As a sender would like it to be believed.
FORGED = "mx.example.test; spf=pass; dkim=pass; dmarc=pass"


def divided(desk: Post) -> None:
    """Gives the category of mail two below it, for junk and for what may be forged."""
    document = desk.http.get("/configuration").raise_for_status().json()
    document["categories"][0]["children"] = [
        {"name": "junk", "when": {"all": [{"attribute": "spamScore", "greaterThan": 5}]}},
        {"name": "doubtful", "when": {"any": [{"attribute": "alignment", "is": "fail"}]}},
    ]
    answer = desk.http.put("/configuration", json=document)
    assert answer.status_code == 200, answer.text


def test_results_in_headers_become_attributes_that_categories_ask_for(
    post: Callable[..., Post], servers: MailServers
) -> None:
    account, bare = servers.accounts(2)
    desk = post(mailbox("m", account, attributesFromHeaders=MAPPING), mailbox("bare", bare))
    divided(desk)
    desk.start()
    desk.connected("m")
    desk.connected("bare")
    results = {
        "passed": [("Authentication-Results", PASSED), ("X-Spam-Status", "No, score=-1.2 required=5.0")],
        "junk": [*SCORED.items()],
        # The receiving server's own stands on top.
        "forged": [("Authentication-Results", FAILED), ("Authentication-Results", FORGED)],
        "by spf alone": [("Received-SPF", "Fail (mx.example.test: not permitted) client-ip=192.0.2.1")],
        "nothing": [],
    }
    for subject, headers in results.items():
        message = account.message(account.address, subject).as_bytes().replace(b"\n", b"\r\n")
        account.append("".join(f"{name}: {value}\r\n" for name, value in headers).encode() + message)
    junk = bare.message(bare.address, "not mapped", **{name.replace("-", "_"): value for name, value in SCORED.items()})
    bare.append(junk)

    items = {item["attributes"]["subject"]: item for item in desk.has_items(len(results) + 1)}
    shown = {
        subject: {name: item["attributes"][name] for name in MAPPING.values() if name in item["attributes"]}
        for subject, item in items.items()
    }
    assert shown == {
        "passed": {"spamScore": -1.2, "senderPolicy": "pass", "signature": "pass", "alignment": "pass"},
        "junk": {"spamScore": 9.7},
        "forged": {"senderPolicy": "softfail", "signature": "none", "alignment": "fail"},
        "by spf alone": {"senderPolicy": "fail"},
        "nothing": {},
        "not mapped": {},
    }
    assert {subject: item["category"] for subject, item in items.items()} == {
        "passed": "mail", "junk": "mail/junk", "forged": "mail/doubtful", "by spf alone": "mail", "nothing": "mail",
        "not mapped": "mail",
    }  # fmt: skip
