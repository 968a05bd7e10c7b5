"""The mart against what it was made of: core's own events, and a recomputation by other means than the service's."""

from pathlib import Path

import psycopg

from mart.content import differences_in_content
from mart_site import Site

RECOMPUTE = Path(__file__).parent / "recompute.sql"

# Positions as the relay placed them.
_EVENTS = """
    SELECT o.position + e.place AS position, e.subject, e.revision, e.kind, e.at
    FROM outbox o JOIN event e ON e.tenant = o.tenant AND e.batch = o.batch JOIN tenant t ON t.id = o.tenant
    WHERE t.name = %s AND o.position IS NOT NULL ORDER BY 1
"""
_FACTS = {
    "workitem": """
        SELECT f.position, f.item AS subject, f.revision, k.name AS kind, (extract(epoch FROM f.at) * 1000)::bigint AS at
        FROM task_event_fact f JOIN dim_event_type k USING (event_type_key)
    """,
    "agent": "SELECT position, NULL::uuid AS subject, revision, 'agent.state' AS kind, (extract(epoch FROM at) * 1000)::bigint AS at"
    " FROM agent_event_fact",
    "email": "SELECT position, email AS subject, revision, NULL AS kind, (extract(epoch FROM at) * 1000)::bigint AS at"
    " FROM email_event_fact",
}


def differences_from_core(mart: Site) -> list[str]:
    """Where the events of the mart and those of core's own table differ; each position once, each as it was."""
    problems = []
    seen: set[int] = set()
    with mart.sql() as connection, connection.transaction():
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        stored = connection.execute("SELECT position FROM projection_progress").fetchone()["position"]
        with psycopg.connect(mart.world.admin_url) as core:
            events = {row[0]: row[1:] for row in core.execute(_EVENTS, [mart.tenant.name]) if row[0] <= stored}
        if sorted(events) != list(range(1, stored + 1)):
            problems.append(f"core's positions have gaps: {len(events)} events up to {stored}")
        for kind, query in _FACTS.items():
            for row in connection.execute(query):
                position, found = row["position"], (row["subject"], row["revision"], row["kind"], row["at"])
                if position in seen:
                    problems.append(f"position {position} is in the mart twice")
                seen.add(position)
                expected = events.get(position)
                if expected is None or not expected[2].startswith(kind + "."):
                    problems.append(f"position {position} is {expected} in core and of kind {kind} in the mart")
                elif any(value is not None and value != other for value, other in zip(found, expected, strict=True)):
                    problems.append(f"position {position} is {expected} in core and {found} in the mart")
    # That items have gone is no step of any.
    missing = sorted(position for position in set(events) - seen if not events[position][2].startswith("workitems."))
    if missing:
        problems.append(f"{len(missing)} events are not in the mart, the first at position {missing[0]}: {events[missing[0]]}")
    return problems


def differences_from_recomputation(mart: Site) -> list[str]:
    """Tables of the mart that are not what a recomputation gives."""
    with mart.sql() as connection, connection.transaction():
        # Nothing is written meanwhile: every write begins with a look at its term.
        connection.execute("LOCK TABLE lease IN EXCLUSIVE MODE")
        connection.execute(RECOMPUTE.read_text())
        rows = connection.execute("SELECT * FROM mismatch WHERE missing <> 0 OR unexpected <> 0").fetchall()
    return [f"{row['table_name']}: {row['missing']} missing, {row['unexpected']} unexpected; {row['example']}" for row in rows]


def assert_complete(mart: Site, seconds: float = 60) -> int:
    """The mart has everything, each once, and every table is what a recomputation gives; the last position."""
    last = mart.catch_up(seconds)
    problems = differences_from_core(mart) + differences_in_content(mart) + differences_from_recomputation(mart)
    assert not problems, "\n".join(problems[:20])
    return last
