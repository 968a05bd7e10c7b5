"""Search after somebody has had a hand in what the search server keeps: indices, aliases, and the document that says how far it is."""

import time
from collections.abc import Iterator

import pytest

from feed_clearing import clear_feed
from search.filled import filled, search_world, searched, submit, wait_for
from search_scene import SearchScene
from search_servers import SearchServer, SlowWay
from stack import Stack
from waiting import wait_until
from world import World


@pytest.fixture(scope="module")
def place(stack: Stack) -> Iterator[World]:
    with search_world(stack, "search-operators") as world:
        yield world


def test_an_alias_that_stands_for_two_indices_breaks_no_search(place: World, scenes: list[SearchScene]) -> None:
    scene, common, items = filled(place, scenes, 5)
    server, alias = scene.server, scene.alias
    # Nobody puts it right.
    scene.services[0].stop()
    (index,) = server.indices(alias)
    copy = f"{alias}-copy"
    mappings = server.get(f"/{index}/_mapping").json()[index]
    assert server.call("PUT", f"/{copy}", mappings).status_code == 200
    for hit in server.call("POST", f"/{index}/_search", {"size": 100}).json()["hits"]["hits"]:
        assert server.call("PUT", f"/{copy}/_doc/{hit['_id']}", hit["_source"]).status_code in (200, 201)
    server.call("POST", f"/{copy}/_refresh")
    both = {"actions": [{"add": {"index": copy, "alias": alias}}]}
    assert server.call("POST", "/_aliases", both).status_code == 200
    found, search = searched(scene, common)
    assert found == items and search["index"] == "elasticsearch", search
    # Page by page as well.
    assert sorted(scene.find(common, limit=2)) == sorted(scene.names([{"id": item} for item in items]))
    scene.services[0].start()
    wait_until(lambda: server.indices(alias) == [index], what="the alias on one index")


def test_an_index_without_its_control_document_is_not_searched_until_it_is_whole(
    place: World, scenes: list[SearchScene], reached: tuple[SearchServer, SlowWay]
) -> None:
    server, way = reached
    scene, common, items = filled(place, scenes, 5, server=server, url=way.url)
    (old,) = server.indices(scene.alias)
    control = f"/millrace-control/_doc/{scene.alias}"

    def serving() -> dict:
        return (server.get(control).json().get("_source") or {}).get("serving", {})

    # Each step of the indexer takes a while.
    way.delay = 0.7
    assert server.call("DELETE", control).status_code == 200
    items |= set(submit(scene, 3, note=common))
    wait_until(lambda: serving().get("index") not in (None, old), seconds=60, what="another index")
    # The old one hears of nothing any more.
    wait_until(lambda: server.indices(scene.alias) != [old], seconds=30, what="the alias to be taken off the old index")
    assert "walked" not in serving() or server.indices(scene.alias) == []
    way.delay = 0
    wait_for(scene, common, items)
    assert server.indices(scene.alias) == [serving()["index"]]


def test_what_the_feed_no_longer_tells_is_read_from_the_items_at_once(place: World, scenes: list[SearchScene]) -> None:
    """Not first by the check, which follows some time later."""
    scene, common, items = filled(place, scenes, 3)
    (service,) = scene.services
    service.stop()
    items |= set(submit(scene, 5, note=common))
    clear_feed(place, scene.room.tenant.name)
    items |= set(submit(scene, 1, note=common))
    # It leaves what is new alone.
    other = scene.service(SEARCH_CHECK_GRACE="5m").start()
    scene.services.append(other)
    wait_for(scene, common, items)
    assert other.metric("search_repaired_documents_total") == 0


def test_an_index_that_the_server_made_of_its_own_accord_is_removed(place: World, scenes: list[SearchScene]) -> None:
    """As OpenSearch does when a document is to be taken out of an index that is gone; whatever else begins so stays."""
    scene, common, items = filled(place, scenes, 2, "opensearch")
    made, other = f"{scene.alias}-abc123-write", f"{scene.alias}-backup"
    for name in (made, other):
        assert scene.server.call("PUT", f"/{name}").status_code == 200
    service = scene.service(SEARCH_CHECK_EVERY="1s")
    scene.services[0].stop()
    scene.services.append(service.start())
    wait_until(lambda: scene.server.get(f"/{made}").status_code == 404, seconds=40, what="the index to be removed")
    assert scene.server.get(f"/{other}").status_code == 200
    wait_for(scene, common, items)
