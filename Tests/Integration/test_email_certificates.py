"""Mail servers whose certificate is wrong: nothing is said to them that is a secret, and other mailboxes go on."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from certificates import Authority
from emails import MailServers, Post, mailbox, posts
from own_world import own_world
from secret_forms import found
from stack import Stack
from tls_proxy import TLSProxy
from waiting import wait_until

SIDES = ("inbound", "outbound")


@pytest.fixture
def servers(stack: Stack) -> MailServers:
    return MailServers.find(stack)


@pytest.fixture
def post(stack: Stack, servers: MailServers) -> Iterator[Callable[..., Post]]:
    with own_world(stack, "email-certificates") as world, posts(world, servers) as make:
        yield make


def test_a_server_that_is_not_trusted_hears_no_password(
    post: Callable[..., Post], servers: MailServers, tmp_path: Path
) -> None:
    authority = Authority(tmp_path)
    right, elsewhere = authority.server("localhost"), authority.server("mail.example.com")
    ways = {
        "unknown": ("tls", right, "not trusted"),
        "upgraded": ("startTls", right, "not trusted"),
        "elsewhere": ("tls", elsewhere, "not trusted for that name"),
        "expired": ("tls", authority.server("localhost", days=-1), "not trusted"),
        "stripped": ("startTls", None, "offers no STARTTLS"),
    }
    direct, customer, *others = servers.accounts(2 + len(ways))
    accounts = dict(zip(ways, others, strict=True))
    with ExitStack() as entered:
        proxies: dict[str, dict[str, TLSProxy]] = {}
        boxes = [mailbox("direct", direct)]
        for name, (security, context, _) in ways.items():
            ports = {"inbound": servers.imap_port, "outbound": servers.smtp_port}
            proxies[name] = {
                side: entered.enter_context(TLSProxy(port, context, security == "startTls")) for side, port in ports.items()
            }
            both = ({"server": {"host": "localhost", "port": proxies[name][side].port, "security": security}} for side in SIDES)
            boxes.append(mailbox(name, accounts[name], *both))
        desk = post(*boxes)

        def tries() -> dict[tuple[str, str], int]:
            return {(name, side): proxies[name][side].tries for name in ways for side in SIDES}

        def refused(name: str, before: dict[tuple[str, str], int]) -> None:
            """It was tried since then, in vain, and its state says why."""
            for side in SIDES:
                proxy = proxies[name][side]
                wait_until(lambda: proxy.tries > before[name, side], what=f"a try of {name}'s {side}", every=0.05)
                state = desk.until(name, lambda box: box[side]["state"] == "failing", f"{name}'s {side} to fail")[side]
                assert ways[name][2] in state["error"] and f"localhost:{proxy.port}" in state["error"], state
                said = proxy.said.decode()
                assert not found({"password": servers.password, "user": accounts[name].name}, said), said

        before = tries()
        first = desk.start()[0]
        for name in ways:
            refused(name, before)
        for side in SIDES:
            desk.connected("direct", side)
        customer.send(direct.address, "to the one that works")
        item = desk.has_items(1)[0]
        desk.email_in_state(desk.reply(item), "sent")

        # With the authority's certificate among those that are trusted the others are right, and no more than they.
        first.stop()
        trusted = tmp_path / "trusted.pem"
        trusted.write_bytes(Path(servers.authority).read_bytes() + authority.pem.read_bytes())
        before = tries()
        desk.start(EMAIL_CERTIFICATES=str(trusted))
        for name in ("elsewhere", "expired", "stripped"):
            refused(name, before)
        for name in ("unknown", "upgraded"):
            for side in SIDES:
                desk.connected(name, side)
                # What would have been seen.
                assert found({"password": servers.password}, proxies[name][side].said.decode())
            customer.send(accounts[name].address, f"to {name}")
        desk.has_items(3)
        assert desk.subjects() == ["to the one that works", "to unknown", "to upgraded"]
