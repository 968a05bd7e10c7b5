"""The service datamart: settings, leases and standby, topic and feed, health, a rebuild while the old tables serve."""

import base64
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta

import httpx
import psycopg
import pytest
from psycopg import sql

from checker import wait_until_drained
from contracts import OpenAPI
from mart_site import Site
from mart_site import site as new_site
from own_world import own_world
from standins.provider import Provider, Refusal, Request
from stack import Stack
from waiting import wait_until
from world import World


@pytest.fixture(scope="module")
def place(stack: Stack) -> Iterator[World]:
    with own_world(stack, "mart-service") as world:
        yield world


@pytest.fixture(scope="module")
def site(place: World) -> Iterator[Site]:
    """A tenant with a mart and two instances."""
    with new_site(place) as found:
        found.start(2)
        yield found


# What core tells


def test_settings_hold_the_section_and_its_sealed_secret(site: Site) -> None:
    service = OpenAPI.of(site.core.url).watch(site.world.http(site.mart_key, site.core))
    settings = service.get("/datamart/settings").json()
    assert settings["tenant"] == site.tenant.name
    assert settings["datamart"]["url"].endswith(f"/{site.database}") and "password" not in settings["datamart"]["url"]
    assert settings["datamart"]["retention"] == {"events": "400d", "intraday": "35d", "history": "1825d"}
    assert set(settings["sealed"]) == {"mart-db"} and site.password not in str(settings)
    assert {category["path"] for category in settings["categories"]} >= {"Incidents", "Incidents/Major"}
    versions = service.get("/datamart/configurations").json()["items"]
    assert [version["version"] for version in versions] == list(range(1, len(versions) + 1))
    assert {category["path"] for category in versions[0]["categories"]} >= {"Incidents/Idle"}
    assert service.get("/datamart/configurations", params={"after": len(versions)}).json()["items"] == []


def test_finished_items_are_counted_by_day_and_status(site: Site) -> None:
    service = OpenAPI.of(site.core.url).watch(site.world.http(site.mart_key, site.core))
    first = service.get("/datamart/finished").json()
    today = datetime.now(UTC).date()
    assert first["from"] == str(today - timedelta(days=6))
    canceled, completed, restarted = site.submit(3)
    for item, action in ((canceled, "cancel"), (completed, "complete"), (restarted, "complete"), (restarted, "restart")):
        assert site.http.post(f"/workitems/{item['id']}/{action}").status_code == 200

    def counts(answer: dict) -> dict[str, int]:
        found = Counter({"completed": 0, "canceled": 0})
        for row in answer["items"]:
            found[row["status"]] += row["count"]
        return dict(found)

    assert counts(service.get("/datamart/finished", params={"days": 1}).json()) == {
        status: count + 1 for status, count in counts(first).items()
    }
    assert service.get("/datamart/finished", params={"days": 32}).status_code == 400


def test_settings_are_for_the_role_mart(site: Site) -> None:
    admin = OpenAPI.of(site.core.url).watch(site.http)
    reader = admin.post("/keys", json={"name": "reader", "roles": ["reader"]}).json()["key"]
    other = OpenAPI.of(site.core.url).watch(site.world.http(reader, site.core))
    assert other.get("/datamart/settings").status_code == 403
    assert other.get("/datamart/configurations").status_code == 403
    assert other.get("/datamart/finished").status_code == 403
    service = site.world.http(site.mart_key, site.core)
    assert service.get("/events", params={"limit": 1}).status_code == 200
    assert service.get("/workitems").status_code == 403


def test_access_says_whose_credential_it_is(site: Site) -> None:
    admin = OpenAPI.of(site.core.url).watch(site.http)
    key = admin.post("/keys", json={"name": "for anna", "roles": ["agent", "reader"], "agent": "anna"}).json()["key"]
    anna = OpenAPI.of(site.core.url).watch(site.world.http(key, site.core))
    access = anna.get("/access").json()
    assert access == {"tenant": site.tenant.name, "subject": "key:for anna", "roles": ["agent", "reader"], "agent": "anna"}
    assert httpx.get(f"{site.core.url}/iwd/v3/access").status_code == 401


def test_a_long_poll_ends_when_a_secret_changes(site: Site) -> None:
    service = site.world.http(site.mart_key, site.core)
    revision = service.get("/datamart/settings").json()["revision"]
    begin = time.monotonic()
    assert service.get("/datamart/settings", params={"wait": 1, "revision": revision}).json()["revision"] == revision
    assert time.monotonic() - begin >= 1
    site.http.put("/secrets/another", json={"password": "does not matter"})
    changed = service.get("/datamart/settings", params={"wait": 20, "revision": revision}).json()["revision"]
    assert changed != revision
    assert site.http.delete("/secrets/another").status_code == 204
    assert site.http.get("/mailboxes/secrets").json()["items"] == site.http.get("/secrets").json()["items"]


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"url": "postgresql://mart:secret@db/mart"}, "/datamart/url"),
        ({"url": "mysql://mart@db/mart"}, "/datamart/url"),
        ({"url": "postgresql://mart@db/mart?sslmode=disable"}, "/datamart/url"),
        ({"url": None}, "/datamart/url"),
        ({"timeZone": "Mars/Olympus"}, "/datamart/timeZone"),
        ({"timeZones": ["UTC", "Nowhere"]}, "/datamart/timeZones/1"),
        ({"timeZone": "GMT+2"}, "/datamart/timeZone"),
        ({"timeZones": ["UTC", "EST"]}, "/datamart/timeZones/1"),
        ({"retention": {"events": "5 years"}}, "/datamart/retention/events"),
        ({"retention": {"intraday": "1d"}}, "/datamart/retention/intraday"),
        ({"custom": [f"a{n}" for n in range(21)]}, "/datamart/custom"),
        ({"custom": ["a", "a"]}, "/datamart/custom/1"),
        ({"attributes": {"client": "customer"}}, "/datamart/attributes/client"),
        ({"slaTargets": [{"category": "Nothing", "percent": 90, "from": "2026-01-01"}]}, "/datamart/slaTargets/0/category"),
        ({"slaTargets": [{"category": "Incidents", "percent": 101, "from": "2026-01-01"}]}, "/datamart/slaTargets/0/percent"),
        ({"slaTargets": [{"category": "Incidents", "percent": 95, "from": "soon"}]}, "/datamart/slaTargets/0/from"),
        ({"directory": {"kind": "infomart"}}, "/datamart/directory/url"),
        ({"directory": {"kind": "ldap"}}, "/datamart/directory/kind"),
        ({"directory": {"url": "postgresql://a@b/c"}}, "/datamart/directory/url"),
        ({"unknown": 1}, "/datamart/unknown"),
    ],
)
def test_a_section_with_a_mistake_is_refused_at_its_path(site: Site, change: dict, path: str) -> None:
    document = site.http.get("/configuration").json()
    document["datamart"] = {key: value for key, value in {**document["datamart"], **change}.items() if value is not None}
    answer = site.http.post("/configuration/validate", json=document).json()
    assert [error["path"] for error in answer["errors"]] == [path], answer


# The projection


def test_events_reach_the_mart_with_its_progress(site: Site) -> None:
    site.submit(5, impact="Low")
    last = site.catch_up()
    with site.sql() as connection:
        progress = connection.execute("SELECT position, event_id FROM projection_progress").fetchone()
        assert progress["position"] == last and progress["event_id"]
        facts = connection.execute("SELECT position FROM task_event_fact ORDER BY position").fetchall()
    feed = site.http.get("/events", params={"limit": 5000}).json()["items"]
    items = [event["position"] for event in feed if event["type"].startswith("millrace.workitem.")]
    assert [fact["position"] for fact in facts] == items
    # Once the topics are read, what is new comes from there, and progress says up to where.
    holder = site.wait_for_holder()

    def takes_from_the_topic() -> bool:
        site.submit(1)
        site.catch_up()
        return (holder.metric("projection_applied_events_total", source="topic") or 0) > 0

    wait_until(takes_from_the_topic, seconds=60, what="events that came over the topic")
    with site.sql() as connection:
        offsets = connection.execute("SELECT offsets FROM projection_progress").fetchone()["offsets"]
    assert any(name.startswith(f"{site.world.kafka_prefix}workitems.events:") for name in offsets)
    wait_until(lambda: holder.metric("projection_lag_events", tenant=site.tenant.name) == 0, what="no lag")
    # The run goes on as long as the term: being up to date is its success.
    job = {"tenant": site.tenant.name, "job": "projection"}
    since = time.time() - 1
    wait_until(lambda: (holder.metric("datamart_job_last_success_seconds", **job) or 0) > since, what="a success that is told")


def test_one_of_two_instances_holds(site: Site) -> None:
    holder = site.wait_for_holder()
    assert [instance.is_holder for instance in site.instances].count(True) == 1
    with site.sql() as connection:
        lease = connection.execute("SELECT name, holder FROM lease").fetchone()
    assert lease == {"name": f"mart:{site.tenant.name}", "holder": holder.instance}


def test_a_graceful_stop_hands_over_at_once(site: Site) -> None:
    holder = site.wait_for_holder()
    holder.stop()
    begin = time.monotonic()
    next_holder = site.wait_for_holder(other_than=holder)
    assert time.monotonic() - begin < 5
    site.submit(3)
    site.catch_up()
    holder.start()
    assert not holder.is_holder and next_holder.is_holder


def test_who_no_longer_holds_tells_of_what_waits_as_well(site: Site) -> None:
    """Events that waited as an instance lost its lease do not wait there for ever."""
    holder = site.wait_for_holder()
    other = next(instance for instance in site.instances if instance is not holder)
    with site.sql() as keeper, keeper.transaction():
        # Nothing can be applied meanwhile.
        keeper.execute("LOCK TABLE agg_15m IN EXCLUSIVE MODE")
        site.submit(3)
        wait_until(lambda: (holder.metric("datamart_pending_events") or 0) > 0, what="events that wait")
        waited = {"tenant": site.tenant.name, "projection": "mart"}
        wait_until(lambda: (holder.metric("projection_lag_seconds", **waited) or 0) >= 1, what="how long they have waited")
        assert holder.metric("projection_lag_seconds", **waited) < 60
        holder.pause()
        try:
            wait_until(lambda: other.is_holder, what="the other one to hold")
        finally:
            holder.resume()
    site.catch_up()
    for instance in site.instances:
        wait_until(
            lambda: instance.metric("datamart_pending_events") == 0,  # noqa: B023
            what=f"{instance.name} to tell that nothing waits", every=0.1,
        )
        wait_until(
            lambda: instance.metric("projection_lag_seconds", **waited) == 0,  # noqa: B023
            what=f"{instance.name} to tell that nothing has waited",
        )


def test_what_the_topic_lost_comes_from_the_feed(site: Site) -> None:
    """Neither instance runs while events happen; the topic is emptied meanwhile."""
    site.catch_up()
    for instance in site.instances:
        instance.ask_to_stop()
    for instance in site.instances:
        instance.stop()
    site.submit(20)
    wait_until_drained(site.world.admin_url, site.tenant.name)
    site.world._delete_topics()
    for instance in site.instances:
        instance.launch()
    for instance in site.instances:
        instance.wait_ready()
    site.submit(5)
    site.catch_up()
    holder = site.wait_for_holder()
    wait_until(lambda: holder.metric("projection_applied_events_total", source="feed"), what="events of the feed to be counted")


def test_a_rebuild_serves_the_old_tables_until_it_is_done(site: Site) -> None:
    before = site.catch_up()
    with site.sql() as connection:
        old = connection.execute("SELECT 'projection_progress'::regclass::oid AS oid").fetchone()["oid"]
    administrator = {"Authorization": f"Bearer {site.tenant.admin_key}"}
    reports = f"{site.wait_for_holder().url}/iwd/v3/datamart/rebuild"
    asked = httpx.post(reports, headers=administrator)
    assert asked.status_code == 202 and not asked.json().get("doneAt"), asked.text
    site.submit(5)

    def done() -> bool:
        with site.sql() as connection:
            # There is a mart at every moment.
            assert connection.execute("SELECT position FROM projection_progress").fetchone()["position"] >= before
            return connection.execute("SELECT done_at FROM rebuild_request").fetchone()["done_at"] is not None

    wait_until(done, seconds=60, what="the rebuild")
    last = site.catch_up()
    with site.sql() as connection:
        assert connection.execute("SELECT 'projection_progress'::regclass::oid AS oid").fetchone()["oid"] != old
        schemas = "SELECT nspname FROM pg_namespace WHERE nspname LIKE 'mart%' ORDER BY 1"

        def only_the_new_ones() -> bool:
            return [row["nspname"] for row in connection.execute(schemas)] == ["mart", "mart_control"]

        wait_until(only_the_new_ones, what="the end of the old tables")
    assert last > before
    assert httpx.get(reports, headers=administrator).json()["doneAt"]
    reader = {"Authorization": f"Bearer {site.mart_key}"}
    assert httpx.post(reports, headers=reader).status_code == 403
    # The other instance works on the new tables too.
    holder = site.wait_for_holder()
    holder.stop()
    site.wait_for_holder(other_than=holder)
    site.submit(3)
    site.catch_up()
    holder.start()


def test_health_says_what_keeps_a_mart_from_working(site: Site) -> None:
    document = site.http.get("/configuration").json()
    right = document["datamart"]["url"]
    document["datamart"]["url"] = right.rsplit("/", 1)[0] + "/nothing_of_that_name"
    assert site.http.put("/configuration", json=document).status_code == 200

    def told(instance_text: str) -> bool:
        for instance in site.instances:
            health = instance.health()
            if health.status_code != 200 or instance_text not in health.text:
                return False
        return True

    wait_until(lambda: told(f"{site.tenant.name}: "), seconds=30, what="the trouble in health")
    assert site.password not in "".join(instance.log_text for instance in site.instances)
    # Work goes on, and what happened meanwhile comes into the mart afterwards.
    site.submit(3)
    document["datamart"]["url"] = right
    assert site.http.put("/configuration", json=document).status_code == 200
    site.catch_up(60)


class Workspace(Provider):
    """An auth endpoint of client credentials in a Basic header."""

    life = 2
    is_away = False

    def serve(self, request: Request) -> object:
        with self.lock:
            if self.is_away:
                raise Refusal(503, {"error": "temporarily_unavailable"})
            given = base64.b64decode(request.headers["authorization"].removeprefix("Basic ")).decode()
            if given != "mart:s%3Acret":
                raise Refusal(401, {"error": "invalid_client"})
            self.issued += 1
            return {"access_token": f"a-token-{self.issued}", "expires_in": self.life}


def test_tokens_of_the_workspace_are_fetched_and_renewed(place: World) -> None:
    workspace = Workspace()
    directory = {"workspace": {"tokenUrl": f"{workspace.url}/auth/v3/oauth/token", "secret": "workspace"}}
    with closing(workspace), new_site(place, directory=directory) as site:

        def runs(outcome: str) -> list[dict]:
            with site.sql() as connection:
                # One that new settings have ended read nothing.
                wanted = (
                    "SELECT * FROM job_run WHERE job = 'workspace' AND outcome = %s"
                    " AND (outcome <> 'succeeded' OR rows_read > 0) ORDER BY id"
                )
                return connection.execute(wanted, [outcome]).fetchall()

        def keep(secret: str) -> None:
            stored = site.http.put("/secrets/workspace", json={"clientId": "mart", "clientSecret": secret})
            assert stored.status_code == 204, stored.text

        keep("wrong one")
        instance = site.start()[0]
        failed = wait_until(lambda: runs("failed"), what="a run that failed", forgiving=(psycopg.Error,))
        assert "invalid_client" in failed[0]["error"]
        keep("s:cret")
        renewed = wait_until(lambda: len(found := runs("succeeded")) >= 3 and found, seconds=60, what="tokens")
        assert {run["rows_read"] for run in renewed} == {1}
        # A token that holds yet does not hide that it cannot be renewed.
        with workspace.lock:
            workspace.life, issued = 8, workspace.issued
        wait_until(lambda: workspace.issued > issued, what="a token that holds longer")
        workspace.is_away = True

        def refused() -> list[dict]:
            return [run for run in runs("failed") if "503" in run["error"]]

        wait_until(refused, seconds=30, what="a renewal that failed")
        assert len(runs("succeeded")) == workspace.issued
        tries = wait_until(lambda: len(found := refused()) >= 6 and found, seconds=30, what="more of them")
        begun = [run["started_at"] for run in tries]
        assert begun[-1] - begun[-2] > begun[1] - begun[0], "pauses grow"
        workspace.is_away, issued = False, workspace.issued
        wait_until(lambda: len(runs("succeeded")) > issued, seconds=60, what="a renewed token")
        assert not {"s:cret", "s%3Acret", "wrong one"} & set(instance.log_text.split()) and "a-token" not in instance.log_text


def test_a_database_is_the_mart_of_one_tenant(site: Site) -> None:
    """Another tenant that names it is refused, and changes nothing."""
    site.submit(1)
    last = site.catch_up()
    url = site.http.get("/configuration").json()["datamart"]["url"]
    with new_site(site.world, url=url) as other:
        other.http.put("/secrets/mart-db", json={"password": site.password}).raise_for_status()
        other.submit(3)
        instance = other.start()[0]
        told = wait_until(lambda: "another tenant" in (text := instance.health().text) and text, what="the refusal")
        assert f"{other.tenant.name}: " in told and site.tenant.name not in told
        reader = {"Authorization": f"Bearer {other.tenant.admin_key}"}
        answer = httpx.get(f"{instance.url}/iwd/v3/reports/task-age", headers=reader)
        assert answer.status_code == 503 and "another tenant" in answer.json()["detail"]
        with site.sql() as connection:
            names = [row["name"] for row in connection.execute("SELECT name FROM dim_tenant").fetchall()]
            leases = [row["name"] for row in connection.execute("SELECT name FROM lease").fetchall()]
            assert connection.execute("SELECT tenant FROM mart_owner").fetchall() == [{"tenant": site.tenant.name}]
        assert names == [site.tenant.name] and leases == [f"mart:{site.tenant.name}"] and site.position() == last
    site.submit(2)
    site.catch_up()


def test_a_reader_reads_its_tenants_mart_and_no_other(site: Site) -> None:
    """A login of one tenant's BI tools, as the README has it made."""
    site.submit()
    site.catch_up()
    reader, password = f"bi_{site.database}", "reads-nothing-else"
    name = sql.Identifier(reader)
    with psycopg.connect(site.world.stack.admin_url, autocommit=True) as admin, new_site(site.world) as other:
        admin.execute(sql.SQL("CREATE ROLE {} LOGIN PASSWORD {} IN ROLE millrace_bi").format(name, sql.Literal(password)))
        admin.execute(sql.SQL("GRANT CONNECT ON DATABASE {} TO {}").format(sql.Identifier(site.database), name))
        try:
            login = {"user": reader, "password": password}
            with psycopg.connect(site.url, **login) as connection:
                assert connection.execute("SELECT count(*) > 0 FROM mart.task_fact").fetchone() == (True,)
                with pytest.raises(psycopg.errors.InsufficientPrivilege):
                    connection.execute("DELETE FROM mart.task_fact")
            with pytest.raises(psycopg.OperationalError, match="permission denied"):
                psycopg.connect(other.url, **login)
        finally:
            admin.execute(sql.SQL("REVOKE ALL ON DATABASE {} FROM {}").format(sql.Identifier(site.database), name))
            admin.execute(sql.SQL("DROP ROLE {}").format(name))


def test_the_mart_is_its_tenants_own(site: Site) -> None:
    """A role of another mart's database may not connect."""
    with new_site(site.world) as other:
        url = f"postgresql://{other.role}:{other.password}@{psycopg.conninfo.conninfo_to_dict(site.url)['host']}"
        port = psycopg.conninfo.conninfo_to_dict(site.url)["port"]
        with pytest.raises(psycopg.OperationalError, match="permission denied"):
            psycopg.connect(f"{url}:{port}/{site.database}")
