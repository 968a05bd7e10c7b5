"""Whose index it is, at which server, and by which secret."""

import base64
from collections.abc import Iterator

import pytest

from mail_room import MailRoom, configuration
from search.filled import filled, search_world, searched, submit, wait_for, word
from search_scene import SearchScene
from search_servers import SearchServer
from stack import Stack
from waiting import wait_until
from world import World


@pytest.fixture(scope="module")
def place(stack: Stack) -> Iterator[World]:
    with search_world(stack, "search-settings") as world:
        yield world


def test_an_index_of_another_owner_is_left_alone(place: World, scenes: list[SearchScene]) -> None:
    """Two tenants were given one alias."""
    first, common, items = filled(place, scenes, 3)
    document = configuration(search={"url": first.server.url, "answersWithin": "10s", "alias": first.alias})
    second = SearchScene(MailRoom.open(place, document), place)
    scenes.append(second)
    other = second.service(SEARCH_CHECK_EVERY="1s").start()
    second.services.append(other)
    theirs = set(submit(second, 2, note=common))
    wait_until(lambda: "is that of another tenant" in other.health().text, seconds=40, what="the indexer to say so")
    wait_for(second, common, theirs, "postgresql")
    assert first.server.ids(first.alias) == items
    wait_for(first, common, items)


def test_settings_and_secrets_are_followed(place: World, scenes: list[SearchScene]) -> None:
    """A tenant gets a server, and gives it up again."""
    scene = SearchScene.open(place)
    scenes.append(scene)
    scene.services.append(scene.service().start())
    common = word()
    items = set(submit(scene, 3, note=common))
    wait_for(scene, common, items, "postgresql")
    server = SearchServer("opensearch", place.folder / "late").start()
    try:
        assert scene.admin.put("/secrets/es", json={"password": "a secret of tests"}).status_code == 204
        document = scene.admin.get("/configuration").json()
        document.pop("version", None)
        document["search"] = {"url": server.url, "user": "millrace", "secret": "es"}
        assert scene.admin.put("/configuration", json=document).status_code == 200
        wait_for(scene, common, items)
        log = scene.services[0].log_text + place.cores.running[0].log_text
        assert "a secret of tests" not in log and base64.b64encode(b"millrace:a secret of tests").decode() not in log
        del document["search"]
        assert scene.admin.put("/configuration", json=document).status_code == 200
        wait_until(lambda: searched(scene, common)[1] == {"index": "postgresql"}, what="PostgreSQL alone")
        assert scene.services[0].is_ready()
    finally:
        server.close()


def test_an_address_that_is_not_allowed_is_not_called(place: World, scenes: list[SearchScene]) -> None:
    scene = SearchScene.open(place, "elasticsearch", url="http://192.0.2.1:9200")
    scenes.append(scene)
    items = set(submit(scene, 1, note=(common := word())))
    wait_for(scene, common, items, "postgresql")
    assert "refuses" in searched(scene, common)[1]["note"]
