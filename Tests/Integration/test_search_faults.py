"""The search service when its server is slow, down, empty, or without what it took last."""

import time
from collections.abc import Iterator

import pytest

from search.check import assert_complete
from search.filled import filled, gate_to_server, search_world, searched, submit, submit_many, wait_for, word
from search.gate import Moment, Request
from search_scene import SearchScene
from search_servers import SearchServer, SlowWay
from stack import Stack
from waiting import wait_until
from world import World


# A check need not wait long for what is on its way.
SOON = {"SEARCH_CHECK_GRACE": "2s"}


@pytest.fixture(scope="module")
def place(stack: Stack) -> Iterator[World]:
    with search_world(stack, "search-faults") as world:
        yield world


def test_a_server_that_is_away_is_not_missed_and_catches_up(
    place: World, scenes: list[SearchScene], reached: tuple[SearchServer, SlowWay]
) -> None:
    """It keeps what it has; one that comes back without is looked at below."""
    server, way = reached
    scene, common, before = filled(place, scenes, 5, server=server, url=way.url)
    # None of them is due: PostgreSQL goes on where the other one's page ended.
    first = scene.page(common, sort="due", limit=2)
    way.cut()
    rest = scene.admin.get("/workitems", params={"q": common, "sort": "due", "cursor": first["next"]}).json()
    assert rest["search"]["index"] == "postgresql"
    assert sorted(item["id"] for item in first["items"] + rest["items"]) == sorted(before)
    # Work goes on, and PostgreSQL answers, without waiting long for the one that is away.
    meanwhile = set(submit(scene, 5, note=common))
    wait_for(scene, common, before | meanwhile, "postgresql")
    began = time.monotonic()
    for _ in range(10):
        found, search = searched(scene, common)
        assert found == before | meanwhile and "PostgreSQL answered" in search["note"], search
    assert time.monotonic() - began < 9
    way.mend()
    wait_for(scene, common, before | meanwhile)
    assert scene.server.ids(scene.alias) >= before | meanwhile
    after = set(submit(scene, 1, note=common))
    wait_for(scene, common, before | meanwhile | after)


def test_a_server_that_has_lost_everything_is_filled_again(place: World, scenes: list[SearchScene]) -> None:
    scene, common, items = filled(place, scenes, 20, "opensearch")
    # Nobody fills it before it has been looked at.
    scene.services[0].pause()
    scene.server.kill()
    scene.server.start()
    assert scene.server.count(scene.alias) == -1
    scene.services[0].resume()
    wait_for(scene, common, items)
    assert scene.server.ids(scene.alias) >= items


def test_a_slow_server_holds_nobody_up(
    place: World, scenes: list[SearchScene], reached: tuple[SearchServer, SlowWay]
) -> None:
    server, way = reached
    scene, common, items = filled(place, scenes, 5, server=server, url=way.url, answersWithin="300ms")
    way.delay = 3.0
    began = time.monotonic()
    found, search = searched(scene, common)
    assert time.monotonic() - began < 3
    assert found == items and search["index"] == "postgresql" and "in time" in search["note"], search
    began = time.monotonic()
    more = set(submit(scene, 10, note=common))
    assert time.monotonic() - began < 15
    wait_for(scene, common, items | more, "postgresql")
    # It is slow, and gets there all the same.
    wait_until(lambda: server.ids(scene.alias) >= items | more, seconds=60, every=0.5, what="the slow server to follow")
    way.delay = 0.0
    wait_for(scene, common, items | more)


def test_what_a_server_lost_while_it_was_away_is_written_again(
    place: World, scenes: list[SearchScene], reached: tuple[SearchServer, SlowWay]
) -> None:
    """It came back without the last that it had taken: the next check would come in an hour."""
    server, way = reached
    scene, common, items = filled(place, scenes, 5, server=server, url=way.url, settings=SOON)
    lost = next(iter(items))
    # The check that a new term begins with is over.
    wait_until(lambda: scene.services[0].metric("search_index_documents") == 5, seconds=40, what="the first check")
    way.cut()
    items |= set(submit(scene, 1, note=common))
    wait_until(lambda: "degraded" in scene.services[0].health().text, seconds=40, what="the indexer to notice")
    (index,) = server.indices(scene.alias)
    assert server.call("DELETE", f"/{index}/_doc/{lost}").status_code == 200
    way.mend()
    wait_until(lambda: lost in server.ids(scene.alias), seconds=60, every=0.5, what="the lost document")
    wait_for(scene, common, items)


def test_a_server_that_forgets_how_far_it_was_is_searched_again(
    place: World, scenes: list[SearchScene], reached: tuple[SearchServer, SlowWay]
) -> None:
    """One that was killed came back without its last writes, also those of the document that says how far it was."""
    server, way = reached
    scene, common, items = filled(place, scenes, 5, server=server, url=way.url, settings=SOON)
    control = f"/millrace-control/_doc/{scene.alias}"
    wait_until(lambda: scene.services[0].metric("search_index_documents") == 5, seconds=40, what="the first check")
    then = server.get(control).json()["_source"]
    lost = set(submit(scene, 5, note=common))
    wait_for(scene, common, items | lost)
    way.cut()
    wait_until(lambda: "degraded" in scene.services[0].health().text, seconds=40, what="the indexer to notice")
    (index,) = server.indices(scene.alias)
    for identifier in lost:
        assert server.call("DELETE", f"/{index}/_doc/{identifier}").status_code == 200
    assert server.call("PUT", control, then).status_code == 200
    way.mend()
    wait_for(scene, common, items | lost, seconds=60)
    assert server.ids(scene.alias) == items | lost


def test_what_a_server_lost_shortly_before_a_check_is_not_passed_over(place: World, scenes: list[SearchScene]) -> None:
    """It failed twice: the check that followed the first time left alone what was new at the second."""
    with gate_to_server(place) as (server, gate):
        scene, common, items = filled(place, scenes, 5, server=server, url=gate.url, settings={"SEARCH_CHECK_GRACE": "5s"})
        service = scene.services[0]
        wait_until(lambda: service.metric("search_index_documents") == 5, seconds=40, what="the first check")
        # It is over when the alias is looked at again.
        gate.passing(lambda request: request.path == f"/_alias/{scene.alias}").wait()

        def fail() -> None:
            """Until who looks after the index has met the error."""
            told = '"part":"search index"'
            before = service.log_text.count(told)
            gate.cut()
            wait_until(lambda: service.log_text.count(told) > before, what="the indexer to notice", every=0.1)

        fail()
        first = time.monotonic()
        gate.mend()
        # The check comes 7 s later, and leaves alone what is younger than 5 s.
        wait_until(lambda: time.monotonic() > first + 3, what="the second time")
        (lost,) = submit(scene, 1, note=common)
        wait_for(scene, common, items | {lost})
        fail()
        (index,) = server.indices(scene.alias)
        assert server.call("DELETE", f"/{index}/_doc/{lost}").status_code == 200
        gate.mend()
        wait_until(lambda: lost in server.ids(scene.alias), seconds=40, every=0.5, what="the lost document")


def test_what_a_server_lost_of_an_index_that_is_built_is_written_again(place: World, scenes: list[SearchScene]) -> None:
    """The check that follows looks at the index that serves, long before the other one takes its place."""
    with gate_to_server(place) as (server, gate):
        scene = SearchScene.open(place, "elasticsearch", server, gate.url, settings=SOON)
        scenes.append(scene)
        submit_many(scene, 250)
        service = scene.services[0]
        wait_until(lambda: service.metric("search_index_documents") == 250, seconds=40, what="the first check")
        old = scene.control()["serving"]["index"]

        def is_filling(request: Request) -> bool:
            return request.path.startswith("/_bulk") and old.encode() not in request.body

        second = gate.at(Moment(is_filling, do=gate.cut, number=2))
        assert scene.admin.post("/search/rebuild").status_code == 202
        second.wait()
        new = scene.control()["next"]["index"]
        lost = min(server.documents(new))
        assert server.call("DELETE", f"/{new}/_doc/{lost}").status_code == 200
        submit(scene, 1, note=word())
        wait_until(lambda: "degraded" in service.health().text, seconds=40, what="the indexer to notice")
        gate.refuse(is_filling)
        checking = gate.passing(lambda request: request.path == f"/{old}/_search" and b"digest" in request.body)
        gate.mend()
        checking.wait(40)
        gate.refuse(None)
        wait_until(lambda: server.indices(scene.alias) == [new], what="the new index")
        assert_complete(scene)
