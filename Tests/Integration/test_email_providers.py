"""Mailboxes at Gmail and Microsoft Graph, played by stand-ins that follow the published documents."""

import base64
import hashlib
import json
import os
import re
import time
from collections.abc import Callable, Iterator
from datetime import datetime
from email.message import EmailMessage, Message
from email.utils import formatdate
from urllib.parse import parse_qs, urlsplit

import httpx
import psycopg
import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from emails import SECRETS_KEY, MailServers, Post
from own_world import own_world
from provider_mail import message, provider_posts
from standins.gmail import Gmail
from standins.graph import Graph
from standins.graph_drafts import UPLOADS
from standins.provider import BreakOff, Provider, Refusal, Request
from stack import Stack
from waiting import wait_until
from world import World


@pytest.fixture(scope="module")
def mail_world(stack: Stack) -> Iterator[World]:
    with own_world(stack, "providers") as world:
        yield world


@pytest.fixture(scope="module")
def servers(stack: Stack) -> MailServers:
    return MailServers.find(stack)


@pytest.fixture
def post(mail_world: World, servers: MailServers, provider: Provider) -> Iterator[Callable[..., Post]]:
    """Makes a tenant with the provider's mailbox `m`."""
    with provider_posts(mail_world, servers, provider) as make:
        yield make


#: Gmail takes messages of any size in one request.
only_graph = pytest.mark.parametrize("provider", [Graph], indirect=True, ids=["graph"])


def test_a_conversation(post: Callable[..., Post], provider: Gmail | Graph) -> None:
    desk = post()
    email = desk.start()[0]
    desk.connected("m")
    desk.connected("m", "outbound")
    raw = message("Broken lamp")
    provider.arrive(raw, provider.inbox)
    item = desk.has_items(1)[0]
    waited = re.compile(r"^\w*email_inbound_waiting_seconds_count\S* 1$", re.MULTILINE)
    wait_until(lambda: waited.search(email.metrics()), what="the waiting time")
    assert item["attributes"]["subject"] == "Broken lamp"
    wait_until(lambda: provider.taken in provider.stored("Broken lamp").marks, what="the mark")
    assert not provider.stored("Broken lamp").unread

    reply = desk.reply(item, "Please try another bulb.", cc=["boss@example.org"])
    desk.email_in_state(reply, "sent")
    sent = provider.sent[0]
    assert sent["In-Reply-To"] == provider.stored("Broken lamp").parsed["Message-ID"]
    assert sent["To"] and "kim@example.org" in sent["To"]

    provider.arrive(message("Re: Broken lamp", "It works.", In_Reply_To=sent["Message-ID"]), provider.inbox)
    thread = {"workItemId": item["id"]}
    wait_until(lambda: len(desk.http.get("/emails", params=thread).json()["items"]) == 3, what="the answer", every=0.2)
    assert len(desk.items()) == 1
    assert len(provider.sent) == 1


def test_waiting_mail_is_taken_page_by_page_and_fetched_once(post: Callable[..., Post], provider: Gmail | Graph) -> None:
    for number in range(11):
        provider.arrive(message(f"waiting {number:02}"), provider.inbox, at=time.time() - 3600)
    provider.arrive(message("ancient"), provider.inbox, at=time.time() - 90 * 86_400)
    since = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - 86_400))
    desk = post({"since": since})
    desk.start()
    desk.has_items(11)
    for number in range(7):
        provider.arrive(message(f"waiting {number + 11:02}"), provider.inbox)
    desk.has_items(18)
    assert desk.subjects() == [f"waiting {number:02}" for number in range(18)]
    # marks of ours change messages; they are not fetched again for that
    look = "history" if provider.kind == "gmail" else "delta"
    rounds = provider.count(look)
    wait_until(lambda: provider.count(look) > rounds + 2, what="two more looks")
    fetched = provider.count("messages/") if provider.kind == "gmail" else provider.count("/$value")
    assert fetched == 18


def test_a_refresh_token_that_changes_is_kept(post: Callable[..., Post], provider: Gmail | Graph) -> None:
    provider.rotates = True
    handed = [provider.refresh_token]
    desk = post()
    stored = desk.http.get("/mailboxes/secrets").json()
    first = desk.start()[0]
    desk.connected("m")
    lease = "SELECT term FROM mailbox_state WHERE tenant = (SELECT id FROM tenant WHERE name = %s)"

    def term() -> int:
        with psycopg.connect(desk.world.admin_url, autocommit=True) as connection:
            return connection.execute(lease, (desk.tenant.name,)).fetchone()[0]

    held = term()
    for number in range(1, 4):
        handed.append(provider.refresh_token)
        provider.expire_tokens()
        provider.arrive(message(f"message {number}"), provider.inbox)
        desk.has_items(number)
    assert len(set(handed)) == len(handed) and provider.refresh_token != handed[-1]
    # It is the same consent: nobody connects anew, and nobody stored anything.
    assert term() == held and desk.http.get("/mailboxes/secrets").json() == stored
    first.stop()
    provider.expire_tokens()
    provider.arrive(message("message 4"), provider.inbox)
    second = desk.start()[0]
    desk.has_items(4)
    # Another mailbox with the same secret, or another instance, has renewed meanwhile.
    key = httpx.Client(base_url=desk.http.base_url, headers={"Authorization": f"Bearer {desk.mail_key}"})
    box = AESGCM(base64.b64decode(SECRETS_KEY))
    purpose = f"millrace/{desk.tenant.name}/provider".encode()
    old = provider.refresh_token
    provider.refresh_token = "renewed-by-another-mailbox"

    def replace(replaces: str, token: str) -> httpx.Response:
        nonce = os.urandom(12)
        sealed = base64.b64encode(nonce + box.encrypt(nonce, token.encode(), purpose)).decode()
        body = {"replaces": hashlib.sha256(replaces.encode()).hexdigest(), "sealed": sealed}
        return key.put("/mailboxes/secrets/provider/refresh-token", json=body)

    assert replace("another", "stolen").status_code == 409
    for _ in range(2):
        assert replace(old, provider.refresh_token).status_code == 204, "once more has no effect"
    provider.expire_tokens()
    provider.arrive(message("message 5"), provider.inbox)
    desk.has_items(5)
    sealed = base64.b64decode(key.get("/mailboxes/secrets/provider/sealed").json()["sealed"])
    assert json.loads(box.decrypt(sealed[:12], sealed[12:], purpose)) == provider.secret
    other = desk.http.post("/keys", json={"name": "looks", "roles": ["supervisor"]}).json()["key"]
    headers = {"Authorization": f"Bearer {other}"}
    assert desk.http.get("/mailboxes/secrets/provider/sealed", headers=headers).status_code == 403
    for log in [one.log for one in (first, second, desk.core)]:
        assert not any(token in log.read_text() for token in [*handed, old, provider.refresh_token])


def test_a_restart_goes_on_where_the_last_holder_stopped(post: Callable[..., Post], provider: Gmail | Graph) -> None:
    desk = post({"processed": {"action": "none"}})
    first = desk.start()[0]
    desk.connected("m")
    provider.arrive(message("one"), provider.inbox)
    desk.has_items(1)
    first.stop()
    provider.arrive(message("two"), provider.inbox)
    desk.start()
    desk.has_items(2)
    assert desk.subjects() == ["one", "two"]
    assert provider.place("one") == {provider.inbox} and provider.stored("one").unread


def test_throttling_is_waited_out(post: Callable[..., Post], provider: Gmail | Graph) -> None:
    desk = post()
    desk.start()
    desk.connected("m")
    provider.throttle(3, 1)
    if provider.kind == "gmail":
        limit = {"error": {"code": 403, "errors": [{"reason": "userRateLimitExceeded"}], "message": "slow"}}
        provider.trouble(1, Refusal(403, limit), lambda request: "messages/" in request.path)
    else:
        provider.throttle(1, 1, "/$value", status=503)
    for number in range(4):
        provider.arrive(message(f"m{number}"), provider.inbox)
    desk.has_items(4, seconds=40)
    assert desk.subjects() == ["m0", "m1", "m2", "m3"]
    desk.connected("m")


def test_tokens_are_renewed_and_a_withdrawn_consent_shows_at_once(post: Callable[..., Post], provider: Gmail | Graph) -> None:
    desk = post()
    desk.start()
    desk.connected("m")
    provider.expire_tokens()
    provider.arrive(message("after expiry"), provider.inbox)
    desk.has_items(1)

    good = provider.revoke()
    failing = desk.until("m", lambda state: state["inbound"]["state"] == "failing", "the failure", seconds=30)
    assert "onsent" in failing["inbound"]["error"] or "token" in failing["inbound"]["error"]
    assert good not in str(failing)
    provider.refresh_token = good
    provider.arrive(message("after consent"), provider.inbox)
    desk.has_items(2, seconds=90)


def test_a_forgotten_cursor_reads_again_and_doubles_nothing(post: Callable[..., Post], provider: Gmail | Graph) -> None:
    desk = post()
    desk.start()
    desk.connected("m")
    for number in range(4):
        provider.arrive(message(f"before {number}"), provider.inbox)
    desk.has_items(4)
    provider.forget()
    provider.arrive(message("behind"), provider.inbox)
    desk.has_items(5)
    provider.arrive(message("later"), provider.inbox)
    desk.has_items(6)
    assert desk.subjects() == ["before 0", "before 1", "before 2", "before 3", "behind", "later"]


@only_graph
@pytest.mark.parametrize("action", ["none", "move"])
def test_more_than_a_delta_tells_of_is_taken(post: Callable[..., Post], provider: Graph, action: str) -> None:
    provider.filtered_delta = 4
    for number in range(13):
        # The last come within one second, more than a page of them.
        provider.arrive(message(f"waiting {number:02}"), at=int(time.time()) - 7200 + min(number, 7))
    since = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - 30 * 86_400))
    processed = {"action": action, **({"folder": "Done"} if action == "move" else {})}
    desk = post({"since": since, "processed": processed})
    desk.start()
    desk.has_items(13)
    provider.arrive(message("waiting 13"))
    desk.has_items(14)
    assert desk.subjects() == [f"waiting {number:02}" for number in range(14)]

    # What is forgotten is told of again from a day before the last telling on, not from the beginning.
    provider.forget()
    provider.arrive(message("waiting 14"))
    desk.has_items(15)
    (asked,) = {request.one("$filter") for request in provider.requests[-400:] if again(request)}
    begin = datetime.fromisoformat(asked.split()[-1]).timestamp()
    assert time.time() - 2 * 86_400 < begin < time.time() - 80_000
    assert desk.subjects() == [f"waiting {number:02}" for number in range(15)]


def again(request: Request) -> bool:
    """Whether the past is asked for anew, from a day ago on."""
    asked = request.one("$filter") or ""
    if not request.path.endswith("/messages") or "receivedDateTime" not in asked:
        return False
    return 80_000 < time.time() - datetime.fromisoformat(asked.split()[-1]).timestamp() < 2 * 86_400


def test_a_message_that_is_not_given_out_stops_no_other(post: Callable[..., Post], provider: Gmail | Graph) -> None:
    desk = post({"processed": {"action": "delete"}})
    desk.start()
    desk.connected("m")
    with provider.lock:
        bad = provider.arrive(message("bad"), provider.inbox)
        provider.trouble(10_000, Refusal(403, {"error": {"code": "ErrorInternal"}}), lambda request: bad in request.path)
    provider.arrive(message("good"), provider.inbox)
    desk.has_items(1)
    provider.arrive(message("later"), provider.inbox)
    items = desk.has_items(3, seconds=60)
    assert desk.subjects() == ["", "good", "later"]
    held = next(item for item in items if item["status"] == "errorheld")
    assert "does not give the message out" in held["reason"]
    # The provider has the only copy.
    wait_until(lambda: provider.place("good") != {provider.inbox}, what="the good one to be put away")
    assert provider.inbox in provider.place("bad")


@pytest.mark.parametrize("action", ["move", "delete"])
def test_what_was_taken_is_treated_as_the_mailbox_says(post: Callable[..., Post], provider: Gmail | Graph, action: str) -> None:
    desk = post({"processed": {"action": action, **({"folder": "Done"} if action == "move" else {})}})
    desk.start()
    desk.connected("m")
    provider.arrive(message("one"), provider.inbox)
    desk.has_items(1)
    bin_name = "TRASH" if provider.kind == "gmail" else "deleteditems"
    expected = {"move": {"Done"}, "delete": {bin_name}}[action]
    wait_until(lambda: provider.place("one") == expected, what=f"the message to be treated by {action}")


def test_a_message_beyond_the_limit_keeps_its_head(post: Callable[..., Post], provider: Gmail | Graph) -> None:
    desk = post({"greatestMessage": 20_000})
    desk.start()
    desk.connected("m")
    provider.arrive(message("too large", "x" * 200 + "\n" + ("line\n" * 20_000)), provider.inbox)
    provider.arrive(message("small"), provider.inbox)
    items = {item["attributes"].get("subject"): item for item in desk.has_items(2)}
    assert items["too large"]["status"] == "errorheld"
    assert items["small"]["status"] != "errorheld"


def test_an_answer_that_never_came_is_looked_for_among_those_sent(post: Callable[..., Post], provider: Gmail | Graph) -> None:
    desk = post()
    desk.start()
    desk.connected("m", "outbound")
    desk.connected("m")
    provider.arrive(message("question"), provider.inbox)
    item = desk.has_items(1)[0]

    def is_send(request: object) -> bool:
        return request.path.endswith("/send") or request.path.endswith("/sendMail")

    taken = BreakOff()
    taken.after = True
    provider.trouble(1, taken, is_send)
    desk.email_in_state(desk.reply(item, "first"), "sent")
    assert len(provider.sent) == 1

    provider.trouble(1, BreakOff(), is_send)
    desk.email_in_state(desk.reply(item, "second"), "uncertain")
    assert len(provider.sent) == 1

    provider.trouble(1, Refusal(400, {"error": {"code": "ErrorInvalidRecipients"}}), is_send)
    desk.email_in_state(desk.reply(item, "third"), "failed")
    provider.throttle(1, 1, "end")
    before = provider.count("end", "POST")
    desk.reply(item, "fourth")
    wait_until(lambda: provider.count("end", "POST") > before, what="the fourth one's attempt")
    assert len(provider.sent) == 1


def report_of(sent: Message, action: str = "failed") -> bytes:
    """A delivery status notification (RFC 3464) about a message, with its head."""
    return "\r\n".join([
        "From: Mail Delivery Subsystem <mailer-daemon@example.org>", "To: support@example.com", "Subject: Undelivered",
        f"Date: {formatdate()}", f"Message-ID: <report-{time.monotonic_ns()}@example.org>", "Auto-Submitted: auto-replied",
        "MIME-Version: 1.0", 'Content-Type: multipart/report; report-type=delivery-status; boundary="b"', "",
        "--b", "Content-Type: text/plain", "", "It did not arrive.",
        "--b", "Content-Type: message/delivery-status", "", "Reporting-MTA: dns; mx.example.org", "",
        "Final-Recipient: rfc822; kim@example.org", f"Action: {action}", "Status: 5.1.1", "",
        "--b", "Content-Type: text/rfc822-headers", "", f"From: {sent['From']}", f"Subject: {sent['Subject']}",
        f"Message-ID: {sent['Message-ID']}", "", "--b--", "",
    ]).encode()  # fmt: skip


def test_a_message_id_of_the_providers_own_leads_back_to_our_message(post: Callable[..., Post], provider: Gmail | Graph) -> None:
    provider.renames = True
    desk = post()
    desk.start()
    desk.connected("m")
    provider.arrive(message("Broken lamp"), provider.inbox)
    item = desk.has_items(1)[0]
    reply = desk.email_in_state(desk.reply(item, "Please try another bulb."), "sent")
    sent = provider.sent[0]
    assert sent["Message-ID"].strip("<>") != reply["messageId"]

    def named(email: dict) -> dict | None:
        found = desk.http.get(f"/emails/{email['id']}").raise_for_status().json()
        return found if found.get("sentMessageId") else None

    assert wait_until(lambda: named(reply), what="the provider's Message-ID")["sentMessageId"] == sent["Message-ID"].strip("<>")

    # No token, no Message-ID of ours: the customer's program knows only what the provider made.
    provider.arrive(message("Re: Broken lamp", "It works.", In_Reply_To=sent["Message-ID"]), provider.inbox)
    thread = {"workItemId": item["id"]}
    wait_until(lambda: len(desk.http.get("/emails", params=thread).json()["items"]) == 3, what="the answer", every=0.2)
    assert len(desk.items()) == 1
    provider.arrive(report_of(sent), provider.inbox)
    assert desk.email_in_state(reply, "bounced")["workItemId"] == item["id"]


def test_a_renamed_message_whose_end_is_unknown_is_found_by_our_mark(post: Callable[..., Post], provider: Gmail | Graph) -> None:
    provider.renames = True
    desk = post()
    first = desk.start()[0]
    desk.connected("m")
    desk.connected("m", "outbound")
    provider.arrive(message("question"), provider.inbox)
    item = desk.has_items(1)[0]

    def is_send(request: Request) -> bool:
        return request.path.endswith("/send") or request.path.endswith("/sendMail")

    # Several pages of others lie above it.
    for number in range(4):
        desk.email_in_state(desk.reply(item, f"before {number}"), "sent")
    taken = BreakOff()
    taken.after = True
    provider.trouble(1, taken, is_send)
    lost = desk.email_in_state(desk.reply(item, "lost answer"), "sent")
    assert "Found" in lost["reason"] and lost["sentMessageId"] == provider.sent[4]["Message-ID"].strip("<>")

    def kills(request: Request) -> bool:
        if is_send(request):
            first.kill()
            return True
        return False

    provider.trouble(1, taken, kills)
    killed = desk.reply(item, "killed")
    wait_until(lambda: not first.is_running, what="the end of the first instance")
    desk.start()
    found = desk.email_in_state(killed, "sent", seconds=30)
    assert found["sentMessageId"] == provider.sent[5]["Message-ID"].strip("<>") and found["attempt"] == 1
    assert len(provider.sent) == 6

    # What was not sent is not taken for another.
    provider.trouble(1, BreakOff(), is_send)
    desk.email_in_state(desk.reply(item, "never sent"), "uncertain")
    assert len(provider.sent) == 6


def test_client_credentials_do_as_well(post: Callable[..., Post], provider: Gmail | Graph) -> None:
    if provider.kind == "gmail":
        pytest.skip("Gmail has refresh tokens")
    secret = {name: value for name, value in provider.secret.items() if name != "refreshToken"}
    desk = post(secret=secret)
    desk.start()
    desk.connected("m")
    provider.arrive(message("application"), provider.inbox)
    desk.has_items(1)


def test_consent_by_link_and_callback_and_the_test_of_connections(post: Callable[..., Post], provider: Gmail | Graph) -> None:
    secret = {name: value for name, value in provider.secret.items() if name != "refreshToken"}
    desk = post(secret={**secret, "authorizationUrl": "https://accounts.example/auth"})
    callback = f"{desk.core.url}/iwd/v3/mailboxes/consent"
    asked = desk.http.post("/mailboxes/secrets/provider/consent", json={"redirectUri": callback, "kind": provider.kind})
    assert asked.status_code == 200, asked.text
    link = urlsplit(asked.json()["url"])
    query = {name: values[0] for name, values in parse_qs(link.query).items()}
    assert link.netloc == "accounts.example" and query["redirect_uri"] == callback
    assert query["code_challenge_method"] == "S256" and "scope" in query

    # a person consents at the provider, which sends the browser back
    provider.codes["the-code"] = query["code_challenge"]
    wrong = httpx.get(callback, params={"state": query["state"][:-2] + "AA", "code": "the-code"})
    assert wrong.status_code == 400
    refused = httpx.get(callback, params={"state": query["state"], "error": "access_denied"})
    assert refused.status_code == 422
    done = httpx.get(callback, params={"state": query["state"], "code": "the-code"})
    assert done.status_code == 200, done.text
    assert provider.refresh_token not in done.text
    # a code is good once
    assert httpx.get(callback, params={"state": query["state"], "code": "the-code"}).status_code == 422

    desk.start()
    desk.connected("m")
    provider.arrive(message("with consent"), provider.inbox)
    desk.has_items(1)

    # the connections can be tested
    asked = desk.http.post("/mailboxes/m/test")
    assert asked.status_code == 202, asked.text
    place = f"/mailboxes/tests/{asked.json()['id']}"
    good = desk.http.get(place, params={"wait": 20}, timeout=30).json()
    assert good["inbound"]["ok"] and good["outbound"]["ok"], good

    provider.revoke()
    asked = desk.http.post("/mailboxes/m/test")
    place = f"/mailboxes/tests/{asked.json()['id']}"
    bad = desk.http.get(place, params={"wait": 20}, timeout=30).json()
    assert not bad["inbound"]["ok"] and "onsent" in bad["inbound"]["error"], bad


def stored(desk: Post, content: bytes, name: str, kind: str = "application/pdf") -> dict:
    """A content as a reply names it among its attachments."""
    digest = hashlib.sha256(content).hexdigest()
    service = desk.world.http(desk.mail_key)
    answer = service.put(f"/contents/{digest}", content=content, headers={"Content-Type": kind})
    assert answer.status_code in (201, 204), answer.text
    return {"sha256": digest, "name": name}


def asked(desk: Post, graph: Graph, subject: str) -> dict:
    """An item to answer."""
    before = len(desk.items())
    graph.arrive(message(subject))
    desk.has_items(before + 1)
    return next(item for item in desk.items() if item["attributes"]["subject"] == subject)


def files(sent: Message) -> dict[str, bytes]:
    """What is attached to a message, by name."""
    return {part.get_filename(): part.get_payload(decode=True) for part in sent.walk() if part.get_filename()}


def illustrated(picture: bytes, paper: bytes) -> EmailMessage:
    """A message whose page shows the picture."""
    letter = EmailMessage()
    for name, value in {"From": "kim@example.org", "To": "support@example.com", "Subject": "look"}.items():
        letter[name] = value
    letter["Message-ID"] = f"<look-{time.monotonic_ns()}@example.org>"
    letter.set_content("Look.")
    letter.add_alternative('<p>Look: <img src="cid:pic@x"></p>', subtype="html")
    letter.get_payload()[1].add_related(picture, "image", "png", cid="<pic@x>", filename="pic.png", disposition="inline")
    letter.add_attachment(paper, "application", "pdf", filename="paper.pdf")
    return letter


def is_order(request: Request) -> bool:
    return request.path.endswith("/send")


def is_later_range(request: Request) -> bool:
    return request.path.startswith(UPLOADS) and not request.headers["content-range"].startswith("bytes 0-")


@only_graph
def test_large_attachments_are_sent(post: Callable[..., Post], provider: Graph) -> None:
    desk = post(greatestMessage=64 << 20)
    email = desk.start()[0]
    desk.connected("m", "outbound")
    item = asked(desk, provider, "plans")
    contents = {"plan.pdf": os.urandom(7_000_000), "a.txt": b"small", "b.bin": os.urandom(1_900_000), "c": os.urandom(900_000)}
    attachments = [stored(desk, content, name) for name, content in contents.items()]
    reply = desk.reply(item, "Here it is.", attachments=attachments, cc=["boss@example.org"], bcc=["hidden@example.org"])
    desk.email_in_state(reply, "sent")
    sent = provider.sent[0]
    assert files(sent) == contents
    assert sent.get_payload()[0].get_payload(decode=True).decode().startswith("Here it is.")
    original = provider.stored("plans").parsed["Message-ID"]
    assert sent["In-Reply-To"] == original and original in sent["References"]
    ours = desk.http.get(f"/emails/{reply['id']}").json()["messageId"]
    assert sent["Message-ID"].strip() == f"<{ours.strip('<>')}>"
    assert sent["X-Millrace-Mark"] and "kim@example.org" in sent["To"] and sent["Cc"] == "boss@example.org" and not sent["Bcc"]
    draft = next(request for request in provider.requests if request.path.endswith("/messages") and request.method == "POST")
    assert "Bcc: hidden@example.org" in base64.b64decode(draft.body).decode()
    # seven megabytes in ranges; of the others only one had to leave the message
    assert provider.count(UPLOADS, "PUT") == 2 and provider.count("createUploadSession", "POST") == 1
    assert provider.count("/attachments", "POST") == 2
    assert not provider.in_folder("drafts")

    # what fits goes in one request
    small = desk.reply(item, "And this.", attachments=attachments[1:3])
    desk.email_in_state(small, "sent")
    assert provider.count("/sendMail", "POST") == 1
    assert files(provider.sent[1]) == {name: contents[name] for name in ("a.txt", "b.bin")}

    # nothing is held whole
    huge = stored(desk, content := os.urandom(26_000_000), "huge")
    before = most = email.resident_bytes()
    reply = desk.reply(item, "A large one.", attachments=[huge])

    def probe() -> bool:
        nonlocal most
        most = max(most, email.resident_bytes())
        return len(provider.sent) == 3

    wait_until(probe, seconds=60, what="the large message", every=0.02)
    desk.email_in_state(reply, "sent")
    assert files(provider.sent[2]) == {"huge": content}
    assert most - before < 12 << 20, f"{most - before >> 20} MiB"

    # a picture stays in its page
    letter = illustrated(picture := os.urandom(3_400_000), paper := os.urandom(3_300_000))
    provider.arrive(letter.as_bytes())
    looked = next(item for item in desk.has_items(2) if item["attributes"]["subject"] == "look")
    page = '<p>See: <img src="cid:pic@x"></p>'
    desk.email_in_state(desk.reply(looked, "See.", kind="forward", to=["boss@example.org"], html=page), "sent")
    sent = provider.sent[3]
    assert files(sent) == {"pic.png": picture, "paper.pdf": paper}
    related = next(part for part in sent.walk() if part.get_content_type() == "multipart/related")
    shown = related.get_payload()[1]
    assert shown["Content-ID"] == "<pic@x>" and shown.get_content_disposition() == "inline"
    assert "cid:pic@x" in related.get_payload()[0].get_payload(decode=True).decode()
    assert not provider.in_folder("drafts")


@only_graph
def test_an_upload_that_is_disturbed_ends_in_one_message(post: Callable[..., Post], provider: Graph) -> None:
    desk = post()
    first = desk.start()[0]
    desk.connected("m")
    item = asked(desk, provider, "plans")
    content = os.urandom(4_000_000)
    attachments = [stored(desk, content, "plan.pdf")]

    slow = Refusal(429, {"error": {"code": "TooManyRequests"}}, {"retry-after": "1"})
    provider.trouble(1, slow, is_later_range)
    provider.trouble(1, Refusal(429, slow.body, {"retry-after": "0"}), is_order)
    desk.email_in_state(desk.reply(item, "throttled", attachments=attachments), "sent")
    assert len(provider.sent) == 1 and files(provider.sent[0]) == {"plan.pdf": content}
    # both were sat out where they came
    assert provider.count("/messages", "POST") - provider.count("/messages/", "POST") == 1

    gone = Refusal(404, {"error": {"code": "ErrorItemNotFound", "message": "The upload session is gone."}})
    provider.trouble(1, gone, is_later_range)
    desk.email_in_state(desk.reply(item, "gone", attachments=attachments), "sent")
    assert len(provider.sent) == 2 and files(provider.sent[1]) == {"plan.pdf": content}
    provider.trouble(1, Refusal(416, {"error": {"code": "InvalidRange"}}), is_later_range)
    desk.email_in_state(desk.reply(item, "another range", attachments=attachments), "sent")
    assert len(provider.sent) == 3 and files(provider.sent[2]) == {"plan.pdf": content}
    assert not provider.in_folder("drafts")

    # a refusal is one at any step
    provider.trouble(1, Refusal(413, {"error": {"code": "ErrorMessageSizeExceeded"}}), is_later_range)
    failed = desk.email_in_state(desk.reply(item, "too large", attachments=attachments), "failed")
    assert "ErrorMessageSizeExceeded" in str(failed)
    assert not provider.in_folder("drafts") and len(provider.sent) == 3

    # only the order to send can leave a doubt
    taken = BreakOff()
    taken.after = True
    provider.trouble(1, taken, is_order)
    desk.email_in_state(desk.reply(item, "taken", attachments=attachments), "sent")
    assert len(provider.sent) == 4 and not provider.in_folder("drafts")

    provider.trouble(1, BreakOff(), is_order)
    desk.email_in_state(desk.reply(item, "lost", attachments=attachments), "uncertain")
    assert len(provider.sent) == 4
    # it is for a person to decide, who finds it there
    assert [draft.parsed["Subject"] for draft in provider.in_folder("drafts")] == ["Re: plans"]

    def kills(request: Request) -> bool:
        if is_later_range(request):
            first.kill()
            return True
        return False

    provider.trouble(1, BreakOff(), kills)
    killed = desk.reply(item, "killed", attachments=attachments)
    wait_until(lambda: not first.is_running, what="the end of the first instance")
    assert len(provider.in_folder("drafts")) == 2
    desk.start()
    desk.email_in_state(killed, "sent", seconds=30)
    # its own draft of before is gone; the other was not touched
    assert len(provider.sent) == 5 and len(provider.in_folder("drafts")) == 1
