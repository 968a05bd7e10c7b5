"""Instances of the search service that die and sleep: nothing is missed, and nothing older overwrites."""

from collections.abc import Iterator

import pytest

from search.filled import change, closing_all, filled, search_world, searched, submit, wait_for, word
from search_scene import SearchScene
from stack import Stack
from waiting import wait_until
from world import World


@pytest.fixture(scope="module")
def place(stack: Stack) -> Iterator[World]:
    with search_world(stack, "search-standby") as world:
        yield world


@pytest.fixture
def scenes() -> Iterator[list[SearchScene]]:
    """What a test opens is closed when it ends."""
    with closing_all() as opened:
        yield opened


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
