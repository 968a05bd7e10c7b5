"""A tenant with mailboxes, and the email service's part played by the test: what it stores, hands over and settles."""

import base64
import hashlib
import os
import uuid
from dataclasses import dataclass, field

import httpx

from contracts import OpenAPI
from own_world import day_and_night
from world import Tenant, World

SECRETS_KEY = base64.b64encode(hashlib.sha256(b"a key of the tests").digest()).decode()


def mailbox(name: str = "support", **rest: object) -> dict:
    """A mailbox's configuration; `rest` replaces members of it."""
    return {
        "name": name,
        "source": "mail",
        "address": f"{name}@example.com",
        "inbound": {
            "server": {"host": "imap.example.com", "port": 993, "security": "tls"},
            "credentials": {"user": name, "secret": f"{name}-imap"},
        },
        "outbound": {
            "server": {"host": "smtp.example.com", "port": 465, "security": "tls"},
            "from": {"name": "Support", "address": f"{name}@example.com"},
            "sendAs": ["sales@example.com"],
        },
        **rest,
    }


def configuration(*mailboxes: dict, category: dict | None = None, **rest: object) -> dict:
    """A configuration whose one category takes all mail for the agents anna and bert."""
    document = day_and_night(
        sources=[{"name": "vinst", "defaults": {"channel": "incident"}}, {"name": "mail"}],
        mailboxes=list(mailboxes) or [mailbox()],
        templates=[
            {
                "name": "received",
                "subject": "We have {{attributes.subject}}",
                "text": "Dear {{attributes.fromName}}, your number is {{workItem.captureId}}.",
                "html": "<p>Dear {{attributes.fromName}}</p>",
            }
        ],
        **rest,
    )
    mail = {
        "name": "Mail",
        "when": {"attribute": "channel", "is": "email"},
        "endpoint": "desk",
        "schema": "standard",
        "calendar": "always",
        **({"email": category} if category else {}),
    }
    document["categories"] = [mail, *document["categories"]]
    return document


@dataclass
class MailRoom:
    """The email service of a tenant, as far as the core can tell."""

    admin: httpx.Client
    service: httpx.Client
    tenant: Tenant
    agents: dict[str, httpx.Client] = field(default_factory=dict)
    terms: dict[str, int] = field(default_factory=dict)
    last_uid: int = 0

    @staticmethod
    def open(world: World, document: dict | None = None) -> "MailRoom":
        """A new tenant with its keys. Every answer that it gets is held to the OpenAPI document."""
        tenant = world.tenant(document or configuration(), source="vinst")
        api = OpenAPI.of(world.cores.ensure(1)[0].url)
        admin = api.watch(world.http(tenant.admin_key))
        room = MailRoom(admin, api.watch(world.http(key(admin, ["mail"]))), tenant)
        for agent in ("anna", "bert"):
            room.agents[agent] = api.watch(world.http(key(admin, ["agent"], agent=agent)))
        return room

    def term(self, name: str = "support") -> int:
        """The present term of a mailbox; begins one where there is none."""
        if name not in self.terms:
            self.terms[name] = self.lease(name)
        return self.terms[name]

    def lease(self, name: str = "support", instance: str = "email-1") -> int:
        answer = self.service.post(f"/mailboxes/{name}/lease", json={"instance": instance})
        assert answer.status_code == 200, answer.text
        self.terms[name] = answer.json()["term"]
        return self.terms[name]

    def store(self, data: bytes, media_type: str = "application/octet-stream") -> str:
        """Stores a content and returns its digest."""
        digest = hashlib.sha256(data).hexdigest()
        answer = self.service.put(f"/contents/{digest}", content=data, headers={"Content-Type": media_type})
        assert answer.status_code in (201, 204), answer.text
        return digest

    def message(self, message_id: str | None = None, **rest: object) -> dict:
        """A received message with its raw bytes stored, under a UID of its own."""
        message_id = message_id or f"{uuid.uuid4()}@example.org"
        raw = f"Message-ID: <{message_id}>\r\n\r\n{uuid.uuid4()}".encode()
        self.last_uid += 1
        message = {
            "key": {"folder": "INBOX", "uidValidity": 7, "uid": self.last_uid},
            "raw": self.store(raw, "message/rfc822"),
            "size": len(raw),
            "receivedAt": "2026-11-02T08:00:00Z",
            "messageId": message_id,
            "from": {"name": "Kim Larsen", "address": "Kim@example.org"},
            "to": [{"address": "support@example.com"}],
            "subject": "My order",
            "text": "Where is it?",
            **rest,
        }
        return {name: value for name, value in message.items() if value is not None}

    def receive(self, *messages: dict, name: str = "support", progress: dict | None = None, term: int | None = None) -> list[dict]:
        """Hands messages over; the outcome of each."""
        answer = self.post_received(*messages, name=name, progress=progress, term=term)
        assert answer.status_code == 200, answer.text
        outcomes = answer.json()["outcomes"]
        assert [outcome["key"] for outcome in outcomes] == [message["key"] for message in messages]
        return outcomes

    def post_received(self, *messages: dict, name: str = "support", progress: dict | None = None, term: int | None = None) -> httpx.Response:
        body = {"term": self.term(name) if term is None else term, "messages": list(messages)}
        if progress:
            body["progress"] = progress
        return self.service.post(f"/mailboxes/{name}/received", json=body)

    def item(self, identifier: str) -> dict:
        answer = self.admin.get(f"/workitems/{identifier}")
        assert answer.status_code == 200, answer.text
        return answer.json()

    def emails(self, item: str, direction: str | None = None) -> list[dict]:
        """The messages of an item, oldest first."""
        found = self.admin.get("/emails", params={"workItemId": item, "limit": 500}).json()["items"][::-1]
        return [email for email in found if direction in (None, email["direction"])]

    def history(self, item: str) -> list[str]:
        """The kinds of an item's events, in order."""
        return [event["type"].removeprefix("millrace.") for event in self.admin.get(f"/workitems/{item}/history").json()["items"]]

    def assign(self, item: str, agent: str = "anna") -> None:
        answer = self.admin.post(f"/workitems/{item}/assign", json={"agent": agent})
        assert answer.status_code == 200, answer.text

    def complete(self, item: str) -> None:
        answer = self.admin.post(f"/workitems/{item}/complete")
        assert answer.status_code == 200, answer.text

    def reply(self, item: str, agent: str | None = None, **body: object) -> dict:
        client = self.agents[agent] if agent else self.admin
        answer = client.post(f"/workitems/{item}/replies", json={"text": "It is on its way.", **body})
        assert answer.status_code == 201, answer.text
        return answer.json()

    def claim(self, name: str = "support", term: int | None = None, begin: bool = True) -> dict:
        """Takes messages in hand that are due, and begins all of them."""
        body = {"term": self.term(name) if term is None else term}
        answer = self.service.post(f"/mailboxes/{name}/outbound/claim", json=body)
        assert answer.status_code == 200, answer.text
        claim = answer.json()
        for email in claim["emails"] if begin else []:
            assert self.begin(email, name).status_code == 204
        return claim

    def begin(self, email: dict, name: str = "support", term: int | None = None) -> httpx.Response:
        body = {"term": self.term(name) if term is None else term, "attempt": email["attempt"]}
        return self.service.post(f"/emails/{email['id']}/begin", json=body)

    def work(self, known: dict | None = None, wait: int = 0) -> dict:
        """What there is to do; with `known`, an answer before, only what is new."""
        query: dict = {"wait": wait, "version": known["configurationVersion"], "seen": known["seen"]} if known else {}
        answer = self.service.get("/mailboxes/work", params=query, timeout=wait + 10)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def settle(self, email: dict, outcome: str, name: str = "support", **rest: object) -> httpx.Response:
        body = {"term": self.term(name), "attempt": email["attempt"], "outcome": outcome, **rest}
        return self.service.post(f"/emails/{email['id']}/outcome", json=body)

    def send(self, name: str = "support") -> list[dict]:
        """Sends everything that is due."""
        sent = []
        while emails := self.claim(name)["emails"]:
            for email in emails:
                assert self.settle(email, "sent", name, reply="250 OK").status_code == 200
            sent += emails
        return sent


def key(admin: httpx.Client, roles: list[str], **rest: str) -> str:
    answer = admin.post("/keys", json={"name": f"{roles[0]} {os.urandom(3).hex()}", "roles": roles, **rest})
    assert answer.status_code == 201, answer.text
    return answer.json()["key"]
