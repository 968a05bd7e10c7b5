"""Items in an arena that are changed, called off and erased while faults are done: what agents and mail do not do."""

import random
import secrets
import threading

import httpx

from desks import ahead
from faults.arena import Arena


class Changes:
    """Makes and changes items one after the other, until it is stopped. What core cannot take at the moment is left."""

    def __init__(self, arena: Arena, seed: object) -> None:
        self._arena = arena
        self._chance = random.Random(f"changes {seed}")
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="changes", daemon=True)
        self._items: list[str] = []
        self.changed = self.erased = 0
        self.failures: list[str] = []

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._ended.set()
        if self._thread.is_alive():
            self._thread.join(60)

    def assert_went_on(self) -> None:
        assert self.changed >= 10 and self.erased, f"{self.changed} changes, {self.erased} erased; {self.failures[-3:]}"

    def _run(self) -> None:
        number = 0
        while not self._ended.wait(0.05):
            number += 1
            try:
                with self._arena.client() as http:
                    self._erase(http, number) if number % 20 == 0 else self._change(http)
            except (httpx.HTTPError, StopIteration) as error:
                self.failures.append(f"{type(error).__name__}: {str(error)[:200]}")
                self._ended.wait(0.2)

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
