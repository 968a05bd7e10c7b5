"""What the facts of the mart say, against the bodies of core's own events, member by member."""

import json
from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime

import psycopg

from mart_site import Site

_BODIES = """
    SELECT o.position + e.place AS position, e.subject, e.kind, e.body
    FROM outbox o JOIN event e ON e.tenant = o.tenant AND e.batch = o.batch JOIN tenant t ON t.id = o.tenant
    WHERE t.name = %s AND o.position IS NOT NULL ORDER BY 1
"""
_STEPS = """
    SELECT f.position, s0.name AS "from", s1.name AS via, s2.name AS "to", s3.name AS "heldFrom", a.agent, c.path AS category,
        q.name AS endpoint, p.name AS "sourceName", h.name AS channel, f.priority, f.age_ms AS age, f.anchor, f.activation, f.due,
        f.deadline, f.weight, f.workbin, f.reason, f.configuration_version AS "configurationVersion", f.actor_kind, f.actor,
        g.name AS segment, r.name AS product, m.name AS media_type, f.business_value_key AS value_band, z.name AS result
    FROM task_event_fact f
    JOIN dim_status s0 ON s0.status_key = f.from_status_key JOIN dim_status s1 ON s1.status_key = f.via_status_key
    JOIN dim_status s2 ON s2.status_key = f.to_status_key JOIN dim_status s3 ON s3.status_key = f.held_from_status_key
    JOIN dim_agent a USING (agent_key) JOIN dim_category c USING (category_key) JOIN dim_queue q USING (queue_key)
    JOIN dim_capture_point p USING (source_key) JOIN dim_channel h USING (channel_key)
    JOIN dim_segment g USING (segment_key) JOIN dim_product r USING (product_key) JOIN dim_media_type m USING (media_type_key)
    JOIN dim_result_code z USING (result_code_key)
"""
_SLOTS = range(1, 21)
_ITEMS = f"""
    SELECT t.item, t.capture_id, t.business_value, t.erased, c.name AS customer, t.customer_key,
        {", ".join(f"t.custom_{n}, d{n}.attribute AS attribute_{n}, d{n}.value AS value_{n}" for n in _SLOTS)}
    FROM task_fact t JOIN dim_customer c USING (customer_key)
        {" ".join(f"LEFT JOIN dim_custom d{n} ON d{n}.custom_key = t.custom_{n}" for n in _SLOTS)}
"""
_EMAILS = """
    SELECT f.email, f.item, m.name AS mailbox, f.direction, f.state AS "to", f.automatic, f.attempts
    FROM email_fact f JOIN dim_mailbox m USING (mailbox_key)
"""
_EMAIL_STEPS = """
    SELECT position, email, from_state AS "from", to_state AS "to", actor_kind, actor, attempt, reason FROM email_event_fact
"""
_AGENT_STEPS = """
    SELECT f.position, a.agent, f.from_state AS "from", f.to_state AS "to", f.actor_kind, f.actor, f.reason
    FROM agent_event_fact f JOIN dim_agent a USING (agent_key)
"""
_INSTANTS = ("activation", "due", "deadline")
_SAME = ("from", "via", "to", "heldFrom", "agent", "category", "endpoint", "sourceName", "channel", "priority", "anchor",
    "weight", "workbin", "reason", "configurationVersion")  # fmt: skip
_VALUE_BANDS = (0, 10, 100, 1000, 10_000, 100_000)


class Told:
    """Core's own events up to a position, and what the tenant's configuration says of attributes."""

    def __init__(self, mart: Site, stored: int) -> None:
        with psycopg.connect(mart.world.admin_url) as connection:
            found = connection.execute(_BODIES, [mart.tenant.name]).fetchall()
        events = [(position, subject, kind, json.loads(body)) for position, subject, kind, body in found if position <= stored]
        self.steps = [(position, item, body) for position, item, kind, body in events if kind.startswith("workitem.")]
        self.emails = [(position, email, body) for position, email, kind, body in events if kind.startswith("email.")]
        self.agents = [(position, body) for position, _, kind, body in events if kind == "agent.state"]
        # Core has taken these out of what it tells of erased items; the mart keeps them, for its totals.
        self.erased = {str(item) for _, item, body in self.steps if body["action"] == "erase"}
        for _, _, kind, body in events:
            if kind == "workitems.erase":
                self.erased |= set(body.get("workItemIds", [])) | set(body.get("formerWorkItemIds", []))
        section = mart.http.get("/configuration").json()["datamart"]
        names = section.get("attributes") or {}
        self.mapped = {name: names.get(name) or name for name in ("customer", "segment", "product")}
        self.media_type = names.get("mediaType")
        self.custom: list[str] = section.get("custom") or []


def differences_in_content(mart: Site) -> list[str]:
    """Rows of which the mart says something else than core does."""
    with mart.sql() as connection, connection.transaction():
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        # Agents whose presence ends are set offline at any time.
        stored = connection.execute("SELECT position FROM projection_progress").fetchone()["position"]
        rows = {query: connection.execute(query).fetchall() for query in (_STEPS, _ITEMS, _EMAILS, _EMAIL_STEPS, _AGENT_STEPS)}
    told = Told(mart, stored)
    problems = list(_steps(told, {row["position"]: row for row in rows[_STEPS]}))
    problems += _items(told, {str(row["item"]): row for row in rows[_ITEMS]})
    problems += _email_steps(told, {row["position"]: row for row in rows[_EMAIL_STEPS]})
    problems += _emails(told, {str(row["email"]): row for row in rows[_EMAILS]})
    return problems + list(_agent_steps(told, {row["position"]: row for row in rows[_AGENT_STEPS]}))


def _steps(told: Told, found: dict[int, dict]) -> Iterator[str]:
    # What an item says is told when it is new or changes; in between it keeps it.
    kept: dict[object, dict[str, object]] = {}
    for position, item, body in told.steps:
        attributes, is_erased = body.get("attributes"), str(item) in told.erased
        if attributes is not None and not is_erased:
            kept[item] = {name: _text(attributes.get(told.mapped[name])) for name in ("segment", "product")}
            kept[item]["value_band"] = _band(body.get("businessValue"))
            kept[item]["media_type"] = _media_type(told, body, attributes)
        expected = {name: body.get(name) for name in _SAME} | kept.get(item, {})
        expected |= {"actor_kind": body["actor"]["kind"], "actor": body["actor"]["id"], "result": _code(body.get("result"))}
        expected |= {name: _instant(body.get(name)) for name in _INSTANTS}
        expected["age"] = None if body.get("age") is None else round(body["age"] * 1000)
        if is_erased:
            # Of an item that became another customer's core keeps the reasons since; the mart keeps none from before.
            del expected["reason"], expected["result"]
        yield from _differences(f"position {position}", expected, found.get(position))


def _items(told: Told, found: dict[str, dict]) -> Iterator[str]:
    """Whose an item is, its custom attributes, and its source's number: what the steps in the mart do not repeat."""
    expected: dict[str, dict[str, object]] = defaultdict(dict)
    for _, subject, body in told.steps:
        item = str(subject)
        expected[item]["capture_id"] = body["captureId"]
        attributes = body.get("attributes")
        if body["action"] == "erase" and not attributes:
            expected[item] |= {"erased": True, "customer": "(erased)"}
            # Whether there was anything to erase core has forgotten.
            for slot in _SLOTS:
                expected[item].pop(f"custom_{slot}", None)
        elif attributes is not None:
            expected[item]["customer"] = _text(attributes.get(told.mapped["customer"]))
            expected[item]["business_value"] = body.get("businessValue")
            for slot, name in enumerate(told.custom, 1):
                expected[item][f"custom_{slot}"] = _text(attributes.get(name))
    for item, members in expected.items():
        row = found.get(item)
        if row is not None:
            if item in told.erased and not members.get("erased"):
                # Of what has gone from core, or became another customer's, only what is known since.
                members = {name: value for name, value in members.items() if name == "customer" and row["customer_key"] > 0}
            elif not members.get("erased"):
                members["erased"] = False
            for slot in range(len(told.custom) + 1, 21):
                members[f"custom_{slot}"] = None
            row = row | {f"custom_{slot}": _custom(told, row, slot) for slot in _SLOTS}
        yield from _differences(f"item {item}", members, row)


def _custom(told: Told, row: dict, slot: int) -> object:
    """The value in a slot; what is not the attribute's that the slot is for shows as a difference."""
    if not row[f"custom_{slot}"]:
        return None
    attribute, value = row[f"attribute_{slot}"], row[f"value_{slot}"]
    return value if slot <= len(told.custom) and attribute in (told.custom[slot - 1], "") else f"{attribute}: {value}"


def _email_steps(told: Told, found: dict[int, dict]) -> Iterator[str]:
    for position, email, body in told.emails:
        expected = {name: body.get(name) for name in ("from", "to", "attempt", "reason")}
        expected |= {"email": email, "actor_kind": body["actor"]["kind"], "actor": body["actor"]["id"]}
        if body.get("workItemId") in told.erased:
            del expected["reason"]
        yield from _differences(f"position {position}", expected, found.get(position))


def _emails(told: Told, found: dict[str, dict]) -> Iterator[str]:
    """A message as its last step told of it."""
    last: dict[str, dict[str, object]] = {}
    for _, email, body in told.emails:
        attempts = last.get(str(email), {}).get("attempts", 0)
        last[str(email)] = {name: body.get(name) for name in ("mailbox", "direction", "to")} | {
            "item": body.get("workItemId"), "automatic": body.get("automatic", False), "attempts": body.get("attempt", attempts),
        }  # fmt: skip
    for email, expected in last.items():
        row = found.get(email)
        yield from _differences(f"message {email}", expected, row and row | {"item": row["item"] and str(row["item"])})


def _agent_steps(told: Told, found: dict[int, dict]) -> Iterator[str]:
    for position, body in told.agents:
        expected = {name: body.get(name) for name in ("agent", "from", "to", "reason")}
        expected |= {"actor_kind": body["actor"]["kind"], "actor": body["actor"]["id"]}
        yield from _differences(f"position {position}", expected, found.get(position))


def _differences(what: str, expected: dict[str, object], found: dict | None) -> Iterator[str]:
    if found is None:
        yield f"{what} is not in the mart"
        return
    for name, value in expected.items():
        there = None if found[name] in ("(none)", "") else found[name]
        if there != value:
            yield f"{what}: {name} is {value!r} in core and {there!r} in the mart"


def _instant(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text).astimezone(UTC)


def _band(value: float | None) -> int:
    return 0 if value is None else 1 + sum(value >= bound for bound in _VALUE_BANDS)


def _media_type(told: Told, body: dict, attributes: dict) -> str | None:
    if told.media_type and (named := _text(attributes.get(told.media_type))):
        return named
    return "email" if "email" in (body.get("channel"), body.get("sourceName")) else "workitem"


def _code(result: object) -> str | None:
    """A result that is a short text, or has a code that is one."""
    if result is None:
        return None
    code = result if isinstance(result, str) else result.get("code") if isinstance(result, dict) else None
    text = _text(code)
    return text if text and len(text.encode()) <= 64 else "(other)"


def _text(value: object) -> str | None:
    """An attribute as the name of a dimension's row."""
    if value is None or value == "" or value == [] or isinstance(value, dict):
        return None
    if isinstance(value, list):
        return ", ".join(_text(each) or "" for each in value)
    if not isinstance(value, str):
        return json.dumps(value)
    return value[:200] if len(value.encode()) > 200 else value
