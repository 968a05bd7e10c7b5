"""A search index that is built anew, that missed what the feed has no more, and that a check mends."""

import time
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

import psycopg
import pytest

from feed_clearing import clear_feed
from search.filled import change, filled, search_world, searched, submit, wait_for
from search_scene import SearchScene
from stack import Stack
from waiting import wait_until
from world import World


@pytest.fixture(scope="module")
def place(stack: Stack) -> Iterator[World]:
    with search_world(stack, "search-rebuilds") as world:
        yield world


def test_an_index_that_missed_many_cleared_events_is_searched_again(place: World, scenes: list[SearchScene]) -> None:
    """The feed has nothing of what came meanwhile, and nothing has come since."""
    scene, common, items = filled(place, scenes, 3)
    (service,) = scene.services
    service.stop()
    missed = submit(scene, 8, note=common)

    def touch(number: int) -> int:
        body = {"attributes": {"number": number}}
        return scene.admin.patch(f"/workitems/{missed[number % 8]}", json=body, headers={"If-Match": "*"}).status_code

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(touch, range(1001))) == {200}
    clear_feed(place, scene.room.tenant.name)
    service.start()
    wait_for(scene, common, items | set(missed), seconds=60)


def test_an_index_is_built_anew_while_it_is_searched(place: World, scenes: list[SearchScene]) -> None:
    scene, common, items = filled(place, scenes, 60)
    (old,) = scene.server.indices(scene.alias)
    url = place.cores.running[0].url
    told = place.run("rebuild", "--search", "--url", url, "--key", scene.room.tenant.admin_key).stdout
    assert "built anew" in told
    end = time.monotonic() + 60
    while scene.server.indices(scene.alias) == [old]:
        assert time.monotonic() < end, "no new index"
        found, search = searched(scene, common)
        assert found >= items and search["index"] == "elasticsearch", search
        items |= set(submit(scene, 1, note=common))
        wait_for(scene, common, items)
    (new,) = scene.server.indices(scene.alias)
    assert new != old
    wait_for(scene, common, items)
    assert scene.server.ids(scene.alias) >= items
    wait_until(lambda: scene.server.get(f"/{old}").status_code == 404, what="the old index to be gone")
    # A database that was restored from before the rebuild counts anew.
    with psycopg.connect(place.admin_url) as connection:
        connection.execute("UPDATE search_progress SET rebuilds = 0 WHERE rebuilds = 1")
    wait_until(lambda: scene.server.indices(scene.alias) not in ([new], []), seconds=40, what="an index of its own")
    assert "built anew" in place.run("rebuild", "--search", "--url", url, "--key", scene.room.tenant.admin_key).stdout
    (third,) = scene.server.indices(scene.alias)
    wait_until(lambda: scene.server.indices(scene.alias) not in ([third], []), seconds=40, what="the index that is asked for")
    # What was changed before, meanwhile and afterwards is the same in the new one.
    changed = next(iter(items))
    change(scene, changed, note="other")
    wait_for(scene, common, items - {changed})


def test_a_check_mends_what_is_missing_changed_or_too_much(place: World, scenes: list[SearchScene]) -> None:
    scene, common, found = filled(place, scenes, 12)
    items = sorted(found)
    service = scene.services[0]
    # A change that is on its way is no mistake: what is younger than the check grace is left alone.
    changed_at = newest(scene, items)
    wait_until(lambda: time.time() > changed_at + 2, seconds=20, every=0.1, what="the items to be old enough")
    (index,) = scene.server.indices(scene.alias)
    service.stop()
    gone, changed, extra = items[0], items[1], str(uuid.uuid4())
    assert scene.server.call("DELETE", f"/{index}/_doc/{gone}").status_code == 200
    document = scene.server.get(f"/{index}/_doc/{changed}").json()["_source"]
    for identifier, rest in ((changed, {"digest": "of something else", "attributes": ["nothing"]}), (extra, {})):
        body = {**document, **rest, "id": identifier}
        assert scene.server.call("PUT", f"/{index}/_doc/{identifier}", body).status_code in (200, 201)
    assert extra in scene.server.ids(scene.alias) and gone not in scene.server.ids(scene.alias)
    # Nobody is shown what has no item, and nothing else is missing.
    assert searched(scene, common)[0] == set(items) - {gone, changed}
    checking = scene.service(SEARCH_CHECK_EVERY="1s", SEARCH_CHECK_GRACE="2s").start()
    scene.services.append(checking)
    wait_for(scene, common, set(items), seconds=30)
    wait_until(lambda: scene.server.ids(scene.alias) == set(items), seconds=20, what="the extra document to be gone")
    mended = "search_repaired_documents_total"
    for kind in ("missing", "stale", "extra"):
        wait_until(lambda kind=kind: checking.metric(mended, kind=kind) == 1, what=f"the count of {kind} documents")
    wait_until(lambda: checking.metric("search_index_documents") == len(items), what="the count of documents")
    wait_until(lambda: checking.metric("search_items") == len(items), what="the count of items")
    # A switch that was cut short leaves its old index behind; what only begins alike is somebody else's.
    left, other = f"{scene.alias}-left", f"{scene.alias}-b-left"
    for name in (left, other):
        assert scene.server.call("PUT", f"/{name}", {"aliases": {f"{name}-write": {}}}).status_code == 200
    wait_until(lambda: scene.server.get(f"/{left}").status_code == 404, seconds=20, what="the leftover to be gone")
    assert scene.server.get(f"/{other}").status_code == 200
    # Somebody takes the alias away.
    assert scene.server.call("DELETE", f"/{index}/_alias/{scene.alias}").status_code == 200
    wait_for(scene, common, set(items))


def newest(scene: SearchScene, items: list[str]) -> float:
    """Seconds since 1970 of the last change to any of these."""
    return max(datetime.fromisoformat(scene.room.item(item)["updatedAt"]).timestamp() for item in items)


def test_an_index_is_well_when_all_events_of_a_quiet_tenant_were_cleared_away(place: World, scenes: list[SearchScene]) -> None:
    scene, common, items = filled(place, scenes, 3)
    (service,) = scene.services
    wait_until(lambda: service.metric("projection_lag_events") == 0, what="no lag")
    clear_feed(place, scene.room.tenant.name)
    service.stop()
    service.start()
    wait_until(lambda: service.metric("projection_feed_requests_total") > 0, what="a question to the feed")
    assert service.metric("projection_failures_total") == 0
    wait_for(scene, common, items)
    items |= set(submit(scene, 1, note=common))
    wait_for(scene, common, items)
