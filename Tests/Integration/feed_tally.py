"""Counts what happened from the reporting feed alone: what reports are held against. It knows nothing of the mart."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime

FINAL = {"completed", "canceled", "rejected"}


@dataclass(frozen=True)
class Deed:
    """Something that is counted, where and of whom it is."""

    measure: str
    at: datetime
    category: str
    queue: str
    source: str
    agent: str
    segment: str
    seconds: float = 0


@dataclass
class _Item:
    """What is known of an item after its steps so far."""

    status: str | None = None
    category: str = "(none)"
    queue: str = "(none)"
    agent: str = ""
    source: str = ""
    segment: str = "(none)"
    activation: datetime | None = None
    waiting_since: datetime | None = None
    assigned_since: datetime | None = None


# Steps that take an item from where it was; the others are counted where it is afterwards.
BEFORE = {"miss": "missed", "decline": "declined", "transfer": "transferred", "park": "parked"}
AFTER = {"offer": "offered", "accept": "accepted", "pull": "pulled", "assign": "given", "activate": "activated",
         "restart": "reopened"}  # fmt: skip


class Tally:
    """The deeds of a feed, and what is open at its end."""

    def __init__(self, events: Iterable[dict]) -> None:
        self.deeds: list[Deed] = []
        self._items: dict[str, _Item] = defaultdict(_Item)
        for event in events:
            if event["type"].startswith("millrace.workitem."):
                self._step(event["data"], datetime.fromisoformat(event["time"]))

    def _step(self, data: dict, at: datetime) -> None:
        item = self._items[data["workItemId"]]
        before = _Item(**vars(item))
        item.status = data["to"]
        item.category, item.queue = data.get("category") or "(none)", data.get("endpoint") or "(none)"
        item.source = data["sourceName"]
        attributes = data.get("attributes")
        if attributes is not None:
            item.segment = attributes.get("segment") or "(none)"
        if data.get("activation"):
            item.activation = datetime.fromisoformat(data["activation"])
        holder = before.agent if before.status in ("offered", "assigned") else ""
        agent = data.get("agent") or holder
        action = data["action"]

        def count(measure: str, place: _Item, who: str = "", seconds: float = 0) -> None:
            self.deeds.append(
                Deed(measure, at, place.category, place.queue, place.source, who, item.segment, seconds)
            )

        if before.status is None:
            count("entered", item)
        if before.status == "assigned" and (data["to"] != "assigned" or action == "assign"):
            count("handled", before, before.agent, (at - before.assigned_since).total_seconds())
        if action in BEFORE:
            count(BEFORE[action], before, holder if action == "transfer" else agent)
        if action in AFTER:
            count(AFTER[action], item, agent if action in ("offer", "accept", "pull", "assign") else "")
        if data["to"] == "held" and before.status != "held":
            count("held", before, holder)
        if data["to"] in FINAL and before.status not in FINAL:
            count(data["to"], item, "" if data["to"] == "rejected" else agent)
            if data["to"] == "completed":
                count("finish", item, agent, (at - min(item.activation, at)).total_seconds())
                if data.get("due"):
                    late = at > datetime.fromisoformat(data["due"])
                    count("dated", item, agent)
                    count("late" if late else "met", item, agent)
        if data["to"] == "queued":
            if before.status not in ("queued", "offered") or action == "transfer":
                item.waiting_since = at
        elif data["to"] == "assigned" and (before.status != "assigned" or action == "assign"):
            if before.waiting_since is not None:
                waited = (at - before.waiting_since).total_seconds()
                count("wait", item, agent, waited)
            item.waiting_since, item.assigned_since, item.agent = None, at, agent
        elif data["to"] == "offered":
            item.agent = agent
        elif data["to"] != "assigned":
            item.waiting_since = None

    def count(self, measure: str, where: Callable[[Deed], bool] = lambda deed: True) -> int:
        """How many there are."""
        return sum(1 for deed in self.deeds if deed.measure == measure and where(deed))

    def by(self, measure: str, member: Callable[[Deed], str]) -> Counter[str]:
        """How many there are of each name."""
        return Counter(member(deed) for deed in self.deeds if deed.measure == measure)

    def mean(self, measure: str, where: Callable[[Deed], bool] = lambda deed: True) -> float | None:
        """Seconds on average; None when there are none."""
        spans = [deed.seconds for deed in self.deeds if deed.measure == measure and where(deed)]
        return sum(spans) / len(spans) if spans else None

    @property
    def open(self) -> int:
        """Items that are neither final nor yet to begin."""
        return sum(1 for item in self._items.values() if item.status not in FINAL | {"new"})

    def ids(self, where: Callable[[str, str], bool]) -> set[str]:
        """Items by category and status at the end."""
        return {id for id, item in self._items.items() if where(item.category, item.status or "")}
