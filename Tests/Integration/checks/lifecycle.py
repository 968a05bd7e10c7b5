"""Every transition is legal; no item is with two agents at once or completed twice.

The table is written from the design, not from the services' own.
"""

from collections.abc import Iterable

from checks.evidence import FINAL, Evidence, Report

OPEN = {"new", "captured", "queued", "offered", "assigned", "held", "parked", "errorheld"}
STATUSES = OPEN | FINAL
# Where classification can lead when it happens in the same transaction.
PLACED = {"new", "captured", "queued", "rejected", "errorheld"}
# What cannot be queued any more, since content or configuration changed meanwhile, is kept for a person.
RETURNED = {"queued", "errorheld"}


def _pairs(starts: Iterable[str | None], ends: Iterable[str]) -> set[tuple[str | None, str]]:
    return {(start, end) for start in starts for end in ends}


_UNCHANGED = {(status, status) for status in OPEN}

LEGAL: dict[str, set[tuple[str | None, str]]] = {
    "submit": _pairs([None], PLACED),
    "activate": _pairs(["new"], PLACED - {"new"}),
    "classify": _pairs(["captured", "queued"], ["queued"]),
    "reprioritise": _UNCHANGED,
    "reject": _pairs(["captured", "queued"], ["rejected"]),
    "fail": _pairs(["captured", "queued"], ["errorheld"]),
    "offer": _pairs(["queued"], ["offered"]),
    "pull": _pairs(["queued"], ["offered", "assigned"]),
    "accept": _pairs(["offered"], ["assigned"]),
    "decline": _pairs(["offered"], RETURNED),
    "miss": _pairs(["offered"], RETURNED),
    "recall": _pairs(["offered"], RETURNED),
    "withdraw": _pairs(["offered", "assigned"], RETURNED),
    "returnToQueue": _pairs(["offered", "assigned", "parked"], RETURNED),
    "takeBack": _pairs(["offered", "assigned", "parked"], RETURNED),
    "assign": _pairs(["queued", "offered", "assigned", "parked"], ["assigned"]),
    "transfer": _pairs(["queued", "offered", "assigned", "parked"], RETURNED),
    "park": _pairs(["assigned"], ["parked"]),
    "unpark": _pairs(["parked"], ["assigned"]),
    "update": _UNCHANGED | _pairs(["new", "captured", "queued"], ["rejected", "errorheld"]),
    "push": _UNCHANGED,
    "hold": _pairs(OPEN - {"held"}, ["held"]),
    "resume": _pairs(["held"], PLACED | {"parked"}) | _pairs(["errorheld"], PLACED),
    "cancel": _pairs(OPEN, ["canceled"]),
    "complete": _pairs(OPEN, ["completed"]),
    "autocomplete": _pairs(OPEN - {"new"}, ["completed"]),
    "restart": _pairs(FINAL, PLACED),
    "erase": {(status, status) for status in STATUSES},
}

TAKES = {"offer", "pull", "assign", "unpark"}
# What an agent does with an item that it has.
AGENTS_OWN = {"accept", "decline", "complete", "park"}
WITH_AGENT = {"offered", "assigned"}


def check_lifecycle(evidence: Evidence, report: Report) -> None:
    for item, events in evidence.histories().items():
        _check_item(item, events, evidence, report)


def _check_item(item: str, events: list[dict], evidence: Evidence, report: Report) -> None:
    status: str | None = None
    holder: str | None = None
    completions = 0
    for event in events:
        data = event["data"]
        action, start, end, agent = data["action"], data.get("from"), data["to"], data.get("agent")
        step = f"revision {data['revision']} ({action}: {start} → {end})"
        report.count("transitions")
        if start != status:
            report.violate("transitions join", item, f"{step} starts elsewhere than the item was: {status}")
        if (start, end) not in LEGAL.get(action, ()):
            report.violate("legal transition", item, f"{step} is not allowed")

        if action in TAKES:
            if agent is None:
                report.violate("one agent at a time", item, f"{step} names no agent")
            if status in WITH_AGENT and holder is not None and action != "assign":
                report.violate("one agent at a time", item, f"{step} to {agent} while it was with {holder}")
            holder = agent
        elif start in WITH_AGENT and agent is not None and holder is not None and agent != holder:
            report.violate("one agent at a time", item, f"{step} tells of {agent}, but it was with {holder}")
        actor = data.get("actor") or {}
        if action in AGENTS_OWN and actor.get("kind") == "agent" and start in WITH_AGENT and actor.get("id") != holder:
            report.violate("one agent at a time", item, f"{step} was done by {actor.get('id')}, but it was with {holder}")

        if end not in WITH_AGENT and end != "parked":
            holder = None
        if action == "restart":
            completions = 0
        elif end == "completed" and action != "erase":
            completions += 1
        if completions > 1:
            report.violate("completed once", item, f"{step} completes it a second time")
            completions = 1
        status = end
    _compare_with_row(item, status, holder, events, evidence, report)


def _compare_with_row(
    item: str, status: str | None, holder: str | None, events: list[dict], evidence: Evidence, report: Report
) -> None:
    row = evidence.items.get(item)
    if row is None:
        report.violate("feed and rows agree", item, "has events, but is no row")
        return
    revision = events[-1]["data"]["revision"]
    if (row.status, row.revision) != (status, revision):
        report.violate(
            "feed and rows agree", item,
            f"is {row.status} at revision {row.revision}; the feed ends with {status} at {revision}",
        )  # fmt: skip
    elif status in WITH_AGENT and row.assignee != holder:
        report.violate("feed and rows agree", item, f"is with {row.assignee}; the feed says {holder}")
