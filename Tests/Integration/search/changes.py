"""Items in an arena that are changed, called off and erased while faults are done: what agents and mail do not do."""

import random
import secrets

import httpx

from desks import ahead
from faults.arena import Arena
from faults.rounds import Rounds


class Changes(Rounds):
    """Makes and changes items one after the other, until it is stopped. What core cannot take at the moment is left."""

    forgiven = (httpx.HTTPError, StopIteration)

    def __init__(self, arena: Arena, seed: object) -> None:
        super().__init__("changes")
        self._arena = arena
        self._chance = random.Random(f"changes {seed}")
        self._number = 0
        self._items: list[str] = []
        self.changed = self.erased = 0

    def assert_went_on(self) -> None:
        assert self.changed >= 10 and self.erased, f"{self.changed} changes, {self.erased} erased; {self.failures[-3:]}"

    def round(self) -> None:
        self._number += 1
        with self._arena.client() as http:
            self._erase(http, self._number) if self._number % 20 == 0 else self._change(http)

    def _change(self, http: httpx.Client) -> None:
        """A new item that nobody works on, or another word in one of those, or its end."""
        draw, word = self._chance.random(), f"w{self._chance.randrange(100)}"
        content = {"attributes": {"note": f"changed {word}", "tags": [word, "Malmö C"]}}
        if draw < 0.3 or not self._items:
            body = {"captureId": f"waits-{secrets.token_hex(6)}", "activation": ahead(86_400), **content}
            self._items.append(http.post("/workitems?source=vinst", json=body).raise_for_status().json()["id"])
            return
        item = self._chance.choice(self._items)
        if draw < 0.4:
            self._items.remove(item)
            http.post(f"/workitems/{item}/cancel").raise_for_status()
            return
        http.patch(f"/workitems/{item}", json=content, headers={"If-Match": "*"}).raise_for_status()
        self.changed += 1

    def _erase(self, http: httpx.Client, number: int) -> None:
        customer = f"customer {number}"
        for part in range(2):
            body = {"captureId": f"{customer}-{part}", "attributes": {"customer": customer, "note": f"of {customer}"}}
            http.post("/workitems?source=vinst", json=body).raise_for_status()
        self.erased += http.post("/customers/erase", json={"customer": customer}).raise_for_status().json()["erasedWorkItems"]
