"""What an index must hold, out of core's own tables: read by SQL, and by other means than the service's."""

import json
from collections import defaultdict
from dataclasses import dataclass

import psycopg

import search_reading
from world import World

# An item that is never due comes after all others.
NEVER_DUE = 253_402_300_799_999
MESSAGES = 50
_ITEMS = """
    SELECT i.id::text, i.capture_id, i.status, i.due, i.updated_at, i.attributes, c.name, s.name, a.name
    FROM work_item i JOIN tenant t ON t.id = i.tenant
    LEFT JOIN configuration_object c ON c.tenant = t.id AND c.kind = 'category' AND c.id = i.category
    LEFT JOIN configuration_object s ON s.tenant = t.id AND s.kind = 'source' AND s.id = i.source
    LEFT JOIN configuration_object a ON a.tenant = t.id AND a.kind = 'agent' AND a.id = i.assignee
    WHERE t.name = %s
"""
_EMAILS = """
    SELECT e.work_item::text, e.content FROM email e JOIN tenant t ON t.id = e.tenant
    WHERE t.name = %s AND e.work_item IS NOT NULL ORDER BY e.work_item, e.id DESC
"""


@dataclass(frozen=True)
class Expected:
    """An item's document, its lists sorted, and the words that find it."""

    document: dict
    parts: list[search_reading.Part]


def expected(world: World, tenant: str) -> dict[str, Expected]:
    """Every item of a tenant as it is now, by id."""
    with psycopg.connect(world.admin_url) as connection:
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        items = connection.execute(_ITEMS, [tenant]).fetchall()
        emails: defaultdict[str, list[dict]] = defaultdict(list)
        for item, content in connection.execute(_EMAILS, [tenant]):
            emails[item].append(_email(json.loads(content)))
    found: dict[str, Expected] = {}
    for item, capture_id, status, due, updated_at, attributes, category, source, agent in items:
        body = {"captureId": capture_id, "attributes": json.loads(attributes)}
        parts = [part for part in search_reading.parts(body, emails[item][:MESSAGES]) if part[2]]
        document = {
            "id": item, "number": capture_id, "status": status, "source": source or "", "updatedAt": updated_at,
            "category": _levels(category), "due": NEVER_DUE if due is None else due, "dueLast": due or 0,
            **({"assignee": agent} if agent else {}), **_words(parts),
        }  # fmt: skip
        found[item] = Expected(document, parts)
    return found


def _email(content: dict) -> dict:
    return {
        "subject": content.get("subject") or "",
        "text": content.get("text") or "",
        "from": content.get("from"),
        "to": [address for name in ("to", "cc", "bcc") for address in content.get(name) or []],
    }


def _levels(category: str | None) -> list[str]:
    names = category.split("/") if category else []
    return sorted("/".join(names[:count]) for count in range(1, len(names) + 1))


def _words(parts: list[search_reading.Part]) -> dict[str, list[str]]:
    """Words by zone, and the same as words of their fields."""
    zones: defaultdict[str, list[str]] = defaultdict(list)
    for zone, name, found in parts:
        zones[zone].append(" ".join(found))
        if name:
            zones[f"{zone}Named"].append(" ".join(f"{name}:{word}" for word in found))
    return {zone: sorted(lists) for zone, lists in zones.items()}


def plain(document: dict) -> dict:
    """A document of an index in the same shape."""
    return {
        name: sorted(value) if isinstance(value, list) else value for name, value in document.items() if name != "digest"
    }
