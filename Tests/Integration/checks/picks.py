"""The best-ranked able item was picked each time, recomputed from the explanations.

Order: unrounded priority (higher first), then business age (higher first), then arrival (lower first).
Ages are business seconds.
"""

import bisect
import math
import re

from checks.evidence import Evidence, Report

SECONDS = {"seconds": 1, "minutes": 60, "hours": 3600, "days": 86400}
_SCHEMA_OF_LANE = re.compile(r"(?:^|\.)c(\d+)(?:\.|$)")


def curve_value(points: list[tuple[float, float]], age: float) -> float:
    """The priority at an age: linear between points, the right value at a jump, constant outside."""
    ages = [point[0] for point in points]
    right = bisect.bisect_right(ages, age)
    if right == 0:
        return points[0][1]
    if right == len(points):
        return points[-1][1]
    (x0, y0), (x1, y1) = points[right - 1], points[right]
    return y0 + (y1 - y0) * (age - x0) / (x1 - x0)


def rank(head: dict) -> tuple[float, float, object]:
    """Sorts the best first."""
    arrival = head["arrival"]
    return (-head["priority"], -head["age"], int(arrival) if str(arrival).isdigit() else arrival)


class Rules:
    """What a configuration document says of a category: inherited settings, the curve, who is able."""

    def __init__(self, document: dict) -> None:
        self.agents = {agent["id"]: agent for agent in document.get("agents", [])}
        self.categories: dict[str, dict] = {}
        self._walk(document.get("categories", []), "", {})
        self.curves = {}
        for schema in document.get("schemas", []):
            unit = SECONDS[schema.get("unit", "hours")]
            self.curves[schema["name"]] = [(x * unit, y) for x, y in schema["points"]]

    def _walk(self, categories: list[dict], above: str, inherited: dict) -> None:
        for category in categories:
            path = f"{above}/{category['name']}" if above else category["name"]
            settings = {key: value for key, value in category.items() if key not in ("name", "when", "children")}
            self.categories[path] = {**inherited, **settings}
            self._walk(category.get("children", []), path, self.categories[path])

    def schema_of(self, category: str | None) -> str | None:
        return self.categories.get(category or "", {}).get("schema")

    def is_able(self, agent: str, category: str | None, endpoint: str | None) -> str | None:
        """Why the agent may not have such an item; None when it may."""
        entry = self.agents.get(agent)
        if entry is None:
            return f"{agent} is not in the configuration"
        if endpoint is not None and endpoint not in entry.get("endpoints", []):
            return f"{agent} does not serve {endpoint}"
        needed = set(self.categories.get(category or "", {}).get("requiredSkills", []))
        missing = needed - set(entry.get("skills", []))
        return f"{agent} lacks {', '.join(sorted(missing))}" if missing else None


def check_picks(evidence: Evidence, report: Report) -> None:
    rules = {version: Rules(document) for version, document in evidence.configurations.items()}
    offers = {
        (event["subject"], event["data"]["revision"]): event["data"]
        for event in evidence.item_events
        if event["data"]["action"] in ("offer", "pull")
    }
    explained = set()
    schemas = _schemas_of_lanes(evidence, offers, rules)
    for item, explanations in evidence.explanations.items():
        for explanation in explanations:
            revision = explanation["revision"]
            explained.add((item, revision))
            offer = offers.get((item, revision))
            if offer is None:
                report.violate("offers are explained", item, f"the explanation of revision {revision} has no offer")
                continue
            report.count("offers")
            _check_pick(item, explanation, offer, rules.get(offer.get("configurationVersion")), schemas, report)
    if evidence.explanations:
        for item, revision in offers.keys() - explained:
            if item in evidence.explanations:
                report.violate("offers are explained", item, f"the offer of revision {revision} has no explanation")


def _lane_schema(lane: object) -> str | None:
    found = _SCHEMA_OF_LANE.search(lane) if isinstance(lane, str) else None
    return found.group(1) if found else None


def _schemas_of_lanes(evidence: Evidence, offers: dict, rules: dict[int, Rules]) -> dict[str, list]:
    """Curves by the schema version in the lanes' names, learned from the items that were picked from them."""
    curves: dict[str, list] = {}
    for item, explanations in evidence.explanations.items():
        for explanation in explanations:
            offer = offers.get((item, explanation["revision"])) or {}
            known = rules.get(offer.get("configurationVersion"))
            version = _lane_schema(explanation["chosen"].get("lane"))
            name = known.schema_of(offer.get("category")) if known else None
            if version and name in (known.curves if known else {}):
                curves.setdefault(version, known.curves[name])
    return curves


def _check_pick(
    item: str, explanation: dict, offer: dict, rules: Rules | None, curves: dict[str, list], report: Report
) -> None:
    revision, chosen = explanation["revision"], explanation["chosen"]
    where = f"{item} (revision {revision})"
    if explanation.get("agent") != offer.get("agent"):
        report.violate("offers are explained", where, f"explains {explanation.get('agent')}, not {offer.get('agent')}")
    if chosen.get("workItemId") not in (None, item):
        report.violate("offers are explained", where, f"explains another item: {chosen['workItemId']}")
    for name in ("priority", "age"):
        if offer.get(name) is not None and not math.isclose(offer[name], chosen[name], rel_tol=1e-9, abs_tol=1e-6):
            report.violate("offers are explained", where, f"{name} is {offer[name]}, explained as {chosen[name]}")
    for head in explanation.get("competing", []):
        report.count("competitors")
        if rank(head) < rank(chosen):
            report.violate(
                "best item picked", where,
                f"{_describe(head)} ranks before the chosen {_describe(chosen)}",
            )  # fmt: skip
    for head in [chosen, *explanation.get("competing", [])]:
        curve = curves.get(_lane_schema(head.get("lane")) or "")
        if curve is None:
            continue
        report.count("priorities")
        expected = curve_value(curve, head["age"])
        if not math.isclose(expected, head["priority"], rel_tol=1e-6, abs_tol=1e-6):
            report.violate("priority follows the curve", where, f"{_describe(head)} should have {expected}")
    idle = [agent["idleSince"] for agent in explanation.get("eligibleAgents", []) if isinstance(agent, dict)]
    if idle != sorted(idle):
        report.violate("offers are explained", where, f"eligible agents are not in the order of their idle time: {idle}")
    if rules is not None:
        reason = rules.is_able(offer.get("agent") or "", offer.get("category"), offer.get("endpoint"))
        if reason:
            report.violate("able agent", where, reason)


def _describe(head: dict) -> str:
    return f"{head.get('lane')} priority {head['priority']} age {head['age']} arrival {head['arrival']}"
