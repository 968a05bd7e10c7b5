"""What is in the mart: every table as a recomputation gives it, names from directories, erased customers, jobs, and the check."""

import secrets
from collections.abc import Iterator

import httpx
import psycopg
import pytest
from psycopg import sql

from mart.check import assert_complete
from mart_site import Site
from mart_site import site as new_site
from marts import make_database
from own_world import day_and_night, own_world
from stack import Stack, with_database
from waiting import wait_until
from world import World


@pytest.fixture(scope="module")
def place(stack: Stack) -> Iterator[World]:
    with own_world(stack, "mart-contents") as world:
        yield world


@pytest.fixture(scope="module")
def site(place: World) -> Iterator[Site]:
    """A tenant with a mart in three zones and custom attributes."""
    section = {
        "timeZones": ["UTC", "Asia/Kathmandu"],
        "custom": ["impact", "country"],
        "slaTargets": [{"category": "Incidents", "percent": 95, "from": "2026-01-01"}],
    }
    with new_site(place, **section) as found:
        found.start(1)
        yield found


def act(site: Site, item: dict, action: str, **body: object) -> None:
    answer = site.http.post(f"/workitems/{item['id']}/{action}", json=body)
    assert answer.status_code == 200, f"{action}: {answer.text}"


def rows(site: Site, query: str, *values: object) -> list[dict]:
    with site.sql() as connection:
        return connection.execute(query, values or None).fetchall()


def test_every_table_is_what_a_recomputation_gives(site: Site) -> None:
    """Items that are held, given to agents, handed on, completed, called off, restarted and erased."""
    items = site.submit(6, impact="Low", segment="gold", product="A", country="SE")
    items += site.submit(4, impact="High", segment="silver", customer="Ann")
    site.submit(2, channel="unknown to every category")
    for item in items[:4]:
        act(site, item, "hold", reason="waits")
    for item in items[:3]:
        act(site, item, "resume")
    for item in items[1:3]:
        act(site, item, "assign", agent="anna")
    act(site, items[1], "transfer", endpoint="experts", reason="knows more")
    for item in (items[2], items[3]):
        act(site, item, "complete", result="solved")
    act(site, items[4], "cancel")
    act(site, items[2], "restart")
    act(site, items[2], "complete", result={"code": "sold"})
    last = assert_complete(site)
    measures = ("entered", "completed", "reopened", "held", "transferred", "canceled")
    sums = ", ".join(f"sum({measure}) AS {measure}" for measure in measures)
    found = rows(site, f"SELECT {sums} FROM agg_day WHERE zone_key = 1")[0]
    assert found["entered"] >= 12 and found["completed"] == 3 and found["reopened"] == 1
    assert found["held"] == 4 and found["transferred"] == 1 and found["canceled"] == 1
    # Each zone has the same events on days of its own.
    zones = rows(site, "SELECT name, sum(entered) AS entered FROM agg_day JOIN dim_time_zone USING (zone_key) GROUP BY 1")
    assert {zone["name"] for zone in zones} == {"Europe/Stockholm", "UTC", "Asia/Kathmandu"}
    assert {zone["entered"] for zone in zones} == {found["entered"]}
    codes = rows(site, "SELECT DISTINCT name FROM task_fact JOIN dim_result_code USING (result_code_key) WHERE is_final")
    assert {row["name"] for row in codes} >= {"sold", "solved"}
    assert last > 20


def test_partitions_are_made_beside_those_who_read(site: Site) -> None:
    """Nobody waits for a report that reads long, and no report ends because partitions are made."""
    with site.sql() as reader, site.sql() as maker, reader.transaction():
        tables = [row["table_name"] for row in reader.execute("SELECT table_name FROM partitioned_table").fetchall()]
        assert len(tables) > 3
        for table in tables:
            reader.execute(sql.SQL("SELECT FROM {} LIMIT 1").format(sql.Identifier(table)))
        maker.execute("SET lock_timeout = '2s'")
        with maker.transaction(force_rollback=True):
            for kind in ("facts", "intraday", "history"):
                made = maker.execute("SELECT ensure_partitions(%s, '2099-03-01', '2099-03-01') AS made", [kind]).fetchone()
                assert made and made["made"] >= 1
            # Read in the other order while the maker's transaction is open.
            reader.execute("SET lock_timeout = '2s'")
            for table in reversed(tables):
                reader.execute(sql.SQL("SELECT FROM {} LIMIT 1").format(sql.Identifier(table)))



def test_configurations_are_dimensions(site: Site) -> None:
    category = rows(site, "SELECT * FROM dim_category WHERE path = 'Incidents/Major'")[0]
    assert (category["level_1"], category["level_2"], category["name"], category["depth"]) == ("Incidents", "Major", "Major", 2)
    assert category["valid_to"] is None
    target = rows(site, "SELECT percent, valid_from::text, valid_to FROM sla_target WHERE category = 'Incidents'")
    assert target == [{"percent": 95.0, "valid_from": "2026-01-01", "valid_to": None}]
    skills = rows(site, "SELECT c.path, s.name FROM category_skill JOIN dim_category c USING (category_key)"
        " JOIN dim_skill s USING (skill_key)")  # fmt: skip
    assert {"path": "Incidents/Major", "name": "java"} in skills
    customs = {(row["attribute"], row["value"]) for row in rows(site, "SELECT attribute, value FROM dim_custom WHERE slot > 0")}
    assert customs >= {("impact", "Low"), ("impact", "High"), ("country", "SE")}


def test_a_category_that_is_gone_ends_and_its_past_stays(site: Site) -> None:
    document = site.http.get("/configuration").json()
    children = document["categories"][0]["children"]
    for child in children:
        if child["name"] == "Idle":
            child["name"] = "Asleep"
    assert site.http.put("/configuration", json=document).status_code == 200

    def told() -> bool:
        found = {row["path"]: row["valid_to"] for row in rows(site, "SELECT path, valid_to FROM dim_category")}
        return found.get("Incidents/Idle") is not None and "Incidents/Asleep" in found and found["Incidents/Asleep"] is None

    wait_until(told, seconds=30, what="the validity of the renamed category")


def test_agents_have_names_teams_and_skills_from_the_configuration(site: Site) -> None:
    def told() -> dict[str, dict]:
        found = {row["agent"]: row for row in rows(site, "SELECT * FROM dim_agent WHERE copied_at IS NOT NULL")}
        return found if {"anna", "bert", "cleo"} <= found.keys() else {}

    agents = wait_until(told, seconds=30, what="agents out of the directory")
    assert agents["anna"]["display_name"] == "Anna" and agents["anna"]["team"] is None
    assert agents["bert"]["team"] == "night"
    groups = rows(site, "SELECT group_name, valid_to FROM dim_agent_group JOIN dim_agent USING (agent_key) WHERE agent = 'bert'")
    assert groups == [{"group_name": "night", "valid_to": None}]
    skills = rows(site, "SELECT agent, name FROM agent_skill JOIN dim_agent USING (agent_key) JOIN dim_skill USING (skill_key)")
    assert skills == [{"agent": "anna", "name": "java"}]


def test_an_erased_customer_is_nowhere_and_no_total_changes(site: Site) -> None:
    name = f"Customer {secrets.token_hex(6)}"
    item = site.submit(1, impact="Low", customer=name, country=f"land of {name}")[0]
    act(site, item, "hold", reason=f"{name} asked")
    site.catch_up()
    totals = "SELECT sum(entered) AS entered, sum(held) AS held, (SELECT count(*) FROM task_fact) AS items FROM agg_segment_day"
    before = rows(site, totals)
    assert rows(site, "SELECT 1 FROM dim_customer WHERE name = %s", name)
    assert site.http.post("/customers/erase", json={"customer": name}).json() == {"erasedWorkItems": 1}
    site.catch_up()
    assert rows(site, totals) == before
    assert not rows(site, "SELECT 1 FROM dim_customer WHERE name = %s", name)
    assert not rows(site, "SELECT 1 FROM task_event_fact WHERE reason LIKE %s", f"%{name}%")
    fact = rows(site, "SELECT erased, customer_key, capture_id FROM task_fact WHERE item = %s", item["id"])[0]
    assert fact == {"erased": True, "customer_key": -1, "capture_id": f"erased:{item['id']}"}


@pytest.fixture(scope="module")
def aged(place: World) -> Iterator[Site]:
    """A tenant whose items and events go."""
    with new_site(place, custom=["country"]) as found:
        found.start(1)
        yield found


def test_a_customer_is_erased_after_core_has_forgotten_the_items(aged: Site) -> None:
    """The mart keeps facts longer than core keeps items and events."""
    name, other = f"Customer {secrets.token_hex(6)}", f"Customer {secrets.token_hex(6)}"
    owners = (name, other, name)
    item, others, former = (aged.submit(1, impact="Low", customer=who, country=f"land of {who}")[0] for who in owners)
    act(aged, item, "hold", reason=f"{name} asked")
    act(aged, former, "hold", reason=f"{name} asked")
    patched = aged.http.patch(f"/workitems/{former['id']}", json={"attributes": {"customer": other}}, headers={"If-Match": "*"})
    assert patched.status_code == 200
    ids = [each["id"] for each in (item, others, former)]
    for each in (item, others, former):
        act(aged, each, "complete")
    aged.catch_up()
    totals = """SELECT (SELECT sum(entered) FROM agg_segment_day) AS entered, (SELECT sum(held) FROM agg_segment_day) AS held,
        (SELECT count(*) FROM task_fact) AS items, (SELECT count(*) FROM task_event_fact) AS steps"""
    by_category = """SELECT category_key, queue_key, source_key, status_key, count(*) FROM task_fact
        GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4"""
    before = rows(aged, totals) + rows(aged, by_category)
    with psycopg.connect(aged.world.admin_url, autocommit=True) as core:
        long_ago = "extract(epoch FROM now() - interval '%s days')::bigint * 1000"
        tenant = core.execute("SELECT id FROM tenant WHERE name = %s", [aged.tenant.name]).fetchone()[0]
        # Past is what was before the items went, too, as an instance wrote it that knew of no last customers.
        core.execute(f"UPDATE past_customer SET at = {long_ago % 200}, is_last = NULL WHERE tenant = %s", [tenant])
        core.execute("UPDATE work_item SET completed_at = 1 WHERE id = ANY(%s::uuid[])", [ids])

        def restarted() -> None:
            aged.core.stop()
            aged.core.start()

        restarted()
        left = "SELECT (SELECT count(*) FROM {}) FROM tenant LIMIT 1"
        gone = "work_item WHERE id = ANY(%s::uuid[])"
        wait_until(lambda: core.execute(left.format(gone), [ids]).fetchone() == (0,), seconds=30, what="the end of the items")
        # The events go as well, and time passes.
        core.execute(f"UPDATE past_customer SET at = {long_ago % 200} WHERE tenant = %s", [tenant])
        told = "event WHERE subject = ANY(%s::uuid[])"
        batches = "SELECT batch FROM event WHERE subject = ANY(%s::uuid[])"
        core.execute(f"UPDATE outbox SET written_at = {long_ago % 200} WHERE batch IN ({batches})", [ids])
        restarted()
        wait_until(lambda: core.execute(left.format(told), [ids]).fetchone() == (0,), seconds=30, what="the end of the events")
    assert rows(aged, totals) + rows(aged, by_category) == before
    assert rows(aged, "SELECT 1 FROM dim_customer WHERE name = %s", name)
    assert aged.http.post("/customers/erase", json={"customer": name}).json() == {"erasedWorkItems": 0}
    aged.catch_up()
    assert not rows(aged, "SELECT 1 FROM dim_customer WHERE name = %s", name)
    assert not rows(aged, "SELECT 1 FROM task_event_fact WHERE reason LIKE %s", f"%{name}%")
    assert rows(aged, totals) + rows(aged, by_category) == before
    query = "SELECT erased, customer_key, capture_id FROM task_fact WHERE item = %s"
    assert rows(aged, query, item["id"]) == [{"erased": True, "customer_key": -1, "capture_id": f"erased:{item['id']}"}]
    # What is another's stays another's.
    customer = "SELECT c.name FROM task_fact JOIN dim_customer c USING (customer_key) WHERE item = %s"
    assert [rows(aged, customer, each["id"]) for each in (others, former)] == [[{"name": other}]] * 2
    last = aged.position()
    assert aged.http.post("/customers/erase", json={"customer": name}).json() == {"erasedWorkItems": 0}
    assert aged.catch_up() == last, "told once"


def test_what_the_mart_has_forgotten_core_forgets(aged: Site) -> None:
    """The mart keeps facts for 400 days: longer than that nobody can be told of a customer's items."""
    with psycopg.connect(aged.world.admin_url, autocommit=True) as core:
        insertion = """INSERT INTO past_customer (tenant, customer, item, at)
            SELECT id, gen_random_uuid(), gen_random_uuid(), extract(epoch FROM now() - make_interval(days => %s))::bigint * 1000
            FROM tenant WHERE name = %s RETURNING item"""
        old, young = (core.execute(insertion, [days, aged.tenant.name]).fetchone()[0] for days in (401, 399))
        aged.core.stop()
        aged.core.start()
        kept = "SELECT item FROM past_customer WHERE item = ANY(%s)"
        left = lambda: core.execute(kept, [[old, young]]).fetchall()  # noqa: E731
        wait_until(lambda: left() == [(young,)], seconds=30, what="the end of the older one")


def test_jobs_ran_and_the_check_found_nothing(site: Site) -> None:
    def ended() -> dict[str, str]:
        runs = rows(site, "SELECT DISTINCT ON (job) * FROM job_run WHERE ended_at IS NOT NULL"
            # One that its term's end cut short has read nothing.
            " AND (job <> 'check' OR rows_read > 0) ORDER BY job, id DESC")  # fmt: skip
        found = {row["job"]: row for row in runs}
        # Other tests restart core: a run that did not reach it is followed by another one a minute later.
        succeeded = all(row["outcome"] == "succeeded" for name, row in found.items() if name != "projection")
        return found if {"partitions", "directory", "check"} <= found.keys() and succeeded else {}

    jobs = wait_until(ended, seconds=150, what="one run of each job that succeeded")
    # Core and mart have the same open items.
    assert jobs["check"]["rows_read"] > 0 and "differences" not in jobs["check"]["detail"], jobs["check"]
    made = rows(site, "SELECT relname FROM pg_class WHERE relispartition AND relkind = 'r' AND relname ~ '^task_event_fact'")
    assert len(made) >= 3
    # Retention leaves a holder in peace who has just begun.
    early = "SELECT 1 FROM job_run r JOIN job_run p USING (term) WHERE r.job = 'retention' AND p.job = 'projection'"
    assert not rows(site, f"{early} AND r.started_at < p.started_at + interval '2 minutes'")


def test_the_check_tells_of_an_open_and_a_finished_item_that_the_mart_has_lost(place: World) -> None:
    with new_site(place) as lossy:
        (instance,) = lossy.start(1)
        items = lossy.submit(4, impact="Low")
        act(lossy, items[0], "cancel")
        lossy.catch_up()
        with lossy.sql() as connection:
            lost = connection.execute("DELETE FROM task_fact WHERE item = ANY(%s::uuid[])", [[item["id"] for item in items[:2]]])
            assert lost.rowcount == 2
        # A term begins with a check, which has not come yet.
        instance.stop()
        instance.start()
        told = "SELECT detail FROM job_run WHERE job = 'check' AND detail ? 'differences' ORDER BY id DESC LIMIT 1"
        (run,) = wait_until(lambda: rows(lossy, told), seconds=60, what="a run of the check that found it", every=0.2)
        found = {row["status"]: row for row in run["detail"]["differences"]}
        assert found.keys() == {"depth", "canceled"}, found
        assert (found["depth"]["queue"], found["depth"]["live"], found["depth"]["mart"]) == ("desk", 3, 2)
        assert (found["canceled"]["live"], found["canceled"]["mart"]) == (1, 0) and "finishedOn" in found["canceled"]
        # An operator sees it without asking for the job: it degrades, and fails nothing.
        told = lambda: instance.metric("datamart_check_differences", tenant=lossy.tenant.name)  # noqa: E731
        assert told() == 2
        health = wait_until(
            lambda: (answer := instance.health()).json()["status"] == "degraded" and answer, what="health that tells of it"
        )
        assert health.status_code == 200
        problem = health.json()["checks"]["figures"]["problem"]
        assert problem.startswith(f"{lossy.tenant.name}: 2 numbers")
        # Built anew it is whole, and checked at once.
        administrator = {"Authorization": f"Bearer {lossy.tenant.admin_key}"}
        asked = httpx.post(f"{instance.url}/iwd/v3/datamart/rebuild", headers=administrator)
        assert asked.status_code == 202, asked.text
        wait_until(lambda: told() == 0, seconds=60, what="the check of the mart that was built anew", every=0.2)
        wait_until(lambda: instance.health().json()["status"] == "ready", what="health that tells of nothing")


def test_another_zone_makes_the_mart_anew(site: Site) -> None:
    """Days of a zone that was not there before need every event again."""
    totals = "SELECT sum(entered) AS entered, sum(completed) AS completed FROM agg_day WHERE zone_key = 1"
    before = rows(site, totals)
    # What an agent was called, and since when, only the mart knows.
    with site.sql() as connection:
        connection.execute(
            """
            INSERT INTO dim_agent_history (agent_key, valid_from, valid_to, display_name, team)
            SELECT agent_key, valid_from - interval '1 day', valid_from, 'Ann', 'day'
            FROM dim_agent_history JOIN dim_agent USING (agent_key) WHERE agent = 'anna'
            """
        )
    names = """SELECT h.display_name, h.team, h.valid_from, h.valid_to FROM dim_agent_history h JOIN dim_agent USING (agent_key)
        WHERE agent = 'anna' ORDER BY h.valid_from"""
    called = rows(site, names)
    assert [row["display_name"] for row in called] == ["Ann", "Anna"]
    document = site.http.get("/configuration").json()
    document["datamart"]["timeZones"] = ["UTC", "Asia/Kathmandu", "America/New_York"]
    assert site.http.put("/configuration", json=document).status_code == 200

    def done() -> bool:
        zones = rows(site, "SELECT name FROM dim_time_zone ORDER BY zone_key")
        return [zone["name"] for zone in zones] == ["Europe/Stockholm", "UTC", "Asia/Kathmandu", "America/New_York"]

    wait_until(done, seconds=60, what="the mart with the new zone")
    assert_complete(site)
    assert rows(site, totals) == before
    # Names come with the next copy of the directory, which is made at once.
    wait_until(
        lambda: rows(site, "SELECT 1 FROM dim_agent WHERE agent = 'anna' AND display_name = 'Anna'"), seconds=30,
        what="agents' names after the rebuild",
    )  # fmt: skip
    assert rows(site, names) == called
    # So does retention.
    cleared = "SELECT 1 FROM job_run WHERE job = 'retention' AND outcome = 'succeeded'"
    wait_until(lambda: rows(site, cleared), seconds=30, what="a run of the retention")


def test_names_and_teams_from_an_info_mart(place: World) -> None:
    """A database as Info Mart has it, with its validity dates."""
    database, role, password = make_database(place)
    admin = with_database(place.stack.admin_url, database)
    with psycopg.connect(admin, autocommit=True) as connection:
        connection.execute(
            """
            CREATE TABLE resource_ (resource_key int, resource_type_code varchar, resource_name varchar, employee_id varchar,
                agent_first_name varchar, agent_last_name varchar, gmt_start_time timestamp, gmt_end_time timestamp);
            CREATE TABLE group_ (group_key int, group_name varchar, group_type_code varchar);
            CREATE TABLE resource_group_fact_ (resource_key int, group_key int, start_ts int, end_ts int, active_flag numeric(1));
            INSERT INTO resource_ VALUES (1, 'AGENT', 'anna.a', 'anna', 'Anna', 'Ek', '2025-01-01', '2026-02-01'),
                (3, 'AGENT', 'anna.a', 'anna', 'Anna', 'Andersson', '2026-02-01', NULL),
                (2, 'QUEUE', 'q1', NULL, NULL, NULL, NULL, NULL);
            INSERT INTO group_ VALUES (10, 'Day shift', 'AGENT'), (11, 'Night shift', 'AGENT');
            INSERT INTO resource_group_fact_ VALUES (1, 10, 1767225600, 1772323200, 0), (1, 11, 1772323200, 2145916800, 1);
            """
        )
        for table in ("resource_", "group_", "resource_group_fact_"):
            connection.execute(sql.SQL("GRANT SELECT ON {} TO {}").format(sql.Identifier(table), sql.Identifier(role)))
    parts = psycopg.conninfo.conninfo_to_dict(admin)
    url = f"postgresql://{role}@{parts['host']}:{parts.get('port', 5432)}/{database}"
    with new_site(place, day_and_night()) as site:
        site.http.put("/secrets/info-mart", json={"password": password}).raise_for_status()
        document = site.http.get("/configuration").json()
        document["datamart"]["directory"] = {"kind": "infomart", "url": url, "secret": "info-mart", "every": "1m"}
        assert site.http.put("/configuration", json=document).status_code == 200
        site.start(1)
        query = "SELECT display_name, team FROM dim_agent WHERE agent = 'anna' AND copied_at IS NOT NULL"
        found = wait_until(lambda: site.position() >= 0 and _try(site, query), seconds=60, what="anna out of the Info Mart")
        assert found == [{"display_name": "Anna Andersson", "team": "Night shift"}]
        history = rows(site, "SELECT h.display_name, h.team, valid_from, valid_to"
            " FROM dim_agent_history h JOIN dim_agent USING (agent_key)"
            " WHERE agent = 'anna' ORDER BY valid_from")  # fmt: skip
        assert [(row["display_name"], row["team"]) for row in history] == [
            ("Anna Ek", None), ("Anna Ek", "Day shift"), ("Anna Andersson", "Day shift"), ("Anna Andersson", "Night shift"),
        ]  # fmt: skip
        assert [row["valid_to"] for row in history] == [*(row["valid_from"] for row in history[1:]), None]
        # Anna is renamed and joins her first team again; a membership and a group are there twice, and nobody knows since when.
        with psycopg.connect(admin, autocommit=True) as connection:
            connection.execute(
                """
                UPDATE resource_ SET gmt_end_time = '2026-04-01' WHERE resource_key = 3;
                INSERT INTO resource_ VALUES (4, 'AGENT', 'anna.a', 'anna', 'Anna', 'Berg', '2026-04-01', NULL);
                INSERT INTO group_ VALUES (12, 'Day shift', 'AGENT'), (13, 'First aid', 'AGENT'), (14, 'First aid', 'AGENT');
                UPDATE resource_group_fact_ SET end_ts = 1775001600, active_flag = 0 WHERE group_key = 11;
                INSERT INTO resource_group_fact_ VALUES (4, 10, 1775001600, NULL, 1), (3, 12, 1775001600, NULL, 1),
                    (1, 13, NULL, NULL, 1), (3, 13, NULL, 1775001600, 0), (3, 14, NULL, NULL, 1);
                """
            )
        (instance,) = site.instances
        instance.stop()
        instance.start()
        wait_until(
            lambda: rows(site, f"{query} AND display_name = 'Anna Berg'"), seconds=60, what="anna's new name",
        )  # fmt: skip
        changed = rows(site, "SELECT h.display_name, h.team FROM dim_agent_history h JOIN dim_agent USING (agent_key)"
            " WHERE agent = 'anna' ORDER BY valid_from")  # fmt: skip
        names = [row["display_name"] for row in changed if row["team"]]
        assert names[-1] == "Anna Berg" and {"Anna Ek", "Anna Andersson"} <= set(names)
        groups = rows(site, "SELECT group_name, valid_to IS NULL AS lasts FROM dim_agent_group JOIN dim_agent USING (agent_key)"
            " WHERE agent = 'anna' ORDER BY group_name, valid_from")  # fmt: skip
        assert [(row["group_name"], row["lasts"]) for row in groups] == [
            ("Day shift", False), ("Day shift", True), ("First aid", True), ("Night shift", False),
        ]  # fmt: skip
        assert not rows(site, "SELECT 1 FROM job_run WHERE job = 'directory' AND outcome = 'failed'")
    with psycopg.connect(place.stack.admin_url, autocommit=True) as connection:
        connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(database)))
        connection.execute(sql.SQL("DROP ROLE IF EXISTS {}").format(sql.Identifier(role)))


def _try(site: Site, query: str) -> list[dict]:
    """The rows; none while there are no tables."""
    try:
        return rows(site, query)
    except (psycopg.errors.UndefinedTable, psycopg.errors.InvalidSchemaName):
        return []
