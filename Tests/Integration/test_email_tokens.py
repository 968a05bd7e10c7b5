"""Access tokens: renewed before they end, with refresh tokens that each renewal replaces, and taken by real mail servers."""

import re
import time
from collections.abc import Callable, Iterator

import pytest

from core_proxy import CoreProxy
from emails import Email, MailServers, Post, posts
from emails import mailbox as mailbox_of
from own_world import own_world
from provider_mail import mailbox, message
from stack import Stack
from standins.gmail import Gmail
from standins.provider import BreakOff
from standins.token_server import TokenServer
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
    with posts(mail_world, servers) as make:

        def make_one(*names: str) -> Post:
            boxes = (mailbox(gmail, {"processed": {"action": "none"}}, name=name) for name in names or ("m",))
            desk = make(*boxes)
            desk.http.put("/mailboxes/secrets/provider", json=gmail.secret).raise_for_status()
            return desk

        yield make_one


def renewals(email: Email, outcome: str) -> int:
    found = re.findall(rf'email_token_renewals_total\{{[^}}]*outcome="{outcome}"[^}}]*\}} (\d+)', email.metrics())
    return sum(int(number) for number in found)


def health(email: Email) -> dict:
    answer = email.health()
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_tokens_are_renewed_before_they_end(post: Callable[..., Post], gmail: Gmail) -> None:
    gmail.lifetime = 10
    desk = post()
    email = desk.start()[0]
    desk.connected("m")
    issued, begin = gmail.issued, time.monotonic()
    wait_until(lambda: gmail.issued >= issued + 2, seconds=60, what="some renewals", every=0.1)
    assert time.monotonic() - begin > 8, "each token is used for most of its life"
    gmail.arrive(message("still read"), gmail.inbox)
    desk.has_items(1)
    assert not gmail.late, "no request with a token that had ended"
    assert renewals(email, "renewed") >= 2 and renewals(email, "failed") == 0
    assert desk.mailbox("m")["inbound"]["state"] == "connected"


def test_a_renewal_that_fails_shows_while_the_old_token_does(post: Callable[..., Post], gmail: Gmail) -> None:
    gmail.lifetime = 40
    desk = post()
    email = desk.start()[0]
    desk.connected("m")
    good, gmail.refresh_token = gmail.refresh_token, "withdrawn"
    sides = lambda box: {box["inbound"]["state"], box["outbound"]["state"]}  # noqa: E731
    state = desk.until("m", lambda box: sides(box) == {"failing"}, "the failing renewal", seconds=90)
    assert "cannot be renewed" in state["inbound"]["error"] and good not in str(state)
    assert not gmail.late, "the old token still does"
    gmail.arrive(message("read with the old token"), gmail.inbox)
    desk.has_items(1, seconds=7)
    assert desk.mailbox("m")["inbound"]["state"] == "failing", "looks with the old token hide nothing"
    assert renewals(email, "failed") > 0
    told = wait_until(lambda: found if (found := health(email))["status"] == "degraded" else None, what="the health")
    since = state["inbound"]["since"][:14]
    assert f"{desk.tenant.name}/m inbound failing since {since}" in told["checks"]["mailboxes"]["problem"]
    gmail.refresh_token = good
    desk.connected("m", seconds=60)
    desk.connected("m", "outbound", seconds=60)
    wait_until(lambda: health(email)["status"] == "ready", what="the health")


def test_a_provider_that_is_away_shows_in_the_health(post: Callable[..., Post], gmail: Gmail) -> None:
    desk = post()
    email = desk.start()[0]
    desk.connected("m")
    assert health(email)["status"] == "ready"
    gmail.trouble(100_000, BreakOff(), lambda _: True)
    state = desk.until("m", lambda box: box["inbound"]["state"] == "disconnected", "the end of the connection")
    told = wait_until(lambda: found if (found := health(email))["status"] == "degraded" else None, what="the health")
    problem = told["checks"]["mailboxes"]["problem"]
    assert f"{desk.tenant.name}/m inbound disconnected since {state['inbound']['since'][:14]}" in problem


def test_a_token_that_is_put_back_counts_again(post: Callable[..., Post], gmail: Gmail) -> None:
    desk = post()
    desk.start()
    desk.connected("m")
    wrong = {**gmail.secret, "refreshToken": "one-of-another-account"}
    desk.http.put("/mailboxes/secrets/provider", json=wrong).raise_for_status()
    gmail.expire_tokens()
    desk.until("m", lambda box: box["inbound"]["state"] == "failing", "the wrong token", seconds=60)
    desk.http.put("/mailboxes/secrets/provider", json=gmail.secret).raise_for_status()
    desk.connected("m", seconds=90)


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


def test_real_servers_take_the_tokens(mail_world: World, servers: MailServers) -> None:
    account, customer = servers.account("support"), servers.account("customer")
    granted = TokenServer(servers.home, account.address)
    granted.lifetime = 12
    credentials = {"user": account.address, "secret": "oauth", "method": "xoauth2"}
    box = mailbox_of("m", account, {"credentials": credentials}, {"credentials": credentials})
    desk = Post(mail_world, servers, [box])
    try:
        desk.http.put("/mailboxes/secrets/oauth", json=granted.secret).raise_for_status()
        desk.start()
        desk.connected("m")
        desk.connected("m", "outbound")
        customer.send(account.address, "Broken lamp", "It does not shine.")
        item = desk.has_items(1)[0]
        reply = desk.reply(item, "Please try another bulb.")
        desk.email_in_state(reply, "sent")
        customer.arrived(lambda message: "Broken lamp" in (message["Subject"] or ""), "the answer")
        # The first token has ended; each new connection is made with one that is good.
        begin = granted.issued
        wait_until(lambda: granted.issued >= begin + 2, seconds=40, what="renewed tokens", every=0.2)
        desk.email_in_state(desk.reply(item, "Or a new lamp."), "sent")
        with account.imap() as session:
            session.select("INBOX")
            assert len(session.search(None, "KEYWORD", "$MillraceTaken")[1][0].split()) == 1
        assert granted.secret["refreshToken"] not in desk.emails[0].log_text
    finally:
        desk.close()
        granted.close()
