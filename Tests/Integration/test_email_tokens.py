"""Access tokens whose refresh tokens each renewal replaces."""

import re
from collections.abc import Callable, Iterator

import pytest

from core_proxy import CoreProxy
from emails import Email, MailServers, Post
from own_world import own_world
from stack import Stack
from standins.gmail import Gmail
from test_email_providers import mailbox, message
from waiting import wait_until
from world import World


@pytest.fixture(scope="module")
def mail_world(stack: Stack) -> Iterator[World]:
    with own_world(stack, "tokens") as world:
        yield world


@pytest.fixture(scope="module")
def servers(stack: Stack) -> MailServers:
    return MailServers.find(stack)


@pytest.fixture
def gmail() -> Iterator[Gmail]:
    gmail = Gmail()
    yield gmail
    gmail.close()


@pytest.fixture
def post(mail_world: World, servers: MailServers, gmail: Gmail) -> Iterator[Callable[..., Post]]:
    """Makes a tenant whose mailboxes are one account at the provider, with one secret."""
    made: list[Post] = []

    def make(*names: str) -> Post:
        boxes = [{**mailbox(gmail, {"processed": {"action": "none"}}), "name": name} for name in names or ("m",)]
        desk = Post(mail_world, servers, boxes)
        made.append(desk)
        desk.http.put("/mailboxes/secrets/provider", json=gmail.secret).raise_for_status()
        return desk

    yield make
    for one in made:
        one.close()


def renewals(email: Email, outcome: str) -> int:
    found = re.findall(rf'email_token_renewals_total\{{[^}}]*outcome="{outcome}"[^}}]*\}} (\d+)', email.metrics())
    return sum(int(number) for number in found)


def test_mailboxes_of_one_secret_renew_one_after_the_other(post: Callable[..., Post], gmail: Gmail) -> None:
    gmail.rotates = True
    names = ["m1", "m2", "m3"]
    desk = post(*names)
    email = desk.start()[0]
    for name in names:
        desk.connected(name)
    for number in range(1, 5):
        issued = gmail.issued
        gmail.expire_tokens()
        wait_until(lambda issued=issued: gmail.issued >= issued + 3, seconds=20, what="three renewals", every=0.05)
        gmail.arrive(message(f"message {number}"), gmail.inbox)
        desk.has_items(number)
    assert gmail.stale == 0, "no token was shown that another renewal had replaced"
    assert renewals(email, "failed") == 0
    email.stop()
    gmail.expire_tokens()
    gmail.arrive(message("message 5"), gmail.inbox)
    desk.start()
    desk.has_items(5)
    assert gmail.stale == 0, "core holds the newest"


def test_two_instances_that_renew_at_once_lose_no_token(post: Callable[..., Post], gmail: Gmail) -> None:
    gmail.rotates = True
    names = ["m1", "m2"]
    desk = post(*names)
    emails = desk.start(2)
    wait_until(
        lambda: len({desk.mailbox(name).get("holder") for name in names} - {None}) == 2, what="a mailbox for each", every=0.1
    )
    for name in names:
        desk.connected(name)
    for number in range(1, 9):
        issued = gmail.issued
        gmail.expire_tokens()
        wait_until(lambda issued=issued: gmail.issued >= issued + 2, seconds=30, what="two renewals", every=0.02)
        if number % 4 == 0:
            gmail.arrive(message(f"message {number}"), gmail.inbox)
            desk.has_items(number // 4)
    for name in names:
        desk.connected(name)
    assert sum(renewals(email, "failed") for email in emails) == 0
    for email in emails:
        email.stop()
    gmail.expire_tokens()
    before = gmail.stale
    gmail.arrive(message("at last"), gmail.inbox)
    desk.start()
    desk.has_items(3)
    assert gmail.stale == before, "core holds the newest"


def test_core_gets_the_newest_token_when_it_heard_of_the_one_before_in_vain(post: Callable[..., Post], gmail: Gmail) -> None:
    gmail.rotates = True
    desk = post()
    with CoreProxy(desk.core.url) as proxy:
        for _ in range(40):
            proxy.lose("/refresh-token$")
        email = desk.start(EMAIL_CORE=proxy.url)[0]
        desk.connected("m")
        # The first one is stored, and whoever stored it does not know.
        wait_until(lambda: proxy.lost > 0 and renewals(email, "renewed") > 0, what="an answer that is lost", every=0.05)
        gmail.expire_tokens()
        gmail.arrive(message("one"), gmail.inbox)
        desk.has_items(1)
        proxy.heal()
        gmail.expire_tokens()
        gmail.arrive(message("two"), gmail.inbox)
        desk.has_items(2)
        email.stop()
    gmail.expire_tokens()
    gmail.arrive(message("three"), gmail.inbox)
    desk.start()
    desk.has_items(3)
    assert gmail.stale == 0
