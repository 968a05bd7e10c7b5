"""Worlds with settings of their own, for one file of tests."""

from collections.abc import Iterator
from contextlib import contextmanager

from stack import Stack
from world import World


@contextmanager
def own_world(stack: Stack, name: str) -> Iterator[World]:
    """A world whose logs stay with the stack's other logs. Its instances are for the caller to start."""
    folder = stack.folder / "log" / "integration" / name
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("*.log"):
        old.unlink()
    world = World(stack, folder)
    try:
        yield world
    finally:
        world.close()


def day_and_night(**rest: object) -> dict:
    """A small configuration that is open day and night; `rest` replaces sections of it."""
    return {
        "calendars": [{"name": "always", "always": True}],
        "schemas": [
            {"name": "standard", "unit": "hours", "sla": 8, "points": [[0, 100], [8, 1000], [24, 1500]]},
            {"name": "fading", "unit": "minutes", "sla": 10, "points": [[0, 500], [1, 900], [2, 50]]},
        ],
        "skills": ["java"],
        "groups": ["night"],
        "endpoints": [
            {"name": "desk", "acceptWithin": "30s", "missedOffersUntilNotReady": 3},
            {"name": "experts", "limit": 5},
        ],
        "categories": [
            {
                "name": "Incidents",
                "when": {"all": [{"attribute": "channel", "is": "incident"}]},
                "endpoint": "desk",
                "schema": "standard",
                "calendar": "always",
                "children": [
                    {
                        "name": "Major",
                        "when": {"any": [{"attribute": "impact", "in": ["Major", "High"]}]},
                        "endpoint": "experts",
                        "requiredSkills": ["java"],
                    },
                    {
                        "name": "Idle",
                        "when": {"any": [{"attribute": "impact", "is": "Idle"}]},
                        "endpoint": "experts",
                        "requiredSkills": ["java"],
                        "schema": "fading",
                    },
                ],
            }
        ],
        "agents": [
            {"id": "anna", "name": "Anna", "skills": ["java"], "endpoints": ["desk", "experts"], "capacity": 3},
            {"id": "bert", "name": "Bert", "endpoints": ["desk"], "capacity": 1, "groups": ["night"]},
            {"id": "cleo", "name": "Cleo", "subject": "cleo@example.org", "endpoints": ["desk"], "capacity": 2},
        ],
        "sources": [{"name": "vinst", "defaults": {"channel": "incident"}}, {"name": "web", "defaults": {"channel": "incident"}}],
        **rest,
    }
