"""The tenant of a fault run: forty agents at three desks, one of them with a limit, rising and falling curves."""

import random

DESKS = {"desk": ["desk"], "back": ["desk", "back"], "vip": ["vip"]}
ALWAYS = {day: ["00:00-24:00"] for day in ("mon", "tue", "wed", "thu", "fri", "sat", "sun")}


def _agents() -> list[dict]:
    agents = []
    for number in range(40):
        kind = ("desk", "back", "back", "vip")[number % 4]
        agents.append(
            {
                "id": f"agent-{number:02}",
                "name": f"Agent {number}",
                "skills": ["java", "sap"] if number % 3 else ["java"],
                "endpoints": DESKS[kind],
                "capacity": 4 + number % 5,
            }
        )
    return agents


CONFIGURATION = {
    "calendars": [{"name": "always", "timeZone": "UTC", "weekly": ALWAYS}],
    "channels": [{"name": "incident"}, {"name": "call", "weight": 2}],
    "schemas": [
        {"name": "standard", "unit": "hours", "sla": 8, "points": [[0, 100], [6, 300], [8, 1000]]},
        {"name": "urgent", "unit": "seconds", "sla": 60, "points": [[0, 200], [5, 300], [60, 5000]]},
        {"name": "fading", "unit": "seconds", "sla": 10, "points": [[0, 250], [4, 900], [4, 600], [30, 50]]},
    ],
    "skills": ["java", "sap"],
    "endpoints": [
        {"name": "desk", "acceptWithin": "2s", "missedOffersUntilNotReady": 3},
        {"name": "back", "acceptWithin": "2s"},
        {"name": "vip", "acceptWithin": "2s", "limit": 30},
    ],
    "categories": [
        {
            "name": "Work",
            "endpoint": "desk",
            "schema": "standard",
            "calendar": "always",
            "preferredAgentFor": "2s",
            "holdPausesSLA": False,
            "children": [
                {"name": "Major", "when": {"all": [{"attribute": "impact", "is": "Major"}]}, "schema": "urgent",
                 "endpoint": "vip"},
                {"name": "SAP", "when": {"all": [{"attribute": "product", "is": "SAP"}]}, "endpoint": "back",
                 "requiredSkills": ["sap"], "holdPausesSLA": True},
                {"name": "Low", "when": {"all": [{"attribute": "impact", "is": "Low"}]}, "schema": "fading"},
            ],
        }
    ],
    "agents": _agents(),
    "sources": [{"name": "vinst", "defaults": {"channel": "incident"}}],
}  # fmt: skip


def body(chance: random.Random) -> dict:
    """What a submit says beside its captureId."""
    attributes: dict[str, object] = {"impact": chance.choice(["Major", "Low", "Medium", "Medium", "Medium", "High", "High"])}
    if chance.random() < 0.3:
        attributes["product"] = "SAP"
    if chance.random() < 0.1:
        attributes["channel"] = "call"
    content: dict[str, object] = {"attributes": attributes}
    if chance.random() < 0.1:
        content["businessValue"] = chance.randrange(100)
    if chance.random() < 0.1:
        content["priority"] = chance.randrange(600)
    return content


def endpoints_of_agents() -> dict[str, list[str]]:
    return {agent["id"]: agent["endpoints"] for agent in CONFIGURATION["agents"]}
