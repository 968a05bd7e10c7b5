"""Mail in an arena: the email service's part, played against core's real API, while faults are done."""

import random

import httpx

from cores import Core
from faults.rounds import Rounds
from mail_room import MailRoom, key, mailbox
from world import Tenant, World

BOXES = ("support", "sales")
CLERK = "clerk"


class MailLoad(Rounds):
    """Messages that come in, are answered, approved, sent, put off, refused, lost, delivered and bounced, one after the other
    in random order, until it is stopped. What core cannot take at the moment is left, as its state in core is what counts."""

    forgiven = (AssertionError, httpx.HTTPError)

    def __init__(self, world: World, tenant: Tenant, core: Core, seed: object) -> None:
        super().__init__("mail")
        admin = world.http(tenant.admin_key, core)
        _give_mailboxes(admin)
        self._room = MailRoom(admin, world.http(key(admin, ["mail"]), core), tenant)
        self._room.agents[CLERK] = world.http(key(admin, ["agent"], agent=CLERK), core)
        self._chance = random.Random(f"mail {seed}")
        self.rounds = 0

    def round(self) -> None:
        self._converse(self._chance.choice(BOXES))
        self.rounds += 1

    def left(self) -> None:
        self._room.terms.clear()

    def _converse(self, box: str) -> None:
        room, chance = self._room, self._chance
        messages = [room.message(text=f"Where is order {chance.randrange(1000)}?") for _ in range(chance.randint(1, 3))]
        item = room.receive(*messages, name=box)[0]["workItemId"]
        if chance.random() < 0.5:
            self._with_approval(item)
        mine = [room.reply(item)["id"] for _ in range(2)]
        if chance.random() < 0.3:
            room.admin.post(f"/emails/{mine[0]}/cancel").raise_for_status()
        for email in room.claim(box)["emails"]:
            self._settle(email, box)

    def _with_approval(self, item: str) -> None:
        """An agent's answer is looked at by a supervisor."""
        room, chance = self._room, self._chance
        room.assign(item, CLERK)
        draft = room.reply(item, agent=CLERK, draft=True)
        handed = room.agents[CLERK].post(f"/emails/{draft['id']}/send").raise_for_status().json()
        if handed["state"] == "awaitingApproval":
            room.admin.post(f"/emails/{draft['id']}/{chance.choice(('approve', 'reject'))}").raise_for_status()

    def _settle(self, email: dict, box: str) -> None:
        room, chance = self._room, self._chance
        outcome = chance.choice(("sent", "sent", "sent", "retry", "failed", "uncertain"))
        rest = {"retryAfter": 0} if outcome == "retry" else {}
        settled = room.settle(email, outcome, box, reply="as the server says", **rest)
        assert settled.status_code == 200, settled.text
        if outcome in ("failed", "uncertain") and chance.random() < 0.5:
            room.admin.post(f"/emails/{email['id']}/retry").raise_for_status()
        if outcome == "sent" and chance.random() < 0.7:
            told = chance.choice(({"action": "delivered", "status": "2.0.0"}, {"action": "failed", "status": "5.1.1"}))
            status = {"originalMessageId": email["messageId"], "recipients": [{"address": "kim@example.org", **told}]}
            room.receive(room.message(deliveryStatus=status, automatic="null-return-path", **{"from": None}), name=box)

    def assert_went_on(self) -> None:
        assert self.rounds >= 10, f"only {self.rounds} rounds of mail; {self.failures[-3:]}"


def _give_mailboxes(admin: httpx.Client) -> None:
    """Mailboxes, and a category whose agents' answers a supervisor approves."""
    document = admin.get("/configuration").raise_for_status().json()
    document["sources"] = [*document["sources"], {"name": "mail"}]
    document["mailboxes"] = [mailbox(name) for name in BOXES]
    document["agents"] = [*document["agents"], {"id": CLERK, "name": "Clerk", "endpoints": ["mail"], "capacity": 1000}]
    # Nobody is ready at this desk: its items wait for the clerk, who gets them from the supervisor.
    document["endpoints"] = [*document["endpoints"], {"name": "mail"}]
    category = {
        "name": "Mail", "when": {"all": [{"attribute": "channel", "is": "email"}]}, "endpoint": "mail", "schema": "standard",
        "calendar": "always", "email": {"approveReplies": True},
    }  # fmt: skip
    document["categories"] = [category, *document["categories"]]
    answer = admin.put("/configuration", json=document)
    assert answer.status_code == 200, answer.text
