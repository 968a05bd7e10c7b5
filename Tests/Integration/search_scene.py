"""Items and mail to be searched, and what searches of them must answer, whichever index is asked."""

import secrets
from contextlib import suppress
from dataclasses import dataclass, field

import httpx

from mail_room import SECRETS_KEY, MailRoom, configuration, key
from search_servers import Search, SearchServer
from waiting import wait_until
from world import World

# Which items each query finds, in order: by score, the newest first among equals.
CASES: list[tuple[str, list[str]]] = [
    ("router", ["mail", "modem", "router"]),
    ("ROUTER", ["mail", "modem", "router"]),
    ("rout*", ["mail", "modem", "router"]),
    ("router broken", ["router"]),
    ('"broken router"', ["router"]),
    ('"router broken"', []),
    ('"broken rout"*', ["router"]),
    ('"router brok"*', []),
    ("router -modem", ["mail", "router"]),
    ("-router", ["malmo", "long"]),
    ("product:router", ["modem", "router"]),
    ("product:modem", ["modem"]),
    ('note:"broken router"', ["router"]),
    ("malmo", ["malmo"]),
    ("Malmö", ["malmo"]),
    ('city:"Malmö C"', ["malmo"]),
    ("tags:wifi", ["modem"]),
    ('tags:"wifi dead"', []),
    ("captureId:SRCH-0001", ["router"]),
    ("SRCH-0001", ["router"]),
    ("SRCH*", ["malmo", "long", "modem", "router"]),
    ("subject:router", ["mail"]),
    ("from:kim@example.org", ["mail"]),
    ("to:support@example.com", ["mail"]),
    ("text:elephant", ["mail"]),
    ("text:router", []),
    ("elephant router", ["mail"]),
    ("needle", ["long"]),
    ('"needle in"', ["long"]),
    ("open:true", ["router"]),
    ("order_no:AB-9", ["modem"]),
    ("12.5", ["router"]),
    ("zebra", []),
    ("';%_--", []),
]


@dataclass
class SearchScene:
    """A tenant with a few items that say different things."""

    room: MailRoom
    world: World
    index: str = "postgresql"
    server: SearchServer | None = None
    items: dict[str, str] = field(default_factory=dict)
    services: list[Search] = field(default_factory=list)

    @staticmethod
    def open(
        world: World, kind: str = "postgresql", server: SearchServer | None = None, url: str | None = None,
        instances: int = 1, settings: dict[str, str] | None = None, **section: object,
    ) -> "SearchScene":  # fmt: skip
        """A new tenant; with a search server, one of its own unless it is given, unless PostgreSQL is all that there is."""
        if kind == "postgresql":
            return SearchScene(MailRoom.open(world, configuration()), world)
        server = server or SearchServer(kind, world.folder / f"{kind}-{secrets.token_hex(3)}").start()
        document = configuration(search={"url": url or server.url, "answersWithin": "10s", **section})
        scene = SearchScene(MailRoom.open(world, document), world, "elasticsearch", server)
        scene.start(instances, **(settings or {}))
        return scene

    def service(self, **settings: str) -> Search:
        """An instance of the search service for this tenant, not started yet."""
        environment = {name: value for name, value in self.world.environment.items() if "DATABASE" not in name}
        name = f"search-{self.room.tenant.name}-{len(self.services) + 1}"
        environment |= {
            "MILLRACE_SEARCH_CORE": ",".join(core.url for core in self.world.cores.running),
            "MILLRACE_SEARCH_KEYS": key(self.admin, ["search"]),
            "MILLRACE_SECRETS_KEY": SECRETS_KEY,
            "MILLRACE_OUTBOUND_ALLOW": "127.0.0.0/8",
            **{f"MILLRACE_{name}": value for name, value in settings.items()},
        }
        return Search(self.world.stack.executable, name, environment, self.world.folder / f"{name}.log")

    def start(self, count: int, **settings: str) -> None:
        """Starts new instances side by side and waits until they are ready."""
        for _ in range(count):
            self.services.append(self.service(**settings).launch())
        for service in self.services:
            service.wait_ready()

    def replace(self, **settings: str) -> None:
        """One instance with other settings takes the place of all."""
        for service in self.services:
            service.ask_to_stop()
        for service in self.services:
            service.stop()
        self.services.clear()
        self.start(1, **settings)

    @property
    def holder(self) -> Search | None:
        """The instance that writes, as it says itself."""
        for service in self.services:
            with suppress(httpx.HTTPError):
                if service.is_running and service.is_holder:
                    return service
        return None

    def control(self) -> dict:
        """The document that says how far the index is and whose."""
        return self.server.get(f"/millrace-control/_doc/{self.alias}").json()["_source"]

    @property
    def alias(self) -> str:
        return f"millrace-{self.room.tenant.name}"

    def close(self) -> None:
        for service in self.services:
            service.stop()
        if self.server:
            self.server.close()

    @property
    def admin(self) -> httpx.Client:
        return self.room.admin

    def submit(self, name: str, capture_id: str, **attributes: object) -> str:
        answer = self.admin.post("/workitems?source=vinst", json={"captureId": capture_id, "attributes": attributes})
        assert answer.status_code == 201, answer.text
        self.items[name] = answer.json()["id"]
        return self.items[name]

    def fill(self) -> None:
        """Makes the items, and waits until the last can be found."""
        self.submit("router", "SRCH-0001", product="Router", note="A broken router", open=True, size=12.5)
        self.submit("modem", "SRCH-0002", product=["Router", "Modem"], tags=["wifi", "dead"], **{"Order No.": "AB-9"})
        words = " ".join(f"w{number}" for number in range(2000))
        self.submit("long", "SRCH-0003", text=f"{words} needle in the haystack {words}")
        self.submit("malmo", "SRCH-0004", city="Malmö C")
        message = self.room.message(subject="Router?", text="An elephant stands on it.")
        self.items["mail"] = self.room.receive(message)[0]["workItemId"]
        self.wait_for("elephant", ["mail"])
        self.wait_for("SRCH-0004", ["malmo"])

    def page(self, query: str, **parameters: object) -> dict:
        answer = self.admin.get("/workitems", params={"q": query, **parameters})
        assert answer.status_code == 200, answer.text
        page = answer.json()
        assert page["search"]["index"] == self.index, page["search"]
        return page

    def names(self, items: list[dict]) -> list[str]:
        known = {identifier: name for name, identifier in self.items.items()}
        return [known.get(item["id"], item["id"]) for item in items]

    def find(self, query: str, **parameters: object) -> list[str]:
        """What is found, page by page."""
        found, cursor = [], None
        while True:
            page = self.page(query, **parameters, **({"cursor": cursor} if cursor else {}))
            found += page["items"]
            cursor = page["next"]
            if cursor is None:
                return self.names(found)

    def wait_for(self, query: str, expected: list[str], seconds: float = 30) -> None:
        wait_until(
            lambda: self.find(query) == expected,
            seconds=seconds, every=0.1, what=f"{query} to find {expected}", forgiving=(AssertionError,),
        )  # fmt: skip
