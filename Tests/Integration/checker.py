"""The independent checker: what must hold after a run, whatever was killed in it.

It reads PostgreSQL, the reporting feed and the event topic, shares no code with the services, and names every item
that breaks a rule. Run it on a tenant of a running stack, or use `gather` and `check` in a test:

    python Tests/Integration/checker.py --database URL --tenant demo --url http://127.0.0.1:4024 --key KEY \
        --kafka 127.0.0.1:9092
"""

import argparse
import sys
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor

import httpx
import psycopg
import yaml

from checks.capacity import check_capacity
from checks.evidence import Acknowledged, Answered, EventRow, Evidence, ItemRow, Published, Report
from checks.feed import check_feed, check_topic
from checks.lifecycle import check_lifecycle
from checks.picks import check_picks
from checks.submits import check_answers, check_finished, check_submits
from topics import EventReader, Received
from waiting import wait_until

CHECKS = (
    check_submits,
    check_answers,
    check_finished,
    check_lifecycle,
    check_feed,
    check_topic,
    check_capacity,
    check_picks,
)


def check(evidence: Evidence) -> Report:
    """Verifies every property."""
    report = Report()
    for verify in CHECKS:
        verify(evidence, report)
    return report


def gather(
    database: str,
    tenant: str,
    http: httpx.Client,
    *,
    topic: Iterable[Received] | None = None,
    acknowledged: Iterable[Acknowledged] = (),
    answered: Iterable[Answered] = (),
    broker_forgot: bool = False,
    expect_finished: bool = True,
    explain: int | None = 2000,
) -> Evidence:
    """Reads everything there is of a tenant, after its outbox has drained.

    `database` is an administrator's address (row-level security does not apply), `http` has the tenant's admin key,
    `topic` is what was read of the event topic, `explain` bounds how many items' explanations are read (None: all).
    """
    evidence = Evidence(
        topic=of_tenant(topic, tenant),
        acknowledged=list(acknowledged),
        answered=list(answered),
        broker_forgot=broker_forgot,
        expect_finished=expect_finished,
    )
    read_database(database, tenant, evidence)
    evidence.feed = read_feed(http)
    offered = [event["subject"] for event in evidence.item_events if event["data"]["action"] in ("offer", "pull")]
    evidence.explanations = read_explanations(http, evenly(list(dict.fromkeys(offered)), explain))
    return evidence


def evenly(values: list[str], most: int | None) -> list[str]:
    """At most so many of the values, from the first to the last."""
    if most is None or len(values) <= most:
        return values
    return [values[place * len(values) // most] for place in range(most)]


def of_tenant(topic: Iterable[Received] | None, tenant: str) -> list[Published] | None:
    """The tenant's messages of a topic that several tenants share."""
    if topic is None:
        return None
    return [
        Published(message.partition, message.offset, message.event)
        for message in topic
        if message.event is not None and message.event.get("tenant") == tenant
    ]


def read_database(url: str, tenant: str, evidence: Evidence) -> None:
    """Items, events, agents' loads and configurations of a tenant."""
    with psycopg.connect(url) as connection:
        # One snapshot for everything.
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        # Whole tables are read, and after a crash there are no statistics that would tell the planner so.
        connection.execute("SET LOCAL enable_nestloop = off")
        found = connection.execute("SELECT id FROM tenant WHERE name = %s", (tenant,)).fetchone()
        assert found, f"there is no tenant {tenant}"
        (number,) = found
        rows = connection.execute(
            """
            SELECT w.id::text, s.name, w.capture_id, w.status, w.revision, a.name, w.weight, p.name
            FROM work_item w
            LEFT JOIN configuration_object s ON (s.tenant, s.kind, s.id) = (w.tenant, 'source', w.source)
            LEFT JOIN configuration_object a ON (a.tenant, a.kind, a.id) = (w.tenant, 'agent', w.assignee)
            LEFT JOIN configuration_object p ON (p.tenant, p.kind, p.id) = (w.tenant, 'agent', w.preferred_agent)
            WHERE w.tenant = %s
            """,
            (number,),
        )
        evidence.items = {row[0]: ItemRow(*row) for row in rows}
        rows = connection.execute(
            """
            SELECT e.subject::text, e.revision, o.position + e.place
            FROM event e LEFT JOIN outbox o ON (o.tenant, o.batch) = (e.tenant, e.batch)
            WHERE e.tenant = %s AND e.kind LIKE 'workitem.%%'
            """,
            (number,),
        )
        evidence.events = [EventRow(*row) for row in rows]
        rows = connection.execute(
            """
            SELECT o.name, a.load FROM agent a
            JOIN configuration_object o ON (o.tenant, o.kind, o.id) = (a.tenant, 'agent', a.id)
            WHERE a.tenant = %s
            """,
            (number,),
        )
        evidence.loads = dict(rows.fetchall())
        rows = connection.execute("SELECT version, document FROM configuration WHERE tenant = %s", (number,))
        evidence.configurations = {version: yaml.safe_load(document) for version, document in rows}


def read_feed(http: httpx.Client) -> list[dict]:
    """The reporting feed from its beginning to its end."""
    events: list[dict] = []
    after: object = 0
    while True:
        page = http.get("/events", params={"after": after, "limit": 1000}).raise_for_status().json()
        events += page["items"]
        if not page["items"]:
            return events
        after = page["items"][-1]["position"]


def read_explanations(http: httpx.Client, items: list[str]) -> dict[str, list[dict]]:
    """The explanations of these items' offers."""

    def read(item: str) -> list[dict]:
        return http.get(f"/workitems/{item}/explanation").raise_for_status().json()["items"]

    with ThreadPoolExecutor(4) as readers:
        return dict(zip(items, readers.map(read, items), strict=True))


def wait_until_drained(database: str, tenant: str, seconds: float = 30) -> None:
    """Waits until every event of the tenant has its place in the feed and was published."""

    def is_drained() -> bool:
        with psycopg.connect(database) as connection:
            row = connection.execute(
                """
                SELECT r.published >= r.position AND NOT EXISTS (
                    SELECT FROM outbox o WHERE o.tenant = t.id AND o.position IS NULL)
                FROM tenant t LEFT JOIN relay r ON r.tenant = t.id WHERE t.name = %s
                """,
                (tenant,),
            ).fetchone()
        return row is not None and bool(row[0])

    wait_until(is_drained, seconds=seconds, every=0.1, what=f"an empty outbox of {tenant}", forgiving=(psycopg.Error,))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--database", required=True, help="address with an administrator's role")
    parser.add_argument("--tenant", required=True)
    parser.add_argument("--url", required=True, help="an instance of core: http://127.0.0.1:4024")
    parser.add_argument("--key", required=True, help="an API key that may read everything of the tenant")
    parser.add_argument("--kafka", help="bootstrap servers; the event topic is left out without them")
    parser.add_argument("--topic", default="workitems.events")
    parser.add_argument("--broker-forgot", action="store_true", help="the broker lost messages during the run")
    parser.add_argument("--unfinished", action="store_true", help="items may still be open")
    arguments = parser.parse_args()
    wait_until_drained(arguments.database, arguments.tenant)
    reader = EventReader(arguments.kafka, arguments.topic) if arguments.kafka else None
    headers = {"Authorization": f"Bearer {arguments.key}"}
    with httpx.Client(base_url=f"{arguments.url}/iwd/v3", headers=headers, timeout=60) as http:
        evidence = gather(
            arguments.database,
            arguments.tenant,
            http,
            broker_forgot=arguments.broker_forgot,
            expect_finished=not arguments.unfinished,
            explain=None,
        )
        if reader is not None:
            last = evidence.item_events[-1]["id"] if evidence.item_events else None
            if last and not arguments.broker_forgot:
                reader.wait_for(lambda event: event.get("id") == last, seconds=60, what="the feed's last event")
            evidence.topic = of_tenant(reader.received, arguments.tenant)
            reader.close()
    report = check(evidence)
    print(report.text())
    return 1 if report.violations else 0


if __name__ == "__main__":
    sys.exit(main())
