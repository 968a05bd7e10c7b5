"""What the facts of the mart say of each step, against the bodies of core's own events, member by member."""

import json
from datetime import UTC, datetime

import psycopg

from mart_site import Site

_BODIES = """
    SELECT o.position + e.place AS position, e.subject, e.body
    FROM outbox o JOIN event e ON e.tenant = o.tenant AND e.batch = o.batch JOIN tenant t ON t.id = o.tenant
    WHERE t.name = %s AND o.position IS NOT NULL AND e.kind LIKE 'workitem.%%' ORDER BY 1
"""
_STEPS = """
    SELECT f.position, s0.name AS "from", s1.name AS via, s2.name AS "to", s3.name AS "heldFrom", a.agent, c.path AS category,
        q.name AS endpoint, p.name AS "sourceName", h.name AS channel, f.priority, f.age_ms AS age, f.anchor, f.activation, f.due,
        f.deadline, f.weight, f.workbin, f.reason, f.configuration_version AS "configurationVersion", f.actor_kind, f.actor,
        g.name AS segment, r.name AS product
    FROM task_event_fact f
    JOIN dim_status s0 ON s0.status_key = f.from_status_key JOIN dim_status s1 ON s1.status_key = f.via_status_key
    JOIN dim_status s2 ON s2.status_key = f.to_status_key JOIN dim_status s3 ON s3.status_key = f.held_from_status_key
    JOIN dim_agent a USING (agent_key) JOIN dim_category c USING (category_key) JOIN dim_queue q USING (queue_key)
    JOIN dim_capture_point p USING (source_key) JOIN dim_channel h USING (channel_key)
    JOIN dim_segment g USING (segment_key) JOIN dim_product r USING (product_key)
"""
_INSTANTS = ("activation", "due", "deadline")
_SAME = ("from", "via", "to", "heldFrom", "agent", "category", "endpoint", "sourceName", "channel", "priority", "anchor",
    "weight", "workbin", "reason", "configurationVersion")  # fmt: skip


def differences_in_content(mart: Site) -> list[str]:
    """Steps of which the mart says something else than core does."""
    with psycopg.connect(mart.world.admin_url) as connection:
        bodies = connection.execute(_BODIES, [mart.tenant.name]).fetchall()
    with mart.sql() as connection, connection.transaction():
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        # Agents whose presence ends are set offline at any time.
        stored = connection.execute("SELECT position FROM projection_progress").fetchone()["position"]
        steps = {row["position"]: row for row in connection.execute(_STEPS)}
    problems = []
    # Segment and product are told when an item is new or changes; in between it keeps them.
    kept: dict[object, dict[str, str | None]] = {}
    # Core has taken these out of what it tells of erased items; the mart keeps them, for its totals.
    erased = {subject for _, subject, text in bodies if json.loads(text)["action"] == "erase"}
    for position, subject, text in (body for body in bodies if body[0] <= stored):
        body = json.loads(text)
        attributes = body.get("attributes")
        if attributes is not None and subject not in erased:
            kept[subject] = {name: _text(attributes.get(name)) for name in ("segment", "product")}
        step = steps.get(position)
        if step is None:
            problems.append(f"position {position} is not in the mart")
            continue
        expected = {name: body.get(name) for name in _SAME} | kept.get(subject, {})
        expected |= {"actor_kind": body["actor"]["kind"], "actor": body["actor"]["id"]}
        expected |= {name: _instant(body.get(name)) for name in _INSTANTS}
        expected["age"] = None if body.get("age") is None else round(body["age"] * 1000)
        if subject in erased:
            # Of an item that became another customer's core keeps the reasons since; the mart keeps none from before.
            del expected["reason"]
        for name, value in expected.items():
            found = None if step[name] in ("(none)", "") else step[name]
            if found != value:
                problems.append(f"position {position}: {name} is {value!r} in core and {found!r} in the mart")
    return problems


def _instant(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text).astimezone(UTC)


def _text(value: object) -> str | None:
    """An attribute as the name of a dimension's row."""
    if value is None or value == "" or value == []:
        return None
    if isinstance(value, list):
        return ", ".join(_text(each) or "" for each in value)
    return value if isinstance(value, str) else json.dumps(value)
