"""Mailboxes at the stand-ins for mail providers, and messages that lie in them."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email.message import EmailMessage
from email.utils import formatdate

from emails import MailServers, Post, posts
from standins.gmail import Gmail
from standins.graph import USER, Graph
from world import World


@contextmanager
def provider_posts(world: World, servers: MailServers, provider: Gmail | Graph) -> Iterator[Callable[..., Post]]:
    """Makes tenants with the provider's mailbox `m`; their instances stop in the end."""
    with posts(world, servers) as make:

        def make_one(inbound: dict | None = None, secret: dict | None = None, **outbound: object) -> Post:
            desk = make(mailbox(provider, inbound, outbound))
            answer = desk.http.put("/mailboxes/secrets/provider", json=secret or provider.secret)
            assert answer.status_code in (200, 201, 204), answer.text
            return desk

        yield make_one


def mailbox(
    provider: Gmail | Graph,
    inbound: dict | None = None,
    outbound: dict | None = None,
    name: str = "m",
    secret: str = "provider",
) -> dict:
    """A mailbox's part of the configuration."""
    base, user = (f"{provider.url}/v1.0", USER) if provider.kind == "graph" else (provider.url, "me")
    return {
        "name": name,
        "kind": provider.kind,
        "source": "post",
        "address": "support@example.com",
        "inbound": {
            "api": {"baseUrl": base, "user": user, "secret": secret},
            "folder": "INBOX",
            "pollEvery": "1s",
            **(inbound or {}),
        },
        "outbound": {"from": {"name": "Support", "address": "support@example.com"}, **(outbound or {})},
    }


def message(subject: str, text: str = "Hello.", **headers: str) -> bytes:
    """A customer's message, as it lies in a mailbox."""
    made = EmailMessage()
    made["From"] = "Kim <kim@example.org>"
    made["To"] = "support@example.com"
    made["Subject"] = subject
    made["Date"] = formatdate()
    made["Message-ID"] = f"<{subject.replace(' ', '-')}-{time.monotonic_ns()}@example.org>"
    for name, value in headers.items():
        made[name.replace("_", "-")] = value
    made.set_content(text)
    return made.as_bytes()
