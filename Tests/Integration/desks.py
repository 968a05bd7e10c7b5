"""Desks: configurations in which each test has an endpoint, a category and agents of its own, and what is done there."""

import uuid
from collections.abc import Iterable
from datetime import datetime, timedelta, timezone
from functools import cached_property

import httpx

from cores import Core
from waiting import wait_until
from world import Tenant, World

STANDARD = {"name": "standard", "unit": "hours", "sla": 8, "points": [[0, 100], [8, 1000], [24, 1500]]}


def desk(
    name: str, agents: Iterable[str] | dict[str, dict] = (), endpoint: dict | None = None, **category: object
) -> dict:
    """A part of a configuration: endpoint, category and agents (`name-anna`) that serve it, all by that name.

    Items get there by the attribute `desk`. Agents may be given with settings, such as {"anna": {"capacity": 2}}.
    """
    settings = agents if isinstance(agents, dict) else {agent: {} for agent in agents}
    return {
        "endpoint": {"name": name, **(endpoint or {})},
        "category": {
            "name": name, "when": {"all": [{"attribute": "desk", "is": name}]}, "endpoint": name,
            "schema": "standard", "calendar": "always", **category,
        },
        "agents": [{"id": f"{name}-{agent}", "name": agent, "endpoints": [name], **rest} for agent, rest in settings.items()],
    }  # fmt: skip


def desks(*parts: dict, **rest: object) -> dict:
    """A configuration of these desks; `rest` replaces sections of it."""
    return {
        "calendars": [{"name": "always", "always": True}],
        "schemas": [STANDARD],
        "endpoints": [part["endpoint"] for part in parts],
        "categories": [part["category"] for part in parts],
        "agents": [agent for part in parts for agent in part["agents"]],
        "sources": [{"name": "vinst"}, {"name": "web"}],
        **rest,
    }


def now() -> datetime:
    return datetime.now(timezone.utc)


def ahead(seconds: float) -> str:
    """The moment in so many seconds, as it is sent."""
    return (now() + timedelta(seconds=seconds)).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


def seconds_between(earlier: str, later: str) -> float:
    return (moment(later) - moment(earlier)).total_seconds()


class Floor:
    """A tenant's work as those see it who may do everything there, at one instance of core."""

    def __init__(self, world: World, tenant: Tenant, core: Core | None = None) -> None:
        self.world = world
        self.tenant = tenant
        self.http = world.http(tenant.admin_key, core)
        self._agents: dict[str, httpx.Client] = {}

    def submit(self, desk: str | None = None, source: str = "vinst", **content: object) -> dict:
        """A new item of that desk."""
        attributes = {**({"desk": desk} if desk else {}), **content.pop("attributes", {})}
        body = {"captureId": f"c-{uuid.uuid4()}", "attributes": attributes, **content}
        answer = self.http.post("/workitems", params={"source": source}, json=body)
        assert answer.status_code == 201, answer.text
        return answer.json()

    def item(self, item: dict) -> dict:
        """The item as it is now."""
        return self.http.get(f"/workitems/{item['id']}").raise_for_status().json()

    def tried(self, item: dict, action: str, client: httpx.Client | None = None, **body: object) -> httpx.Response:
        """The answer to an action, whatever it is."""
        return (client or self.http).post(f"/workitems/{item['id']}/{action}", json=body)

    def do(self, item: dict, action: str, **body: object) -> dict:
        """The item after an action that must succeed."""
        answer = self.tried(item, action, **body)
        assert answer.status_code == 200, f"{action}: {answer.text}"
        return answer.json()

    def patch(self, item: dict, **body: object) -> dict:
        """The item after an update."""
        answer = self.http.patch(f"/workitems/{item['id']}", json=body, headers={"If-Match": "*"})
        assert answer.status_code == 200, answer.text
        return answer.json()

    def until(self, item: dict, *statuses: str, seconds: float = 30, **members: object) -> dict:
        """The item, as soon as it has one of these statuses and these members."""

        def probe() -> dict | None:
            found = self.item(item)
            fits = all(found.get(name) == value for name, value in members.items())
            return found if found["status"] in statuses and fits else None

        wanted = f"{'/'.join(statuses)} {members or ''} of {self.item(item)}"
        return wait_until(probe, seconds=seconds, what=wanted)

    def history(self, item: dict) -> list[dict]:
        """The steps of an item, each with its time."""
        items = self.http.get(f"/workitems/{item['id']}/history").raise_for_status().json()["items"]
        return [{**entry["data"], "time": entry["time"]} for entry in items]

    def step(self, item: dict, action: str) -> dict:
        """The item's last step of that kind, as soon as there is one."""
        return wait_until(
            lambda: next((step for step in reversed(self.history(item)) if step["action"] == action), None),
            what=f"the step {action}",
        )

    def explanation(self, item: dict) -> dict:
        return self.http.get(f"/workitems/{item['id']}/explanation").raise_for_status().json()

    # Agents

    def state(self, agent: str, state: str) -> dict:
        answer = self.http.put(f"/agents/{agent}/state", json={"state": state})
        assert answer.status_code == 200, answer.text
        return answer.json()

    def ready(self, *agents: str) -> None:
        """Makes agents ready, one after the other."""
        for agent in agents:
            self.state(agent, "ready")

    def away(self, *agents: str) -> None:
        for agent in agents:
            self.state(agent, "notReady")

    def agent(self, agent: str) -> dict:
        return self.http.get(f"/agents/{agent}").raise_for_status().json()

    def offers(self, agent: str, wait: int = 0) -> list[dict]:
        answer = self.http.get(f"/agents/{agent}/offers", params={"wait": wait})
        return answer.raise_for_status().json()["offers"]

    def offered(self, agent: str, item: dict) -> dict:
        """The offer of this item to this agent, as soon as there is one."""
        return wait_until(
            lambda: next((offer for offer in self.offers(agent, 5) if offer["workItemId"] == item["id"]), None),
            what=f"an offer of {item['id']} to {agent}",
        )

    def answer(self, offer: dict, answer: str, **body: object) -> dict:
        """The item after `accept` or `decline`."""
        found = self.http.post(f"/offers/{offer['id']}/{answer}", json=body or None)
        assert found.status_code == 200, found.text
        return found.json()

    def next(self, agent: str) -> dict | None:
        answer = self.http.post(f"/agents/{agent}/next")
        assert answer.status_code in (200, 204), answer.text
        return answer.json() if answer.status_code == 200 else None

    def lanes_follow(self, idle: str) -> None:
        """What has been answered here is in the lanes: an agent for whom there is nothing hears so only then."""
        assert self.next(idle) is None

    def pull(self, agent: str) -> dict:
        """The next item, as soon as there is one: lanes follow the rows within moments."""
        return wait_until(lambda: self.next(agent), what=f"an item for {agent}")

    def has(self, agent: str) -> list[str]:
        """The ids of what an agent has, and of what lies in its workbins."""
        items = self.http.get(f"/agents/{agent}/workitems").raise_for_status().json()["items"]
        return [item["id"] for item in items]

    def acting_as(self, agent: str) -> httpx.Client:
        """A client with a key of that agent alone."""
        if agent not in self._agents:
            key = self.http.post("/keys", json={"name": agent, "roles": ["agent"], "agent": agent})
            assert key.status_code == 201, key.text
            self._agents[agent] = self.world.http(key.json()["key"])
        return self._agents[agent]

    @cached_property
    def replies(self):
        """Answers to commands over Kafka."""
        return self.world.reader("workitems.replies")

    @cached_property
    def producer(self):
        return self.world.producer(self.tenant)

    def command(self, what: str, capture_id: str, **data: object) -> dict:
        """What a command over Kafka is answered."""
        command = self.producer.command(what, {"captureId": capture_id, **data})
        self.producer.send(command, key=capture_id)
        self.producer.flush()
        reply = self.replies.wait_for(
            lambda event: event["data"].get("commandId") == command["id"], seconds=30, what=f"the answer to {what}"
        )
        return reply["data"]

    # Configuration

    def apply(self, configuration: dict) -> int:
        """The version of this configuration, which is in force from now on."""
        answer = self.http.put("/configuration", json={**configuration, "tenant": self.tenant.name})
        assert answer.status_code == 200, answer.text
        return answer.json()["version"]
