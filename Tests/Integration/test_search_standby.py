"""Instances of the search service that die, sleep and believe that they hold: nothing is missed, and nothing older overwrites."""

from collections.abc import Iterator

import psycopg
import pytest
import redis

from search.check import assert_complete, assert_tidy
from search.filled import change, filled, gate_to_server, search_world, searched, submit, wait_for, word
from search.gate import Gate, Moment
from search_scene import SearchScene
from stack import Stack
from waiting import wait_until
from world import World


@pytest.fixture(scope="module")
def place(stack: Stack) -> Iterator[World]:
    with search_world(stack, "search-standby") as world:
        yield world


@pytest.fixture
def gated(place: World, request: pytest.FixtureRequest) -> Iterator[tuple[SearchScene, Gate]]:
    """An index with two instances, and a gate on the way to its server."""
    with gate_to_server(place, getattr(request, "param", "elasticsearch")) as (server, gate):
        scene = SearchScene.open(place, server.kind, server, gate.url, instances=2)
        try:
            yield scene, gate
        finally:
            scene.close()


def test_killed_indexers_miss_nothing(place: World, scenes: list[SearchScene]) -> None:
    scene = SearchScene.open(place, "elasticsearch")
    scenes.append(scene)
    scene.services.append(scene.service().start())
    common = word()
    items: set[str] = set()
    for number in range(4):
        items |= set(submit(scene, 10, note=common))
        victim = scene.services[number % 2]
        victim.kill()
        items |= set(submit(scene, 5, note=common))
        victim.launch()
    for service in scene.services:
        service.wait_ready()
    wait_for(scene, common, items, seconds=30)
    assert scene.server.ids(scene.alias) == items
    # One of the two holds.
    wait_until(
        lambda: sum(service.metric("projection_holder", projection="search") for service in scene.services) == 1,
        seconds=15, what="one holder",
    )  # fmt: skip


def test_a_paused_holder_overwrites_nothing_when_it_wakes(place: World, scenes: list[SearchScene]) -> None:
    scene, common, items = filled(place, scenes, 5)
    first = scene.services[0]
    second = scene.service().start()
    scene.services.append(second)
    first.pause()
    changed = items.pop()
    change(scene, changed, note="other")
    items |= set(submit(scene, 5, note=common))
    wait_for(scene, common, items, seconds=30)
    first.resume()
    more = set(submit(scene, 3, note=common))
    wait_for(scene, common, items | more)
    documents = scene.server.ids(scene.alias)
    assert documents == items | more | {changed}


def test_an_index_that_nobody_writes_is_not_searched(place: World, scenes: list[SearchScene]) -> None:
    scene, common, items = filled(place, scenes, 3)
    scene.services[0].kill()
    items |= set(submit(scene, 2, note=common))
    wait_for(scene, common, items, "postgresql")
    assert "does not follow" in searched(scene, common)[1]["note"]
    scene.services[0].start()
    wait_for(scene, common, items)


def take_lease(place: World, scene: SearchScene) -> None:
    """The lease's key is taken away: who held goes on believing it, and the other one is elected as well."""
    term = scene.control()["term"]
    key = f"{place.redis_prefix}lease:search:{scene.room.tenant.name}"
    with redis.Redis.from_url(place.stack.redis_url) as client:
        assert client.delete(key) == 1
        client.publish(f"{key}:released", "")
    wait_until(lambda: scene.control()["term"] > term, what="another term")


def held_bulk(gate: Gate, item: str) -> Moment:
    """The next request that writes an item's document is held."""
    return gate.at(Moment(lambda request: request.path.startswith("/_bulk") and item.encode() in request.body, is_held=True))


def test_a_batch_of_one_who_held_changes_nothing_that_is_newer(place: World, gated: tuple[SearchScene, Gate]) -> None:
    """Two believe that they hold, and what the first has sent arrives when the second has gone on."""
    scene, gate = gated
    (item, *_), older, newer = submit(scene, 5, note=word()), word(), word()
    assert_complete(scene)
    point = held_bulk(gate, item)
    change(scene, item, note=older)
    point.wait()
    take_lease(place, scene)
    change(scene, item, note=newer)
    wait_until(lambda: newer in scene.server.contents(scene.alias), what="the newer words")
    position = scene.control()["serving"]["position"]
    point.let_go.set()
    assert point.done.wait(30)
    contents = scene.server.contents(scene.alias)
    assert newer in contents and older not in contents
    assert scene.control()["serving"]["position"] >= position
    assert_complete(scene)


@pytest.mark.parametrize("gated", ["opensearch"], indirect=True)
def test_a_batch_of_one_who_held_brings_nothing_back(place: World, gated: tuple[SearchScene, Gate]) -> None:
    """The same with an item that retention has taken meanwhile. (noida-db forgets the version of what is deleted.)"""
    scene, gate = gated
    item, *others = submit(scene, 5, note=word())
    scene.room.complete(item)
    assert_complete(scene)
    point = held_bulk(gate, item)
    assert scene.admin.post(f"/workitems/{item}/restart").status_code == 200
    point.wait()
    take_lease(place, scene)
    scene.room.complete(item)
    with psycopg.connect(place.admin_url, autocommit=True) as connection:
        connection.execute("UPDATE work_item SET completed_at = 1 WHERE id = %s", [item])
    # Who takes a tenant over clears away at once.
    core = place.cores.running[0]
    core.stop()
    core.start()
    wait_until(lambda: scene.server.ids(scene.alias) == set(others), what="the document to be gone")
    point.let_go.set()
    assert point.done.wait(30)
    assert scene.server.ids(scene.alias) == set(others)
    assert_complete(scene)


def test_progress_of_one_who_held_takes_nothing_back(place: World, gated: tuple[SearchScene, Gate]) -> None:
    """What the first one says of how far it is arrives when the second has gone on."""
    scene, gate = gated
    items = submit(scene, 3, note=word())
    assert_complete(scene)
    point = gate.at(Moment(lambda request: request.method == "PUT" and "/millrace-control/" in request.path, is_held=True))
    change(scene, items[0], note=word())
    point.wait()
    take_lease(place, scene)
    change(scene, items[1], note=word())
    assert_complete(scene)
    before = scene.control()
    point.let_go.set()
    assert point.done.wait(30)
    assert scene.control() == before
    change(scene, items[2], note=word())
    assert_complete(scene)


def test_a_switch_of_one_who_held_moves_no_alias_back(place: World, gated: tuple[SearchScene, Gate]) -> None:
    """The first one has moved the alias in its mind; the second has done so, and once more to a further index."""
    scene, gate = gated
    submit(scene, 3, note=word())
    assert_complete(scene)
    point = gate.at(Moment(lambda request: request.path.startswith("/_aliases"), is_held=True))
    assert scene.admin.post("/search/rebuild").status_code == 202
    point.wait()
    take_lease(place, scene)
    wait_until(lambda: is_rebuilt(scene, 1), what="the first rebuild by the other one")
    assert scene.admin.post("/search/rebuild").status_code == 202
    wait_until(lambda: is_rebuilt(scene, 2), what="the second rebuild")
    point.let_go.set()
    assert point.done.wait(30)
    submit(scene, 1, note=word())
    assert_complete(scene)
    scene.replace(SEARCH_CHECK_EVERY="1s")
    assert_tidy(scene)
    assert_complete(scene)


def is_rebuilt(scene: SearchScene, number: int) -> bool:
    told = scene.control()
    return told["rebuilt"] == number and "next" not in told
