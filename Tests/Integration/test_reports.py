"""Reports of the data mart: their figures against counts made from the reporting feed alone, and how they are asked for."""

import csv
import io
import json
import os
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path
from zoneinfo import ZoneInfo

import httpx
import psycopg
import psycopg.rows
import pytest

from contracts import OpenAPI, look_up, references
from desks import Floor, ahead, desk, desks
from feed_tally import Deed, Tally
from marts import ZONE, Mart, a_mart, events
from own_world import own_world
from stack import Stack
from waiting import wait_until
from world import World

FORMULA = '=HYPERLINK("http://example.org")'
# A combining accent makes one character of itself and the comma or quote before it, to some.
ACCENTED = ['x"\u0301,=HYPERLINK("http://example.org")', "a,\u0301b", "=\u03011+1"]


@pytest.fixture(scope="module")
def place(stack: Stack) -> Iterator[World]:
    with own_world(stack, "reports") as world:
        yield world


@pytest.fixture(scope="module")
def mart(place: World) -> Iterator[Mart]:
    part = {"is": "north"}
    configuration = desks(
        desk("north", {"anna": {"capacity": 20}, "bert": {"capacity": 20}}, children=[
            {"name": "Major", "when": {"all": [{"attribute": "impact", "is": "Major"}]}, "children": [
                {"name": "Severe", "when": {"all": [{"attribute": "severe", "is": True}]}},
            ]},
            {"name": "Minor", "when": {"all": [{"attribute": "impact", "is": "Minor"}, {"attribute": "desk", **part}]}},
        ]),
        desk("south", {"cleo": {"capacity": 20}}),
    )  # fmt: skip
    with a_mart(place, configuration, attributes={"segment": "segment"}, slaTargets=[
        {"category": "north", "percent": 80, "from": "2020-01-01"},
        {"category": "north", "percent": 95, "from": str(datetime.now(ZoneInfo(ZONE)).date())},
        {"category": "north/Major", "percent": 99, "from": "2020-01-01"},
    ]) as mart:  # fmt: skip
        mart.add().start()
        yield mart


@pytest.fixture(scope="module")
def floor(place: World, mart: Mart) -> Floor:
    return Floor(place, mart.tenant)


@pytest.fixture(scope="module")
def tally(floor: Floor, mart: Mart) -> Tally:
    """A day's work, all of it in the mart."""
    kinds = [("Major", True, "Gold"), ("Major", False, "Gold"), ("Minor", False, "Silver"), ("None", False, FORMULA),
             ("Major", False, "Silver"), ("Minor", False, "Gold")]  # fmt: skip
    north = [floor.submit("north", attributes={"impact": impact, "severe": severe, "segment": segment}, due=ahead(3600))
             for impact, severe, segment in kinds]  # fmt: skip
    late = floor.submit("north", attributes={"impact": "Minor"}, due=ahead(0.2))
    south = [floor.submit("south", source=source, attributes={"segment": segment})
             for source, segment in zip(("vinst", "web", "web"), ACCENTED, strict=True)]  # fmt: skip
    aside = floor.submit("north", attributes={"impact": "Minor"})
    # Overdue before it has begun.
    floor.submit("south", activation=ahead(86_400), due=ahead(0.2))
    wait_until(lambda: datetime.now(timezone.utc) > datetime.fromisoformat(late["due"]), what="the due date")
    floor.ready("north-anna", "north-bert")
    for item in [*north[:4], late]:
        floor.do(item, "assign", agent="north-anna")
        floor.do(item, "complete", result={"code": 1})
    floor.do(north[0], "restart")
    floor.do(north[4], "hold", reason="waits")
    floor.do(north[5], "assign", agent="north-bert")
    floor.do(north[5], "transfer", endpoint="south")
    # Bert had it last; nobody did when it ended.
    floor.do(aside, "assign", agent="north-bert")
    floor.do(aside, "hold", reason="waits")
    floor.do(aside, "complete")
    floor.ready("south-cleo")
    floor.answer(floor.offered("south-cleo", south[0]), "accept")
    floor.do(south[0], "complete")
    floor.answer(floor.offered("south-cleo", south[1]), "decline")
    floor.do(south[2], "cancel", reason="not needed")
    floor.away("north-anna", "north-bert", "south-cleo")
    mart.await_all(floor.http)
    return Tally(events(floor.http))


@pytest.fixture(scope="module")
def named(mart: Mart) -> Counter[str]:
    """Agents' names, once they are copied."""
    with mart.connect() as connection:
        query = "SELECT display_name FROM dim_agent WHERE display_name IS NOT NULL"
        names = lambda: Counter(row[0] for row in connection.execute(query))  # noqa: E731
        return wait_until(lambda: len(found := names()) == 3 and found, seconds=30, what="agents' names")


@pytest.fixture(scope="module")
def api(mart: Mart) -> Iterator[httpx.Client]:
    with mart.http() as client:
        yield client


def report(api: httpx.Client, name: str, **parameters: object) -> dict:
    """All pages of a report as one."""
    first = answer = api.get(f"/reports/{name}", params=parameters).raise_for_status().json()
    rows = answer["items"]
    while answer["next"]:
        again = {**parameters, "cursor": answer["next"]}
        answer = api.get(f"/reports/{name}", params=again).raise_for_status().json()
        rows += answer["items"]
    return {**first, "items": rows}


def figures(answer: dict, member: str, measure: str) -> Counter[str]:
    """A measure by a member, without those that have none of it."""
    return +Counter({row[member]: row[measure] for row in answer["items"]})


def top(deed: Deed) -> str:
    return deed.category.split("/")[0]


# Figures

MEASURES = ["entered", "offered", "accepted", "given", "declined", "held", "transferred", "reopened", "completed", "canceled"]


@pytest.mark.parametrize(
    ("by", "member"),
    [("category", top), ("queue", lambda deed: deed.queue), ("source", lambda deed: deed.source),
     ("agent", lambda deed: deed.agent or "(none)")],
    ids=["category", "queue", "source", "agent"],
)  # fmt: skip
def test_intraday_process_counts_what_the_feed_tells(
    api: httpx.Client, tally: Tally, by: str, member: Callable[[Deed], str]
) -> None:
    answer = report(api, "intraday-process", by=by)
    for measure in MEASURES:
        assert figures(answer, by, measure) == tally.by(measure, member), measure
        assert answer["totals"][measure] == tally.count(measure), measure
    assert answer["totals"]["finishedOverdue"] == tally.count("late") == 1
    assert answer["totals"]["withinSla"] == pytest.approx(100 * tally.count("met") / tally.count("dated"), abs=0.001)
    for measure, of in [("averageWait", "wait"), ("averageHandle", "handled"), ("averageFinish", "finish")]:
        assert answer["totals"][measure] == pytest.approx(tally.mean(of), abs=0.0011), measure


def test_backlog_runs_from_interval_to_interval_and_ends_with_the_live_table(
    api: httpx.Client, tally: Tally, floor: Floor
) -> None:
    answer = report(api, "intraday-process", by="interval", interval="15m")
    backlog = 0
    for row in answer["items"]:
        assert row["opening"] == backlog
        backlog = row["backlog"]
    live = floor.http.get("/queues").raise_for_status().json()["items"]
    waiting = sum(row["depth"] + row["offered"] + row["assigned"] + row["held"] + row["parked"] for row in live)
    assert backlog == answer["totals"]["backlog"] == tally.open == waiting
    by_queue = figures(report(api, "intraday-process", by="queue"), "queue", "backlog")
    assert by_queue == +Counter({
        name: sum(row["depth"] + row["offered"] + row["assigned"] + row["held"] + row["parked"]
                  for row in live if row.get("endpoint") == name) for name in ("north", "south")
    })  # fmt: skip


def test_what_has_not_begun_is_neither_open_nor_overdue(
    api: httpx.Client, tally: Tally, mart: Mart, floor: Floor
) -> None:
    with mart.connect() as connection:
        passed = "SELECT sum(change) FROM backlog_15m WHERE overdue AND status_key = 1"
        wait_until(lambda: connection.execute(passed).fetchone() == (1,), what="the due date of what has not begun")
    live = floor.http.get("/queues").raise_for_status().json()["items"]
    for name in ("intraday-process", "task-age"):
        totals = report(api, name)["totals"]
        assert totals["overdue"] == sum(row["overdue"] for row in live) == 0, name
        assert totals.get("open", totals.get("backlog")) == tally.open
    opened = report(api, "task-work-detail", by="open")["items"]
    assert len(opened) == tally.open and "new" not in {row["status"] for row in opened}
    (upcoming,) = report(api, "task-work-detail", by="open", status="new")["items"]
    assert upcoming["status"] == "new"
    # As deploy/datamart/measures.md has it, in each interval and in all of them.
    answer = report(api, "intraday-process", by="interval", interval="15m")
    before = 0
    for row in answer["items"]:
        came = row["opening"] + before + row["entered"] + row["reopened"]
        assert came - row["completed"] - row["canceled"] - row["rejected"] == row["backlog"] + row["upcoming"], row
        before = row["upcoming"]
    totals = answer["totals"]
    assert (totals["backlog"], totals["upcoming"]) == (tally.open, 1)
    with mart.connect() as connection:
        pending = "SELECT count(*) FROM task_fact WHERE NOT is_final AND status_key <> 1"
        assert connection.execute(pending).fetchone() == (tally.open,)


def test_segments_are_held_against_their_targets(api: httpx.Client, tally: Tally) -> None:
    answer = report(api, "customer-segment-service-level")
    assert figures(answer, "segment", "entered") == tally.by("entered", lambda deed: deed.segment)
    assert figures(answer, "segment", "met") == tally.by("met", lambda deed: deed.segment)
    deep = report(api, "customer-segment-service-level", by="category", category="north")
    assert {row["category"]: row["target"] for row in deep["items"]} == {
        "north": 95, "north/Major": 99, "north/Minor": 95,
    }  # fmt: skip
    assert "target" not in [column["name"] for column in answer["columns"]]


@pytest.fixture
def yesterday(mart: Mart, tally: Tally, named: Counter[str]) -> Iterator[None]:
    """What north did the day before: 3 of 4 items in time, all by anna, who was of the team Day until midnight."""
    with mart.connect() as connection:
        day = {"day": datetime.now(ZoneInfo(ZONE)).date() - timedelta(days=1), "zone": ZONE}
        kept = connection.execute("SELECT * FROM dim_agent_history").fetchall()
        anna = "(SELECT agent_key FROM dim_agent WHERE agent = 'north-anna')"
        connection.execute(
            """
            INSERT INTO agg_segment_day (day, zone_key, category_key, segment_key, product_key, channel_key, media_type_key,
                business_value_key, completed, sla_eligible, sla_met)
            SELECT %(day)s, 1, category_key, 0, 0, 0, 1, 0, 4, 4, 3 FROM dim_category WHERE path = 'north'
            """, day,
        )
        connection.execute(
            f"""
            INSERT INTO agg_day (day, zone_key, category_key, queue_key, agent_key, source_key, completed)
            SELECT %(day)s, 1, category_key, 0, {anna}, 0, 4 FROM dim_category WHERE path = 'north'
            """, day,
        )
        connection.execute(f"DELETE FROM dim_agent_history WHERE agent_key = {anna}")
        connection.execute(
            f"""
            INSERT INTO dim_agent_history (agent_key, valid_from, valid_to, display_name, team)
            VALUES ({anna}, '2020-01-01', (%(day)s::date + 1)::timestamp AT TIME ZONE %(zone)s, 'Ann', 'Day'),
                ({anna}, (%(day)s::date + 1)::timestamp AT TIME ZONE %(zone)s, NULL, 'anna', 'Night')
            """, day,
        )
        yield
        for table in ("agg_segment_day", "agg_day"):
            connection.execute(f"DELETE FROM {table} WHERE day = %(day)s AND zone_key = 1", day)
        connection.execute("TRUNCATE dim_agent_history")
        with connection.cursor() as cursor:
            cursor.executemany("INSERT INTO dim_agent_history VALUES (%s, %s, %s, %s, %s)", kept)


def test_each_interval_is_held_against_the_target_of_its_own_time(api: httpx.Client, tally: Tally, yesterday: None) -> None:
    two_days = {"from": "yesterday", "to": "tomorrow"}
    by_day = report(api, "customer-segment-service-level", by="interval,category", interval="day", **two_days)
    found = {(row["interval"][:10], row["category"]): row for row in by_day["items"]}
    today = datetime.now(ZoneInfo(ZONE)).date()
    assert found[str(today - timedelta(days=1)), "north"]["target"] == 80
    assert found[str(today), "north"]["target"] == 95
    # Both together: each item was to reach the target of its day.
    whole = report(api, "customer-segment-service-level", by="category", **two_days)
    north = next(row for row in whole["items"] if row["category"] == "north")
    dated = tally.count("dated", lambda deed: top(deed) == "north")
    assert north["dated"] == dated + 4
    assert north["target"] == pytest.approx((4 * 80 + dated * 95) / (4 + dated), abs=0.001)
    met = tally.count("met", lambda deed: top(deed) == "north")
    assert north["withinSla"] == pytest.approx(100 * (3 + met) / (4 + dated), abs=0.001)


def test_teams_are_those_of_the_time(api: httpx.Client, tally: Tally, yesterday: None) -> None:
    two_days = {"from": "yesterday", "to": "tomorrow"}
    mine = tally.count("completed", lambda deed: deed.agent == "north-anna")
    assert mine
    teams = figures(report(api, "resource-performance", by="team", **two_days), "team", "completed")
    others = tally.count("completed", lambda deed: bool(deed.agent)) - mine
    assert teams == +Counter({"Day": 4, "Night": mine, "(none)": others})
    for team, count in (("Day", 4), ("Night", mine)):
        only = report(api, "resource-performance", team=team, **two_days)
        assert figures(only, "agent", "completed") == Counter({"north-anna": count}), team
    course = report(api, "resource-performance", by="interval,team", interval="day", **two_days)
    assert [row["team"] for row in course["items"] if row["completed"] and row["team"] != "(none)"] == ["Day", "Night"]
    # All that is known of single assignments is of today.
    assert report(api, "task-work-detail", team="Day", **two_days)["items"] == []
    night = report(api, "task-work-detail", team="Night", **two_days)["items"]
    assert night and {(row["agent"], row["name"]) for row in night} == {("north-anna", "anna")}
    finished = report(api, "task-work-detail", by="finished", team="Night", **two_days)["items"]
    assert len(finished) == len({row["item"] for row in finished}) and {row["agent"] for row in finished} == {"north-anna"}
    # In rows by agent the name is the one at the end.
    before = report(api, "resource-performance", **{"from": "yesterday", "to": "today"})["items"]
    assert [(row["agent"], row["name"], row["completed"]) for row in before] == [("north-anna", "Ann", 4)]
    assert api.get("/reports/resource-performance", params={"team": "Nobody's"}).status_code == 400


def test_capture_points_show_how_long_work_took(api: httpx.Client, tally: Tally) -> None:
    for row in report(api, "capture-point-duration")["items"]:
        def here(deed: Deed, source: str = row["source"]) -> bool:
            return deed.source == source
        assert row["entered"] == tally.count("entered", here)
        assert row["completed"] == tally.count("completed", here)
        for measure, of in [("averageWait", "wait"), ("averageHandle", "handled"), ("averageFinish", "finish")]:
            mean = tally.mean(of, here)
            assert row[measure] == (None if mean is None else pytest.approx(mean, abs=0.0011)), measure


def test_resources_are_agents_and_nobody_else(api: httpx.Client, tally: Tally) -> None:
    answer = report(api, "resource-performance")
    for measure in ("offered", "accepted", "given", "declined", "transferred", "completed"):
        mine = tally.by(measure, lambda deed: deed.agent)
        assert figures(answer, "agent", measure) == Counter({name: count for name, count in mine.items() if name}), measure
    anna = next(row for row in answer["items"] if row["agent"] == "north-anna")
    assert 0 <= anna["busyTime"] and 0 <= anna["occupancy"] <= 100
    # Busy time is not known by queue.
    assert "occupancy" not in report(api, "resource-performance", by="agent,queue")["items"][0]
    teams = report(api, "resource-performance", by="team")
    assert teams["totals"]["completed"] == answer["totals"]["completed"]


def test_priorities_age_and_email_are_counted(api: httpx.Client, tally: Tally) -> None:
    priorities = report(api, "queue-priority-range")
    assert figures(report(api, "queue-priority-range", by="queue"), "queue", "offered") == tally.by(
        "offered", lambda deed: deed.queue
    )
    assert priorities["totals"]["completed"] == tally.count("completed")
    ages = report(api, "task-age")
    assert ages["totals"]["open"] == tally.open
    assert ages["totals"]["completed"] == tally.count("completed")
    assert [row["ageBand"] for row in ages["items"]] == ["under 15 min"]
    statuses = figures(report(api, "task-age", by="status"), "status", "open")
    assert statuses["held"] == 1
    assert sum(statuses.values()) == tally.open
    assert report(api, "email")["items"] == []


@pytest.mark.parametrize("name", ["email", "resource-performance", "customer-segment-service-level", "queue-priority-range"])
def test_a_course_over_time_has_no_holes(api: httpx.Client, tally: Tally, name: str) -> None:
    """Days on which nothing was are shown as such."""
    rows = report(api, name, by="interval", interval="day", **{"from": "-5d", "to": "now"})["items"]
    days = [datetime.fromisoformat(row["interval"]).date() for row in rows]
    assert len(days) == 6 or name == "email" and not days
    assert days == [days[0] + timedelta(days=number) for number in range(len(days))]


def test_what_is_purged_is_told_where_it_matters(api: httpx.Client, mart: Mart, tally: Tally) -> None:
    """The 15-minute tables begin a day ago, the facts and the day tables a week ago."""
    whole = "SELECT intraday_floor::text, history_floor::text, facts_floor::text FROM projection_progress"
    with mart.connect() as connection:
        before = connection.execute(whole).fetchone()
        connection.execute(
            "UPDATE projection_progress SET intraday_floor = date_trunc('day', now()) - interval '1 day',"
            " history_floor = current_date - 7, facts_floor = now() - interval '7 days'"
        )
        try:
            # Nobody has asked for hours.
            answer = report(api, "intraday-process", **{"from": "-4d", "to": "-3d"})
            assert answer["interval"] == "day"
            hours = {"from": "-4d", "to": "-3d", "by": "interval", "interval": "hour"}
            refused = api.get("/reports/intraday-process", params=hours)
            assert refused.status_code == 400 and "reach back to" in refused.text
            assert "historyFrom" in report(api, "task-work-detail", by="item", **{"from": "-9d"})["asOf"]
            # What is open is not purged.
            assert report(api, "task-work-detail", by="open", **{"from": "-9d"})["asOf"].get("historyFrom") is None
            text = api.get("/reports/capture-point-duration", params={"format": "csv", "from": "-9d"}).text
            assert all(row["historyFrom"] for row in csv.DictReader(io.StringIO(text)))
        finally:
            connection.execute(
                "UPDATE projection_progress SET intraday_floor = %s::timestamptz, history_floor = %s::date,"
                " facts_floor = %s::timestamptz", before
            )


def test_all_reports_agree_about_what_entered(api: httpx.Client, tally: Tally) -> None:
    entered = {
        (name, zone): report(api, name, timeZone=zone)["totals"]["entered"]
        for name in ("intraday-process", "customer-segment-service-level", "capture-point-duration")
        for zone in (ZONE, "UTC", "Asia/Kathmandu")
    }
    expected = {zone: tally.count("entered", lambda deed, z=zone: is_today(deed, z)) for _, zone in entered}
    assert {key: expected[key[1]] for key in entered} == entered


def is_today(deed: Deed, zone: str) -> bool:
    return deed.at.astimezone(ZoneInfo(zone)).date() == datetime.now(ZoneInfo(zone)).date()


# Drilling down


def test_every_category_leads_down_to_its_items(api: httpx.Client, tally: Tally) -> None:
    def follow(address: str) -> dict:
        assert address.startswith("/iwd/v3/reports/")
        return api.get(address.removeprefix("/iwd/v3")).raise_for_status().json()

    seen: list[str] = []

    def descend(answer: dict, within: str) -> None:
        for row in answer["items"]:
            name = row["category"]
            assert name == within or name.startswith(f"{within}/") or not within
            if "down" in row["links"] and name != within:
                deeper = follow(row["links"]["down"])
                for measure in ("entered", "completed", "backlog"):
                    assert deeper["totals"][measure] == row[measure], f"{measure} of {name}"
                descend(deeper, name)
            for link, measure in [("items", "entered"), ("open", "backlog")]:
                items = follow(row["links"][link])["items"]
                assert len(items) == row[measure], f"{link} of {name} in {within or 'all'}"
                # A category's row among its parts is what is directly in it.
                below = f"{name}/" if name != within else name
                assert all(item["category"] == name or item["category"].startswith(below) for item in items)
            seen.append(name)

    for row in report(api, "task-age", by="ageBand,category", depth=10)["items"]:
        # What ended and was opened again has not ended.
        ended = len(follow(row["links"]["finished"])["items"])
        opened = follow(row["links"]["open"])["items"]
        assert len(opened) == row["open"] and ended <= row["completed"] + row["canceled"], row
        for address in (row["links"]["open"], row["links"]["finished"]):
            young = address.replace("under+15+min", "1+to+4+h").replace("under%2015%20min", "1%20to%204%20h")
            assert young != address and follow(young)["items"] == []
    descend(report(api, "intraday-process", by="category"), "")
    assert {"north", "north/Major", "north/Major/Severe", "north/Minor", "south"} <= set(seen)
    assert seen.count("north") == seen.count("north/Major") == 2


@pytest.mark.parametrize("asked", [{"depth": 2}, {"category": "north", "depth": 0}, {"category": "north", "depth": 2}], ids=str)
def test_rows_of_any_depth_lead_to_their_items(api: httpx.Client, tally: Tally, asked: dict) -> None:
    answer = report(api, "intraday-process", by="category", **asked)
    assert "north" in {row["category"] for row in answer["items"]}
    for row in answer["items"]:
        items = api.get(row["links"]["items"].removeprefix("/iwd/v3")).raise_for_status().json()["items"]
        assert len(items) == row["entered"], row["category"]


@pytest.mark.parametrize(
    ("name", "by"),
    [
        ("intraday-process", "category,queue"), ("intraday-process", "category,agent"),
        ("intraday-process", "category,queue,source,agent"), ("customer-segment-service-level", "segment,category"),
        ("customer-segment-service-level", "channel,mediaType,businessValue,category"),
        ("capture-point-duration", "source,category"), ("capture-point-duration", "source,agent,category"),
        ("resource-performance", "agent,category"), ("resource-performance", "team,category"),
        ("resource-performance", "category"), ("queue-priority-range", "queue,priority,category"),
        ("task-age", "ageBand,category,queue"), ("task-age", "status,category"),
    ],
)  # fmt: skip
def test_links_lead_to_as_many_as_their_rows_count(api: httpx.Client, tally: Tally, name: str, by: str) -> None:
    rows = report(api, name, by=by, depth=10)["items"]
    assert rows
    seen: Counter[str] = Counter()
    reopened = 0
    for row in rows:
        assert "category" in row and row["links"]
        for link, address in row["links"].items():
            if link == "down":
                continue
            listed = report(api, "task-work-detail", **dict(httpx.URL(address).params))["items"]
            seen[link] += len(listed)
            if link == "finished":
                # What ended and was opened again has not ended.
                ended = sum(row.get(measure, 0) for measure in ("completed", "canceled", "rejected"))
                assert len(listed) <= ended, row
                reopened += ended - len(listed)
            elif link == "assignments":
                assert len(listed) == row["offered"] + row["pulled"] + row["given"], row
            elif link == "items":
                assert len(listed) == row["entered"], row
            else:
                counted = row.get("backlog", row.get("open"))
                assert counted is None or len(listed) == counted, row
    counted = {measure: sum(row.get(measure, 0) for row in rows) for measure in ("entered", "offered", "pulled", "given")}
    assert seen["items"] == counted["entered"]
    assert seen["assignments"] in (0, counted["offered"] + counted["pulled"] + counted["given"])
    if name in ("resource-performance", "queue-priority-range"):
        assert seen["assignments"]
    if "completed" in rows[0] and "finished" in rows[0]["links"]:
        assert seen["finished"] and reopened == tally.count("reopened") == 1


def test_who_ended_an_item_is_not_who_had_it_last(api: httpx.Client, tally: Tally) -> None:
    def finished(**only: str) -> list[dict]:
        return report(api, "task-work-detail", by="finished", **only)["items"]

    (aside,) = finished(agent="(none)", category="north")
    assert (aside["status"], aside["agent"], aside["category"]) == ("completed", None, "north/Minor")
    assert aside["item"] not in {row["item"] for row in finished(agent="north-bert")}
    assert aside["item"] in {row["item"] for row in report(api, "task-work-detail", by="item", agent="north-bert")["items"]}
    assert aside["item"] not in {row["item"] for row in finished(team="(none)")}
    whole = finished()
    assert {row["item"] for row in finished(agent="north-anna")} == {
        row["item"] for row in whole if row["agent"] == "north-anna"
    }  # fmt: skip


def test_what_entered_is_found_by_what_it_was_then(api: httpx.Client, tally: Tally) -> None:
    def found(by: str, **only: str) -> set[str]:
        return {row["item"] for row in report(api, "task-work-detail", by=by, **only)["items"]}

    # One was handed on from north to south.
    assert found("entered", queue="north") > found("item", queue="north")
    assert found("entered", queue="south") < found("item", queue="south")
    assert found("entered") == found("item") == found("entered", agent="(none)")
    assert found("entered", agent="north-anna") == set() != found("item", agent="north-anna")
    assert found("entered", status="new") == found("item", status="new") != set()


def test_items_and_assignments_are_listed_with_their_measures(
    api: httpx.Client, tally: Tally, floor: Floor, mart: Mart
) -> None:
    items = report(api, "task-work-detail", by="item", category="north", limit=2)["items"]
    assert {row["item"] for row in items} == tally.ids(lambda category, _: category.split("/")[0] == "north")
    assert [row["at"] for row in items] == sorted(row["at"] for row in items)
    done = next(row for row in items if row["status"] == "completed")
    assert floor.http.get(done["links"]["item"].removeprefix("/iwd/v3")).json()["captureId"] == done["captureId"]
    assignments = report(api, "task-work-detail", limit=3)["items"]
    assert len(assignments) == tally.count("offered") + tally.count("given") + tally.count("pulled")
    assert len({(row["item"], row["number"]) for row in assignments}) == len(assignments)
    declined = [row for row in assignments if row["endedBy"] == "decline"]
    assert [row["agent"] for row in declined] == ["south-cleo"] * tally.count("declined")
    finished = report(api, "task-work-detail", by="finished", status="canceled")["items"]
    assert len(finished) == tally.count("canceled")


# How they are asked for


def test_pages_hold_what_the_whole_holds(api: httpx.Client, tally: Tally) -> None:
    for name, parameters in [
        ("intraday-process", {"by": "category,queue,agent", "depth": 3}), ("task-work-detail", {"by": "item"}),
        ("task-age", {"by": "status,queue"}), ("intraday-process", {"by": "interval,category", "interval": "15m"}),
    ]:  # fmt: skip
        whole = report(api, name, **parameters)
        paged = report(api, name, **parameters, limit=1)
        assert paged["items"] == whole["items"], name
        assert paged.get("totals") == whole.get("totals"), name


def test_a_cursor_is_good_for_its_own_report_only(api: httpx.Client, tally: Tally) -> None:
    cursor = api.get("/reports/intraday-process", params={"by": "queue", "limit": 1}).json()["next"]
    assert cursor
    for name, parameters in [("intraday-process", {"by": "source"}), ("capture-point-duration", {"by": "queue"}),
                             ("intraday-process", {"by": "queue", "category": "north"})]:  # fmt: skip
        assert api.get(f"/reports/{name}", params={**parameters, "cursor": cursor}).status_code == 400


def test_csv_is_safe_in_a_spreadsheet_and_names_the_zone(api: httpx.Client, tally: Tally) -> None:
    answer = api.get("/reports/customer-segment-service-level", params={"format": "csv", "limit": 2})
    assert answer.headers["content-type"].startswith("text/csv")
    assert "customer-segment-service-level_" in answer.headers["content-disposition"]
    text = answer.text
    while "link" in answer.headers:
        address = re.fullmatch(r'<(.*)>; rel="next"', answer.headers["link"])[1]
        answer = api.get(address.removeprefix("/iwd/v3")).raise_for_status()
        text += answer.text.split("\r\n", 1)[1]
    rows = list(csv.DictReader(io.StringIO(text)))
    assert {row["segment"] for row in rows} == {
        "Gold", "Silver", "(none)", "'" + FORMULA, *ACCENTED[:2], "'" + ACCENTED[2],
    }  # fmt: skip
    assert {row["timeZone"] for row in rows} == {ZONE}
    assert {row["historyFrom"] for row in rows} == {""}
    assert sum(int(row["entered"]) for row in rows) == tally.count("entered")


def test_agents_names_are_for_supervisors(floor: Floor, mart: Mart, tally: Tally) -> None:
    key = floor.http.post("/keys", json={"name": "reads", "roles": ["reader"]}).json()["key"]
    with mart.http(key) as reader:
        rows = report(reader, "resource-performance")["items"]
        assert rows and all(re.fullmatch(r"agent \d+", row["agent"]) for row in rows)
        details = report(reader, "task-work-detail")["items"]
        assert details and all(row["agent"] is None or re.fullmatch(r"agent \d+", row["agent"]) for row in details)
        assert not [row for row in rows + details if "name" in row]
        for name in ("resource-performance", "task-work-detail", "intraday-process"):
            assert reader.get(f"/reports/{name}", params={"agent": "north-anna"}).status_code == 403
    source = mart.tenant.source_key
    with mart.http(source) as stranger:
        assert stranger.get("/reports").status_code == 403
        assert stranger.get("/datamart/jobs").status_code == 403
    with mart.http("mr_" + "a" * 43) as nobody:
        assert nobody.get("/reports").status_code == 401


def test_agents_are_shown_with_their_names(
    api: httpx.Client, tally: Tally, mart: Mart, place: World, named: Counter[str]
) -> None:
    answer = report(api, "resource-performance", by="agent,queue")
    assert {row["agent"]: row["name"] for row in answer["items"]} == {
        "north-anna": "anna", "north-bert": "bert", "south-cleo": "cleo",
    }  # fmt: skip
    assert [column["name"] for column in answer["columns"]][:3] == ["agent", "name", "queue"]
    assert answer["totals"]["name"] is None
    assert answer["totals"]["completed"] == tally.count("completed", lambda deed: bool(deed.agent))
    # The id stays what one asks by.
    only = report(api, "task-work-detail", agent="south-cleo")["items"]
    assert only and {row["name"] for row in only} == {"cleo"}
    nobody = report(api, "intraday-process", by="agent")["items"]
    assert [row["name"] for row in nobody if row["agent"] == "(none)"] == [None]
    assert "name" not in report(api, "resource-performance", by="queue")["items"][0]
    text = api.get("/reports/resource-performance", params={"format": "csv"}).text
    assert {row["agent"]: row["name"] for row in csv.DictReader(io.StringIO(text))}["north-anna"] == "anna"
    base = ["--url", f"{mart.instances[0].url}/iwd/v3", "--key", mart.tenant.admin_key]
    assert re.search(r"^north-anna\s+anna\s+\d", place.run("report", "resource-performance", *base).stdout, re.MULTILINE)


@pytest.mark.parametrize(
    ("parameters", "where"),
    [
        ({"from": "soon"}, "from"), ({"from": "2026-13-01"}, "from"), ({"to": "-1"}, "to"),
        ({"from": "tomorrow", "to": "today"}, "from"), ({"by": "colour"}, "by"), ({"by": ""}, "by"),
        ({"by": "queue,queue"}, "by"), ({"by": "queue", "interval": "hour"}, "interval"), ({"interval": "5m"}, "interval"),
        ({"timeZone": "Mars/Olympus"}, "timeZone"), ({"timeZone": "'; DROP SCHEMA mart"}, "timeZone"),
        ({"category": "north/Nothing"}, "category"), ({"queue": "nowhere"}, "queue"), ({"segment": "Gold"}, "segment"),
        ({"limit": "0"}, "limit"), ({"cursor": "abc"}, "cursor"), ({"format": "xlsx"}, "format"), ({"depth": "11"}, "depth"),
        ({"from": "2020-01-01", "by": "interval", "interval": "15m"}, "interval"), ({"from": "1990-01-01"}, "from"),
        ({"form": "today"}, "form"),
    ],
    ids=str,
)  # fmt: skip
def test_what_cannot_be_answered_is_refused_with_its_place(
    api: httpx.Client, tally: Tally, parameters: dict, where: str
) -> None:
    answer = api.get("/reports/intraday-process", params=parameters)
    assert answer.status_code == 400, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert [error["path"] for error in answer.json()["errors"]] == [where]


def test_an_unknown_report_is_told_with_those_that_there_are(api: httpx.Client) -> None:
    answer = api.get("/reports/nothing")
    assert answer.status_code == 404
    names = [row["name"] for row in api.get("/reports").json()["items"]]
    assert len(names) == 8
    assert all(name in answer.json()["detail"] for name in names)


# SQL, as the page for BI users has it

PAGE = Path(__file__).resolve().parents[2] / "deploy/datamart/sql-for-bi.md"
EXAMPLES = re.findall(r"^## ([^\n]+)\n\n```sql\n(.*?)```", PAGE.read_text(), re.MULTILINE | re.DOTALL)


def ask(mart: Mart, statement: str) -> list[dict]:
    """What the role of BI tools is answered."""
    with mart.connect() as connection:
        connection.execute("SET ROLE millrace_bi")
        return connection.cursor(row_factory=psycopg.rows.dict_row).execute(statement).fetchall()


@pytest.mark.parametrize(("title", "statement"), EXAMPLES, ids=[title for title, _ in EXAMPLES])
def test_examples_for_bi_users_work(mart: Mart, tally: Tally, title: str, statement: str) -> None:
    rows = ask(mart, statement)
    assert rows or title.startswith("Email"), title
    entered = sum(row["entered"] for row in rows if "entered" in row)
    assert not entered or entered == tally.count("entered"), title
    if "backlog" in title:
        assert rows[-1]["open"] == tally.open


def test_the_role_of_bi_tools_may_only_read(mart: Mart, tally: Tally) -> None:
    for statement in ("DELETE FROM agg_15m", "UPDATE dim_agent SET agent = 'x'", "CREATE TABLE mine ()"):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            ask(mart, statement)


# Jobs


def test_the_job_view_tells_what_ran(api: httpx.Client, mart: Mart, tally: Tally) -> None:
    runs = wait_until(
        lambda: [run for run in api.get("/datamart/jobs").raise_for_status().json()["items"] if run["outcome"] == "succeeded"],
        what="a job that has ended",
    )
    assert all(datetime.fromisoformat(run["startedAt"]) > datetime.now(timezone.utc) - timedelta(hours=1) for run in runs)
    one = runs[0]["job"]
    only = api.get("/datamart/jobs", params={"job": one, "outcome": "succeeded", "limit": 1}).json()
    assert [run["job"] for run in only["items"]] == [one]


def test_metrics_tell_what_the_job_view_tells(api: httpx.Client, mart: Mart, tally: Tally) -> None:
    (instance,) = mart.instances

    def metric(name: str, **labels: str) -> float:
        return instance.metric(name, tenant=mart.tenant.name, **labels) or 0

    def runs(job: str) -> list[dict]:
        return api.get("/datamart/jobs", params={"job": job}).raise_for_status().json()["items"]

    def seconds(time: str) -> float:
        return datetime.fromisoformat(time).timestamp()

    # A job that is not begun again for hours.
    (run,) = wait_until(lambda: [run for run in runs("partitions") if run["endedAt"]], what="partitions to be made")
    counted = lambda: metric("datamart_job_runs_total", job="partitions", outcome="succeeded")  # noqa: E731
    wait_until(lambda: counted() == 1, what="the run to be counted")
    assert metric("datamart_job_active", job="partitions") == 0
    assert metric("datamart_job_duration_seconds_count", job="partitions") == 1
    assert metric("datamart_job_rows_total", job="partitions") == run["rowsWritten"]
    assert abs(metric("datamart_job_last_start_seconds", job="partitions") - seconds(run["startedAt"])) < 0.01
    assert abs(metric("datamart_job_last_success_seconds", job="partitions") - seconds(run["endedAt"])) < 0.01
    # The projection's run goes on for as long as its term, and counts all that it applied in it.
    (run,) = runs("projection")
    assert run["outcome"] == "running" and metric("datamart_job_active", job="projection") == 1
    applied = metric("projection_applied_events_total", projection="mart")
    wait_until(lambda: metric("datamart_job_rows_total", job="projection") == applied > 0, what="all rows to be counted")
    with mart.connect() as connection:
        (known,) = connection.execute("SELECT count(*) FROM dim_category WHERE category_key > 0").fetchone()
    assert metric("datamart_dimension_rows_total", job="projection") >= known > 0
    wait_until(lambda: metric("datamart_pending_events") == 0, what="nothing that waits")


# The terminal


def test_the_command_shows_tables_with_charts(place: World, mart: Mart, api: httpx.Client, tally: Tally) -> None:
    base = ["--url", f"{mart.instances[0].url}/iwd/v3", "--key", mart.tenant.admin_key]
    table = place.run("report", "intraday-process", "--by", "category", *base).stdout
    assert "Intraday process" in table and ZONE in table
    entered = tally.by("entered", top)
    for name, count in entered.items():
        assert re.search(rf"^{name}\s+{count}\b.*█", table, re.MULTILINE), table
    assert re.search(rf"^total\s+{tally.count('entered')}\b", table, re.MULTILINE), table
    over_time = place.run("report", "intraday-process", "--from", "-1h", "--interval", "15m", *base).stdout
    assert re.search(r"^entered\s+[▁-█ ]+\s+at most \d+", over_time, re.MULTILINE), over_time
    document = json.loads(place.run("report", "task-age", "--json", *base).stdout)
    assert document["totals"]["open"] == tally.open
    rows = list(csv.DictReader(io.StringIO(place.run("report", "capture-point-duration", "--csv", *base).stdout)))
    assert sum(int(row["entered"]) for row in rows) == tally.count("entered")
    assert "task-work-detail" in place.run("report", *base).stdout
    nameless = place.run("report", "--csv", "--from", "today", *base, check=False)
    assert nameless.returncode == 64 and "Name the report" in nameless.stderr
    refused = place.run("report", "intraday-process", "--by", "colour", *base, check=False)
    assert refused.returncode == 65 and "by: must be one or several of" in refused.stderr


@pytest.fixture
def many(mart: Mart, tally: Tally) -> Iterator[int]:
    """More items than a page holds, of a day on which nothing else was; what is final and did not end is not cleared away."""
    with mart.connect() as connection:
        connection.execute(
            """
            INSERT INTO task_fact SELECT r.* FROM task_fact t, generate_series(1, 5100) n, LATERAL jsonb_populate_record(t,
                jsonb_build_object('item', gen_random_uuid(), 'entered_at', timestamptz '2001-01-01 12:00Z' + n * interval '1 s',
                    'finished_at', NULL)) r
            WHERE t.item = (SELECT item FROM task_fact WHERE is_final LIMIT 1)
            """
        )
        yield 5100
        connection.execute("DELETE FROM task_fact WHERE entered_at < '2002-01-01'")


def test_the_command_writes_every_page_or_says_that_there_are_more(place: World, mart: Mart, many: int) -> None:
    def run(*arguments: str) -> subprocess.CompletedProcess:
        period = ["--by", "item", "--from", "2001-01-01", "--to", "2001-01-02"]
        base = ["--url", f"{mart.instances[0].url}/iwd/v3", "--key", mart.tenant.admin_key]
        return place.run("report", "task-work-detail", *period, *arguments, *base)

    whole = run("--csv")
    rows = list(csv.DictReader(io.StringIO(whole.stdout)))
    assert len(rows) == len({row["item"] for row in rows}) == many and "there are more" not in whole.stderr
    part = run("--csv", "--limit", "5050")
    assert list(csv.DictReader(io.StringIO(part.stdout))) == rows[:5050]
    assert "5050 rows shown, there are more" in part.stderr
    document = json.loads(run("--json").stdout)
    assert len(document["items"]) == many and document["next"] is None
    some = run("--json", "--limit", "20")
    assert len(json.loads(some.stdout)["items"]) == 20 and json.loads(some.stdout)["next"]
    assert "20 rows shown, there are more" in some.stderr
    assert "\n20 rows shown, there are more" in run("--limit", "20").stdout
    assert "there are more" not in run("--limit", str(many)).stdout


# The document


@pytest.fixture(scope="module")
def document(mart: Mart) -> dict:
    return httpx.get(f"{mart.instances[0].url}/iwd/v3/datamart/openapi.json").raise_for_status().json()


def test_answers_keep_to_the_document(document: dict, mart: Mart, tally: Tally) -> None:
    for reference in references(document):
        look_up(document, reference)
    with mart.http() as client:
        watched = OpenAPI(document).watch(client)
        for row in watched.get("/reports").json()["items"]:
            for by in row["by"]:
                assert watched.get(f"/reports/{row['name']}", params={"by": by}).status_code == 200
        assert watched.get("/datamart/jobs").status_code == 200
        assert watched.get("/reports/nothing").status_code == 404


@pytest.mark.timeout(120)
def test_schemathesis_finds_nothing_in_the_reports(mart: Mart, tally: Tally, tmp_path: Path) -> None:
    instance = mart.instances[0]
    hooks = Path(__file__).parent / "schemathesis_hooks.py"
    environment = {
        **os.environ, "SCHEMATHESIS_HOOKS": hooks.stem, "PYTHONPATH": str(hooks.parent), "MILLRACE_KNOWN": "{}",
    }  # fmt: skip
    result = subprocess.run(
        [Path(sys.executable).parent / "schemathesis", "--config-file", hooks.with_suffix(".toml"), "run",
         f"{instance.url}/iwd/v3/datamart/openapi.json", "--header", f"Authorization: Bearer {mart.tenant.admin_key}",
         "--max-time", "20", "--seed", "1", "--no-color"],
        cwd=tmp_path, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=100,
    )  # fmt: skip
    assert re.search(r"[1-9]\d+ generated", result.stdout), result.stdout[-5000:]
    assert result.returncode == 0, result.stdout[-20_000:]
    assert not [line for line in instance.log_text.splitlines() if "request failed" in line]
