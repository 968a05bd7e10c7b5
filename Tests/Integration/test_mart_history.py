"""A data mart and a feed whose older events have been cleared away, or whose history is another one."""

from collections.abc import Iterator

import httpx
import pytest

from checker import wait_until_drained
from feed_clearing import clear_feed, jump_back, restore_feed
from mart.check import differences_from_core
from mart_site import Site, Standby
from mart_site import site as new_site
from own_world import own_world
from stack import Stack
from waiting import wait_until
from world import World


@pytest.fixture(scope="module")
def place(stack: Stack) -> Iterator[World]:
    with own_world(stack, "mart-history") as world:
        yield world


def restarted(instance: Standby) -> None:
    instance.stop()
    instance.start()


def rebuild(site: Site, *flags: str) -> tuple[int, str]:
    """`millrace rebuild`: how it ended, and what it said."""
    result = site.world.run("rebuild", "--url", site.instances[0].url, "--key", site.tenant.admin_key, *flags, check=False)
    return result.returncode, result.stdout + result.stderr


def rebuilt(site: Site) -> bool:
    with site.sql() as connection:
        rows = connection.execute("SELECT done_at FROM rebuild_request ORDER BY id").fetchall()
        return bool(rows) and all(row["done_at"] for row in rows)


def zones(site: Site) -> list[str]:
    with site.sql() as connection:
        return [row["name"] for row in connection.execute("SELECT name FROM dim_time_zone ORDER BY zone_key")]


def history_from(site: Site) -> str | None:
    answer = httpx.get(
        f"{site.instances[0].url}/iwd/v3/reports/intraday-process",
        params={"from": "-7d"}, headers={"Authorization": f"Bearer {site.tenant.admin_key}"}, timeout=30,
    )  # fmt: skip
    return answer.raise_for_status().json()["asOf"].get("historyFrom")


def test_a_quiet_tenants_mart_is_well_and_a_restored_database_is_noticed(place: World) -> None:
    with new_site(place) as site:
        (instance,) = site.start()
        site.submit(4)
        last = site.catch_up()
        clear_feed(place, site.tenant.name)
        assert site.http.get("/events").json() == {"items": [], "next": 0, "last": last}
        restarted(instance)

        def asked() -> bool:
            return (instance.metric("projection_feed_requests_total") or 0) > 0

        wait_until(asked, what="a question to the feed")
        assert "historyReplaced" not in instance.health().text and not instance.metric("projection_failures_total")
        # To build it anew would leave nothing of it.
        code, said = rebuild(site)
        assert code != 0 and "no events any more" in said, said
        assert rebuild(site, "--losing-history")[0] == 0
        wait_until(lambda: "holds none now" in instance.health().text, what="the rebuild to wait")
        assert site.position() == last
        site.submit(1)
        wait_until(lambda: rebuilt(site), seconds=60, what="the rebuild")
        last = site.catch_up()
        with site.sql() as connection:
            assert connection.execute("SELECT count(*) AS count FROM task_fact").fetchone()["count"] == 1
        # A database of a backup: what was applied last never happened.
        instance.stop()
        clear_feed(place, site.tenant.name)
        jump_back(place, site.tenant.name, 2)
        instance.start()
        wait_until(lambda: "historyReplaced" in instance.health().text, what="the mart to notice")
        site.submit(3)
        restarted(instance)
        wait_until(lambda: "historyReplaced" in instance.health().text, what="the mart to notice another event in the place")
        assert site.position() == last
        assert rebuild(site, "--losing-history")[0] == 0
        wait_until(lambda: rebuilt(site), seconds=60, what="the rebuild")
        site.catch_up()
        wait_until(lambda: "historyReplaced" not in instance.health().text, what="the end of the trouble")
        wait_until(lambda: instance.metric("projection_lag_events") == 0, what="no lag")


def test_history_that_the_feed_no_longer_has_is_kept_unless_somebody_gives_it_up(place: World) -> None:
    with new_site(place) as site:
        (instance,) = site.start()
        site.submit(6)
        site.catch_up()
        assert history_from(site) is None
        clear_feed(place, site.tenant.name, leave=2)
        code, said = rebuild(site)
        assert code != 0 and "holds nothing from before" in said and "--losing-history" in said, said
        # Another zone needs every event again; the mart goes on with those it has.
        before = zones(site)
        document = site.http.get("/configuration").json()
        document["datamart"]["timeZones"] = ["Asia/Kathmandu"]
        assert site.http.put("/configuration", json=document).status_code == 200
        wait_until(lambda: "keeps its time zones" in instance.health().text, what="the reason in health")
        site.submit(1)
        site.catch_up()
        assert zones(site) == before and history_from(site) is None
        assert rebuild(site, "--losing-history")[0] == 0
        wait_until(lambda: rebuilt(site), seconds=60, what="the rebuild")
        assert zones(site) == ["Europe/Stockholm", "Asia/Kathmandu"]
        site.catch_up()
        wait_until(lambda: "keeps its time zones" not in instance.health().text, what="the end of the trouble")
        assert history_from(site)
        # What was given up once is not asked about again.
        assert rebuild(site)[0] == 0
        wait_until(lambda: rebuilt(site), seconds=60, what="the second rebuild")


def test_a_rebuild_that_fails_is_told_and_tried_again(place: World) -> None:
    """There is something in its place that the mart may not take away."""
    with new_site(place) as site:
        instances = site.start(2)
        instance = site.wait_for_holder()
        site.submit(3)
        site.catch_up()
        with site.sql() as connection:
            connection.execute("CREATE SCHEMA mart_next; CREATE TABLE mart_next.mine (n int)")
            assert rebuild(site)[0] == 0
            wait_until(lambda: "could not be built anew" in instance.health().text, what="the reason in health")
            told = "SELECT count(*) AS n FROM job_run WHERE job = 'rebuild' AND outcome = %s"
            failed = lambda outcome: connection.execute(told, [outcome]).fetchone()["n"]  # noqa: E731
            wait_until(lambda: failed("failed") > 0, what="a run that failed")
            assert failed("succeeded") == 0 and not rebuilt(site)
            # Work goes on meanwhile.
            site.submit(1)
            site.catch_up()
            # Who holds no longer tells of it no longer.
            instance.pause()
            try:
                site.wait_for_holder(other_than=instance)
            finally:
                instance.resume()
            connection.execute("DROP SCHEMA mart_next CASCADE")
            wait_until(lambda: rebuilt(site), seconds=60, what="the rebuild")
            wait_until(lambda: failed("succeeded") > 0, what="a run that succeeded")
        troubled = lambda: [each.name for each in instances if "could not be built anew" in each.health().text]  # noqa: E731
        wait_until(lambda: not troubled(), what="the end of the trouble")


def reads_the_topic(site: Site) -> bool:
    """Whether what happens now comes into the mart over the topic."""
    before = site.instances[0].metric("projection_applied_events_total", source="topic") or 0
    site.submit(1)
    site.catch_up(60)
    return (site.instances[0].metric("projection_applied_events_total", source="topic") or 0) > before


def test_a_mart_that_is_restored_along_with_core_takes_nothing_of_what_was_lost(place: World) -> None:
    with new_site(place) as site:
        (instance,) = site.start()
        wait_until(lambda: reads_the_topic(site), seconds=90, what="events that came over the topic")
        # Of every partition something is applied. This is what the mart's backup has; that of core is from a little later.
        site.submit(40)
        site.catch_up()
        instance.stop()
        site.submit(2)
        wait_until_drained(place.admin_url, site.tenant.name)
        kept = site.last_position()
        site.submit(20)
        restore_feed(place, site.tenant.name, kept)
        assert site.last_position() == kept
        instance.start()
        wait_until(lambda: site.position() == kept, what="the mart to come as far as core")
        wait_until(lambda: reads_the_topic(site), seconds=90, what="events that came over the topic again")
        assert differences_from_core(site) == []
        assert "historyReplaced" not in instance.health().text


def test_what_a_mart_has_missed_is_told_until_it_is_built_anew(place: World) -> None:
    with new_site(place) as site:
        (instance,) = site.start()
        site.submit(2)
        stood = site.catch_up()
        instance.stop()
        site.submit(4)
        clear_feed(place, site.tenant.name, leave=1)
        instance.start()
        last = site.catch_up()
        told = f"{last - stood - 1} events were cleared from the feed before the mart applied them"
        wait_until(lambda: told in (text := instance.health().text) and "millrace rebuild" in text, what="it in health")
        missed = lambda: instance.metric("projection_missed_events")  # noqa: E731
        wait_until(lambda: missed() == last - stood - 1, what="the count of them")
        with site.sql() as connection:
            noted = connection.execute("SELECT missed_events, missed_since FROM projection_progress").fetchone()
        assert noted["missed_events"] == last - stood - 1 and noted["missed_since"]
        # It is not forgotten with the process that met it.
        restarted(instance)
        wait_until(lambda: told in instance.health().text, what="it in health after a restart")
        assert rebuild(site, "--losing-history")[0] == 0
        wait_until(lambda: rebuilt(site), seconds=60, what="the rebuild")
        wait_until(lambda: told not in instance.health().text, what="the end of the trouble")
        wait_until(lambda: missed() == 0, what="no events that are missing")
