"""Simulated agents over HTTP: each long-polls for offers, accepts, works and completes, until told to stop."""

import random
import threading
from collections.abc import Callable

import httpx

from checks.evidence import Answered


class SimulatedAgents:
    """A crew of agents in threads of their own. What they were told is kept for the checker.

    `url` is asked anew for each request, so that the crew moves on to another instance when one is gone.
    """

    def __init__(
        self,
        url: Callable[[], str],
        key: str,
        agents: list[str],
        *,
        work_seconds: Callable[[random.Random], float] = lambda _: 0.0,
        decline: float = 0.0,
        seed: int = 1,
    ) -> None:
        self._url = url
        self._key = key
        self._agents = agents
        self._work_seconds = work_seconds
        self._decline = decline
        self._seed = seed
        self._stopping = threading.Event()
        self._lock = threading.Lock()
        self._answered: list[Answered] = []
        self.unexpected: list[str] = []
        self._threads = [threading.Thread(target=self._work, args=(agent,), daemon=True) for agent in agents]

    def __enter__(self) -> "SimulatedAgents":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        for thread in self._threads:
            thread.join(45)

    @property
    def answered(self) -> list[Answered]:
        """Every action that was answered with 2xx."""
        with self._lock:
            return list(self._answered)

    def _work(self, agent: str) -> None:
        chance = random.Random(f"{self._seed} {agent}")
        ready = False
        with httpx.Client(headers={"Authorization": f"Bearer {self._key}"}, timeout=20) as http:
            while not self._stopping.is_set():
                try:
                    if not ready:
                        answer = http.put(self._path(f"/agents/{agent}/state"), json={"state": "ready"})
                        ready = self._expect(answer, "state")
                    self._finish(http, agent, chance)
                    answer = http.get(self._path(f"/agents/{agent}/offers"), params={"wait": 2})
                    if self._expect(answer, "offers"):
                        for offer in answer.json()["offers"]:
                            self._answer(http, agent, offer, chance)
                except httpx.TransportError:
                    # The instance is gone or going; what was asked may or may not have happened.
                    self._stopping.wait(0.05)

    def _path(self, path: str) -> str:
        return f"{self._url()}/iwd/v3{path}"

    def _expect(self, answer: httpx.Response, what: str) -> bool:
        """True for 2xx. Conflicts and outages are part of a run; anything else is kept as unexpected."""
        if answer.is_success:
            return True
        if answer.status_code not in (404, 409, 410, 412, 429, 503):
            with self._lock:
                self.unexpected.append(f"{what}: {answer.status_code} {answer.text[:300]}")
        self._stopping.wait(0.05)
        return False

    def _note(self, item: str, action: str, agent: str) -> None:
        with self._lock:
            self._answered.append(Answered(item, action, agent))

    def _answer(self, http: httpx.Client, agent: str, offer: dict, chance: random.Random) -> None:
        action = "decline" if chance.random() < self._decline else "accept"
        answer = http.post(self._path(f"/offers/{offer['id']}/{action}"))
        if self._expect(answer, action):
            self._note(offer["workItemId"], action, agent)

    def _finish(self, http: httpx.Client, agent: str, chance: random.Random) -> None:
        """Completes what the agent has, also what is left from before a lost connection."""
        answer = http.get(self._path(f"/agents/{agent}/workitems"))
        if not self._expect(answer, "work items"):
            return
        for item in answer.json()["items"]:
            if item.get("status") != "assigned":
                continue
            self._stopping.wait(self._work_seconds(chance))
            answer = http.post(self._path(f"/workitems/{item['id']}/complete"), json={"result": "done"})
            if self._expect(answer, "complete"):
                self._note(item["id"], "complete", agent)
