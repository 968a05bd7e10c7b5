"""Simulated agents: each holds several items at once, works for some tens of milliseconds, and now and then declines,
misses, parks, transfers, holds or leaves. Requests without an answer are repeated until there is one."""

import asyncio
import itertools
import random
import time
from dataclasses import dataclass

from checks.evidence import Answered
from faults.exchange import Answer, Exchange, Front, Unreachable
from faults.loop import LoopThread

# What an agent does instead of accepting, and instead of completing: chances, the rest is the normal way.
INSTEAD_OF_ACCEPTING = {"decline": 0.015, "miss": 0.01, "leave": 0.002}
INSTEAD_OF_COMPLETING = {"park": 0.02, "transfer": 0.015, "hold": 0.02}
# The item, the offer or the state that the request was about is gone meanwhile.
OVERTAKEN = (404, 409, 410, 412)


@dataclass(frozen=True, slots=True)
class OfferSeen:
    """An offer that reached its agent: on the monotonic clock, in seconds."""

    at: float
    agent: str
    item: str


class Crew:
    """All agents of a run."""

    def __init__(
        self, loop: LoopThread, exchange: Exchange, front: Front, *,
        keys: dict[str, str], supervisor_key: str, endpoints: dict[str, list[str]], seed: object,
    ) -> None:  # fmt: skip
        self.loop, self.exchange, self.front = loop, exchange, front
        self.supervisor_key = supervisor_key
        self.endpoints = endpoints
        self.offers: list[OfferSeen] = []
        self.answered: list[Answered] = []
        self.unexpected: list[str] = []
        self.calm = False
        self.stopping = False
        self.agents = [
            Agent(self, name, key, number, random.Random(f"agent {seed} {name}"))
            for number, (name, key) in enumerate(keys.items())
        ]

    def start(self) -> None:
        for agent in self.agents:
            self.loop.start(agent.run())

    def settle_down(self) -> None:
        """From now on everybody accepts and completes, so that the work comes to an end."""
        self.calm = True

    def stop(self) -> None:
        self.stopping = True

    def offers_since(self, moment: float) -> list[OfferSeen]:
        """Offers that reached their agents after a moment of the monotonic clock."""
        since = []
        for offer in reversed(self.offers):
            if offer.at < moment:
                break
            since.append(offer)
        return since[::-1]


class Agent:
    """One agent. Every fifth one asks for the next item instead of waiting for offers."""

    def __init__(self, crew: Crew, name: str, key: str, number: int, chance: random.Random) -> None:
        self._crew, self._name, self._key, self._home = crew, name, key, number
        self._chance = chance
        self._pulls = number % 5 == 4
        # Every other one repeats under an Idempotency-Key; the others learn from a conflict that it had happened.
        self._is_careful = number % 2 == 0
        self._requests = itertools.count(1)
        # Items in hand and offers let pass.
        self._busy: set[str] = set()
        self._ignored: set[str] = set()

    async def run(self) -> None:
        await self._become("ready")
        while not self._crew.stopping:
            if self._pulls:
                await self._pull()
            else:
                await self._poll()

    # Asking for work

    async def _poll(self) -> None:
        answer = await self._once("GET", f"/agents/{self._name}/offers?wait=2")
        if answer is None or not self._is_good(answer, "offers"):
            await asyncio.sleep(0.1)
            return
        fresh = 0
        offers = answer.json()["offers"]
        for offer in offers:
            if offer["id"] not in self._ignored and offer["workItemId"] not in self._busy:
                fresh += 1
                self._take_up(offer)
        if not offers:
            await self._look_around()
        elif not fresh:
            # What is only being missed is shown at once, again and again.
            await asyncio.sleep(0.1)

    def _take_up(self, offer: dict) -> None:
        self._crew.offers.append(OfferSeen(time.monotonic(), self._name, offer["workItemId"]))
        self._busy.add(offer["workItemId"])
        self._crew.loop.spawn(self._answer(offer["id"], offer["workItemId"]))

    async def _pull(self) -> None:
        answer = await self._once("POST", f"/agents/{self._name}/next")
        if answer is None or not self._is_good(answer, "next"):
            await asyncio.sleep(0.1)
        if answer is not None and answer.status == 200:
            item = answer.json()["id"]
            self._crew.offers.append(OfferSeen(time.monotonic(), self._name, item))
            if item not in self._busy:
                self._busy.add(item)
                self._crew.loop.spawn(self._hold_in_hand(item, self._work(item)))
            return
        # Nothing there, or the answer was lost and the item is among the agent's own.
        await self._look_around()
        await asyncio.sleep(0.2)

    async def _look_around(self) -> None:
        """Takes up what the agent has without knowing: after an answer that was lost, or out of the workbin."""
        answer = await self._once("GET", f"/agents/{self._name}/workitems")
        if answer is None or not self._is_good(answer, "work items"):
            return
        for item in answer.json()["items"]:
            if item["id"] in self._busy or item["status"] not in ("assigned", "parked"):
                continue
            self._busy.add(item["id"])
            work = self._unpark(item["id"]) if item["status"] == "parked" else self._work(item["id"])
            self._crew.loop.spawn(self._hold_in_hand(item["id"], work))
        # After missed offers the agent is not ready; to be ready already changes nothing.
        await self._become("ready")

    # Doing it

    async def _hold_in_hand(self, item: str, work: object) -> None:
        try:
            await work
        finally:
            self._busy.discard(item)

    async def _answer(self, offer: str, item: str) -> None:
        await self._hold_in_hand(item, self._answer_offer(offer, item))

    async def _answer_offer(self, offer: str, item: str) -> None:
        match self._choose(INSTEAD_OF_ACCEPTING):
            case "miss":
                self._ignored.add(offer)
                return
            case "decline":
                await self._do(f"/offers/{offer}/decline", item, "decline")
                return
            case "leave":
                await self._become("offline")
                await asyncio.sleep(0.2)
                await self._become("ready")
                return
        if await self._do(f"/offers/{offer}/accept", item, "accept"):
            await self._work(item)

    async def _work(self, item: str) -> None:
        await asyncio.sleep(min(0.3, self._chance.expovariate(1 / 0.03)))
        match self._choose(INSTEAD_OF_COMPLETING):
            case "park":
                if await self._do(f"/workitems/{item}/park", item, "park"):
                    await asyncio.sleep(0.1)
                    await self._unpark(item)
            case "transfer":
                await self._do(f"/workitems/{item}/transfer", item, "transfer", self._somebody())
            case "hold":
                # Should the answer to a repeat be a conflict, it was held all the same: resumed in any case.
                await self._do(f"/workitems/{item}/hold", item, "hold")
                await asyncio.sleep(0.05)
                await self._send(f"/workitems/{item}/resume", None, self._key, "resume")
            case _:
                await self._do(f"/workitems/{item}/complete", item, "complete", {"result": "done"})

    async def _unpark(self, item: str) -> None:
        # While the agent is full the item stays in the workbin; another look finds it there.
        if await self._do(f"/workitems/{item}/take", item, "unpark"):
            await self._work(item)

    def _somebody(self) -> dict:
        """To whom a transfer goes: a colleague at the same endpoints, or one of these endpoints."""
        own = self._crew.endpoints[self._name]
        if self._chance.random() < 0.5:
            return {"endpoint": self._chance.choice(own)}
        return {"agent": self._chance.choice([name for name, served in self._crew.endpoints.items() if served == own])}

    def _choose(self, chances: dict[str, float]) -> str | None:
        if self._crew.calm:
            return None
        draw = self._chance.random()
        for what, chance in chances.items():
            if draw < chance:
                return what
            draw -= chance
        return None

    # Asking the service

    async def _become(self, state: str) -> None:
        while not self._crew.stopping:
            answer = await self._once("PUT", f"/agents/{self._name}/state", {"state": state})
            if answer is not None and self._is_good(answer, "state"):
                return
            await asyncio.sleep(0.1)

    async def _do(self, path: str, item: str, action: str, body: dict | None = None) -> bool:
        """Does something with an item until it is answered; True when it took effect."""
        if not await self._send(path, body, self._key, action):
            return False
        self._crew.answered.append(Answered(item, action, self._name))
        return True

    async def _send(self, path: str, body: dict | None, key: str, what: str) -> bool:
        headers = f"Idempotency-Key: {self._name}-{next(self._requests)}\r\n" if self._is_careful else ""
        while True:
            answer = await self._once("POST", path, body, key=key, headers=headers)
            if answer is not None and not answer.is_passing:
                return self._is_good(answer, what)
            await asyncio.sleep(0.1)

    async def _once(
        self, method: str, path: str, body: dict | None = None, *, key: str | None = None, headers: str = ""
    ) -> Answer | None:
        port = self._crew.front.choose(self._home)
        try:
            return await self._crew.exchange.send(port, method, path, key or self._key, body, headers=headers, seconds=5)
        except Unreachable:
            self._crew.front.failed(port)
            return None

    def _is_good(self, answer: Answer, what: str) -> bool:
        if answer.is_success:
            return True
        if not answer.is_passing and answer.status not in OVERTAKEN:
            self._crew.unexpected.append(f"{self._name}, {what}: {answer.status} {answer.body[:300]!r}")
        return False
