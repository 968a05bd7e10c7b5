"""Threads as mail really comes: odd ids, addresses with tags of others, lists, and devices that use one id again."""

from collections.abc import Callable, Iterator
from email.utils import formatdate

import pytest

from emails import Account, MailServers, Post, mailbox
from own_world import own_world
from stack import Stack
from waiting import wait_until
from world import World


@pytest.fixture(scope="module")
def mail_world(stack: Stack) -> Iterator[World]:
    with own_world(stack, "email-threads") as world:
        yield world


@pytest.fixture(scope="module")
def servers(stack: Stack) -> MailServers:
    return MailServers.find(stack)


@pytest.fixture
def post(mail_world: World, servers: MailServers) -> Iterator[Callable[[], tuple[Post, Account, Account]]]:
    """Makes a tenant with a mailbox `m`, its account, and a customer's."""
    made: list[Post] = []

    def make() -> tuple[Post, Account, Account]:
        support, customer = servers.accounts(2)
        desk = Post(mail_world, servers, [mailbox("m", support, {"idle": True})])
        made.append(desk)
        desk.start()
        desk.connected("m")
        return desk, support, customer

    yield make
    for one in made:
        one.close()


def raw(customer: Account, subject: str, *headers: bytes, text: str = "Hello.") -> bytes:
    """A message in which any bytes may stand."""
    head = [f"From: {customer.address}", f"Subject: {subject}", f"Date: {formatdate()}"]
    return b"\r\n".join([*(line.encode() for line in head), *headers, b"", text.encode(), b""])


def test_a_reply_goes_out_whatever_ids_it_answers(post: Callable[[], tuple[Post, Account, Account]]) -> None:
    desk, support, customer = post()
    long = b"x" * 950 + b"@example.org"
    ids = [b"Message-ID: <k\xc3\xb6ln-1@example.org>", b"References: <fine@example.org> <\xc3\xa4@example.org>", b"\t<%s>" % long]
    picture = ["Content-Type: image/png; name=p.png", "Content-ID: <pä 1@x>", "Content-Transfer-Encoding: base64", "", "UE5H"]
    parts = "\r\n".join(["--b", "Content-Type: text/plain", "", "Look.", "--b", *picture, "--b--"])
    whole = raw(customer, "odd", *ids, b"Content-Type: multipart/related; boundary=b", text=parts)
    support.append(whole)
    item = desk.has_items(1)[0]
    reply, forward = desk.reply(item), desk.reply(item, kind="forward", to=[customer.address])
    for one in (reply, forward):
        desk.email_in_state(one, "sent")
    answer = customer.arrived(lambda message: message["Subject"] == "Re: odd", "the answer")
    assert answer["In-Reply-To"] is None and answer["References"].split() == ["<fine@example.org>"]
    passed = customer.arrived(lambda message: message["Subject"] == "Fwd: odd", "what was passed on")
    assert [part.get_filename() for part in passed.iter_attachments()] == ["p.png"]


def test_the_token_is_found_behind_the_tags_of_others(post: Callable[[], tuple[Post, Account, Account]]) -> None:
    desk, support, customer = post()
    support.append(raw(customer, "first", b"Message-ID: <first@example.org>"))
    item = desk.has_items(1)[0]
    text = desk.reply(item)["text"]
    token = text[text.index("[ref:") :].partition("]")[0] + "]"
    tagged = b"To: " + customer.address.replace("@", "+shopping2026@").encode()
    support.append(raw(customer, "elsewhere", tagged, b"Cc: lee+newsletters@example.org", text=f"Again.\r\n> {token}\r\n"))
    wait_until(lambda: desk.items()[0]["attributes"]["emails"] == 2, what="the second message", every=0.2)
    assert len(desk.items()) == 1


def test_a_list_and_a_foreign_mark_restart_and_a_machine_does_not(post: Callable[[], tuple[Post, Account, Account]]) -> None:
    desk, support, customer = post()
    support.append(raw(customer, "first", b"Message-ID: <first-of-all@example.org>"))
    item = desk.has_items(1)[0]
    answer = b"In-Reply-To: <first-of-all@example.org>"

    def state() -> tuple[str, int]:
        shown = desk.http.get(f"/workitems/{item['id']}").json()
        mails = desk.http.get("/emails", params={"workItemId": item["id"]}).json()["items"]
        return shown["status"], len(mails)

    def comes(*headers: bytes) -> str:
        assert desk.http.post(f"/workitems/{item['id']}/complete").status_code == 200
        before = state()[1]
        support.append(raw(customer, "Re: first", answer, *headers))
        wait_until(lambda: state()[1] == before + 1, what="the message", every=0.1)
        return state()[0]

    assert comes(b"List-Id: <team.example.org>", b"List-Unsubscribe: <mailto:x@example.org>") != "completed"
    assert comes(b"X-Millrace-Mark: 0190a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b") != "completed"
    machine = (b"X-Millrace-Mark: 0190a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b", b"Auto-Submitted: auto-replied")
    assert comes(*machine) == "completed"
    assert comes(b"Return-Path: <>") == "completed"


def test_what_a_device_sends_under_one_id_is_all_work(post: Callable[[], tuple[Post, Account, Account]]) -> None:
    desk, support, customer = post()
    for number in range(3):
        support.append(raw(customer, f"alarm {number}", b"Message-ID: <1@device.example.org>"))
    desk.has_items(3)
    assert desk.subjects() == ["alarm 0", "alarm 1", "alarm 2"]
