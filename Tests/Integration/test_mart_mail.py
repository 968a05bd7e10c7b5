"""The email report: each of its measures against a scene, and against the reporting feed; and how its events are read by time."""

from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from statistics import mean

import httpx
import pytest

from mail_room import SECRETS_KEY, MailRoom, configuration, key, mailbox
from marts import Mart, a_mart, events
from own_world import own_world
from query_plans import QueryPlans
from stack import Stack
from waiting import wait_until
from world import World

# What the report calls the states.
MEASURES = {
    "received": "received", "draft": "drafted", "awaitingApproval": "awaitingApproval", "queued": "queued", "sent": "sent",
    "delivered": "delivered", "bounced": "bounced", "failed": "failed", "uncertain": "uncertain", "canceled": "canceled",
    "rejected": "rejected",
}  # fmt: skip


@pytest.fixture(scope="module")
def place(stack: Stack) -> Iterator[World]:
    with own_world(stack, "mart-mail") as world:
        world.cores.start(1, SECRETS_KEY=SECRETS_KEY)
        yield world


@pytest.fixture(scope="module")
def mart(place: World) -> Iterator[Mart]:
    document = configuration(mailbox(), mailbox("sales"), category={"approveReplies": True})
    with a_mart(place, document) as mart:
        mart.add().start()
        yield mart


@pytest.fixture(scope="module")
def told(place: World, mart: Mart) -> list[dict]:
    """The messages' events, all of them in the mart.

    Support: three came in; of five answers one is delivered, one bounces, one is refused by the server, one nobody knows of,
    one the supervisor refuses. Sales: one came in; one answer is put off and then called off, one goes out.
    """
    admin = place.http(mart.tenant.admin_key)
    room = MailRoom(admin, place.http(key(admin, ["mail"])), mart.tenant)
    room.agents["anna"] = place.http(key(admin, ["agent"], agent="anna"))
    first, *_ = (outcome["workItemId"] for outcome in room.receive(room.message(), room.message(), room.message()))
    room.assign(first)
    good, bad = (room.reply(first, agent="anna", draft=True) for _ in range(2))
    for draft in (good, bad):
        assert room.agents["anna"].post(f"/emails/{draft['id']}/send").json()["state"] == "awaitingApproval"
    assert admin.post(f"/emails/{good['id']}/approve").json()["state"] == "queued"
    assert admin.post(f"/emails/{bad['id']}/reject").json()["state"] == "rejected"
    bounced, failed, unsure = (room.reply(first) for _ in range(3))
    outcomes = {good["id"]: "sent", bounced["id"]: "sent", failed["id"]: "failed", unsure["id"]: "uncertain"}
    for email in room.claim()["emails"]:
        assert room.settle(email, outcomes.pop(email["id"])).status_code == 200
    assert not outcomes
    for email, action, status in ((good, "delivered", "2.0.0"), (bounced, "failed", "5.1.1")):
        report = {"originalMessageId": email["messageId"],
            "recipients": [{"address": "kim@example.org", "action": action, "status": status}]}  # fmt: skip
        room.receive(room.message(deliveryStatus=report, automatic="null-return-path", **{"from": None}))
    other = room.receive(room.message(), name="sales")[0]["workItemId"]
    put_off = room.reply(other)
    (attempt,) = room.claim("sales")["emails"]
    assert room.settle(attempt, "retry", "sales").json()["state"] == "queued"
    assert admin.post(f"/emails/{put_off['id']}/cancel").json()["state"] == "canceled"
    room.reply(other)
    assert len(room.send("sales")) == 1
    mart.await_all(admin)
    return [event for event in events(admin) if event["type"].startswith("millrace.email.")]


@pytest.fixture(scope="module")
def api(mart: Mart) -> Iterator[httpx.Client]:
    with mart.http() as client:
        yield client


def report(api: httpx.Client, **parameters: object) -> dict:
    return api.get("/reports/email", params=parameters).raise_for_status().json()


def tally(told: list[dict], *members: str) -> dict[tuple[str, ...], Counter[str]]:
    """How many came to be what, by these members, out of the feed alone."""
    found: dict[tuple[str, ...], Counter[str]] = {}
    for data in (event["data"] for event in told):
        if data.get("from") != data["to"] and data["to"] in MEASURES:
            found.setdefault(tuple(data[member] for member in members), Counter())[MEASURES[data["to"]]] += 1
    return found


def until_sent(told: list[dict], box: str) -> list[float]:
    """Seconds from when each message was first queued until it was first sent."""
    first: dict[tuple[str, str], datetime] = {}
    for event in told:
        data = event["data"]
        if data["mailbox"] == box:
            first.setdefault((data["emailId"], data["to"]), datetime.fromisoformat(event["time"]))
    return [(at - first[email, "queued"]).total_seconds() for (email, state), at in first.items() if state == "sent"]


def figures(row: dict) -> Counter[str]:
    return +Counter({name: row[name] for name in MEASURES.values()})


def test_each_measure_is_what_was_done(api: httpx.Client, told: list[dict]) -> None:
    rows = {row["mailbox"]: row for row in report(api)["items"]}
    assert rows.keys() == {"support", "sales"}
    support = {"received": 3, "drafted": 2, "awaitingApproval": 2, "queued": 4, "sent": 2, "delivered": 1, "bounced": 1,
        "failed": 1, "uncertain": 1, "rejected": 1}  # fmt: skip
    seen = figures(rows["support"])
    # Reports of what became of a message may count as messages themselves.
    assert {name: count for name, count in seen.items() if name != "received"} == {
        name: count for name, count in support.items() if name != "received"
    }
    assert seen["received"] >= support["received"]
    assert figures(rows["sales"]) == Counter({"received": 1, "queued": 3, "sent": 1, "canceled": 1})
    for box, row in rows.items():
        assert figures(row) == tally(told, "mailbox")[(box,)], box
        assert row["averageSend"] == pytest.approx(mean(until_sent(told, box)), abs=0.0011), box


def test_messages_are_counted_by_direction_and_time(api: httpx.Client, told: list[dict]) -> None:
    rows = {(row["mailbox"], row["direction"]): figures(row) for row in report(api, by="mailbox,direction")["items"]}
    assert rows == tally(told, "mailbox", "direction")
    assert report(api, direction="in")["totals"]["sent"] == 0
    only = report(api, mailbox="sales")
    assert figures(only["totals"]) == tally(told, "mailbox")[("sales",)]
    course = report(api, by="interval", interval="15m")
    summed = sum((figures(row) for row in course["items"]), Counter())
    assert summed == figures(report(api)["totals"]) == sum(tally(told, "mailbox").values(), Counter())


def test_messages_are_counted_by_the_category_of_their_item(api: httpx.Client, told: list[dict]) -> None:
    answer = report(api, by="category,mailbox")
    rows = {(row["category"], row["mailbox"]): row for row in answer["items"]}
    with_items = [event for event in told if "workItemId" in event["data"]]
    for (box,), expected in tally(with_items, "mailbox").items():
        found = Counter()
        for (_, name), row in rows.items():
            if name == box:
                found += figures(row)
        assert found >= expected
    assert figures(rows["Mail", "sales"]) == tally(told, "mailbox")[("sales",)]
    # How long sending took is known by mailbox and direction only.
    assert "averageSend" not in {column["name"] for column in answer["columns"]}


def test_messages_lead_to_their_items(api: httpx.Client, told: list[dict]) -> None:
    with_items = [event["data"] for event in told if "workItemId" in event["data"]]
    rows = report(api, by="category,mailbox,direction")["items"]
    assert {row["direction"] for row in rows} == {"in", "out"}
    for row in rows:
        if row["category"] != "(none)":
            found = api.get(row["links"]["items"].removeprefix("/iwd/v3")).raise_for_status().json()["items"]
            assert {item["item"] for item in found} == {
                data["workItemId"] for data in with_items
                if (data["mailbox"], data["direction"]) == (row["mailbox"], row["direction"])
            }  # fmt: skip


def test_what_is_read_from_facts_says_from_when_on_they_are_kept(mart: Mart, api: httpx.Client, told: list[dict]) -> None:
    with mart.connect() as connection:
        (day,) = connection.execute(
            "UPDATE projection_progress SET facts_floor = now() - interval '3 days'"
            " RETURNING ((facts_floor AT TIME ZONE 'Europe/Stockholm')::date + 1)::text"
        ).fetchone()
        try:
            asked = {"from": "-7d"}

            def whole_from(name: str, **parameters: str) -> str | None:
                answer = api.get(f"/reports/{name}", params={**asked, **parameters}).raise_for_status().json()
                return answer["asOf"].get("historyFrom")

            assert whole_from("email", by="category") == whole_from("email", by="mailbox", category="Mail") == day
            assert whole_from("task-work-detail") == whole_from("task-work-detail", by="finished") == day
            # Aggregates are kept for longer, and what is open is not purged.
            assert whole_from("email", by="mailbox") is None and whole_from("intraday-process") is None
            assert whole_from("task-work-detail", by="open") is None
            asked["from"] = "-1d"
            assert whole_from("email", by="category") is None
        finally:
            connection.execute("UPDATE projection_progress SET facts_floor = '-infinity'")


@pytest.fixture
def old_events(mart: Mart, told: list[dict]) -> Iterator[int]:
    """Many messages of other days."""
    count = 40_000
    with mart.connect() as connection:
        connection.execute("SELECT ensure_partitions('facts', now() - interval '22 days', now())")
        connection.execute(
            """
            INSERT INTO email_fact (email, revision, mailbox_key, direction, state, automatic, attempts, first_at, last_at,
                first_position, last_position)
            SELECT gen_random_uuid(), 1, 1, 'in', 'received', false, 0, t, t, 1000000000 + n, 1000000000 + n
            FROM generate_series(1, %s) n, LATERAL (SELECT now() - interval '1 day' - n * interval '40 s') a(t)
            """,
            [count],
        )
        connection.execute(
            """
            INSERT INTO email_event_fact (position, at, email, revision, to_state, actor_kind, actor)
            SELECT first_position, first_at, email, 1, 'received', 'system', 'test' FROM email_fact
            WHERE first_position > 1000000000
            """
        )
        connection.execute("ANALYZE email_fact")
        connection.execute("ANALYZE email_event_fact")
        yield count
        connection.execute("DELETE FROM email_event_fact WHERE position > 1000000000")
        connection.execute("DELETE FROM email_fact WHERE first_position > 1000000000")


def test_events_are_found_by_their_time(place: World, mart: Mart, api: httpx.Client, told: list[dict], old_events: int) -> None:
    plans = QueryPlans(place, mart.database)
    (instance,) = mart.instances
    instance.stop()
    instance.start()
    with mart.connect() as connection:
        parts = "SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'email_event_fact'::regclass"
        tables = {row[0].removeprefix("mart.") for row in connection.execute(parts)}
    wait_until(lambda: api.get("/reports/email").status_code == 200, what="the mart", forgiving=(httpx.HTTPError,))
    plans.taken()
    answer = report(api, by="category", **{"from": "-1h"})
    assert answer["totals"]["received"] == sum(count["received"] for count in tally(told, "mailbox").values())
    read = [plan for plan in plans.taken() if any(node.get("Relation Name") in tables for node in plan.nodes)]
    assert read, "no plan was seen"
    found = [scan for plan in read for scan in plan.scans(tables, above=old_events // 10)]
    assert not found, "\n".join(found)
    # The key begins with the position: by the time it is read from end to end.
    by = {node["Index Name"] for plan in read for node in plan.nodes if node.get("Index Name", "").startswith("email_event_fact")}
    assert any("_at_idx" in name for name in by) and not any(name.endswith("_pkey") for name in by), by
