"""The search service when its server is slow, down or empty, when its index was tampered with, and when it is killed."""

import base64
import time
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

import psycopg
import pytest

from feed_clearing import clear_feed
from mail_room import SECRETS_KEY, MailRoom, configuration
from own_world import own_world
from search_scene import SearchScene
from search_servers import SearchServer, SlowWay
from stack import Stack
from waiting import wait_until
from world import World


@pytest.fixture(scope="module")
def place(stack: Stack) -> Iterator[World]:
    """A world whose search servers fail."""
    with own_world(stack, "search-faults") as world:
        world.cores.start(1, SECRETS_KEY=SECRETS_KEY, OUTBOUND_ALLOW="127.0.0.0/8")
        yield world


@pytest.fixture
def scenes(place: World) -> Iterator[list[SearchScene]]:
    """What a test opens is closed when it ends."""
    opened: list[SearchScene] = []
    yield opened
    for scene in opened:
        scene.close()


def word() -> str:
    return f"w{uuid.uuid4().hex[:12]}"


def submit(scene: SearchScene, count: int, **attributes: object) -> list[str]:
    """Items by one bulk of requests; their ids."""
    return [scene.submit(name := word(), f"F-{name}", **attributes) for _ in range(count)]


def searched(scene: SearchScene, query: str) -> tuple[set[str], dict]:
    """The ids of a page of what is found, and which index told them."""
    answer = scene.admin.get("/workitems", params={"q": query, "limit": 500})
    assert answer.status_code == 200, answer.text
    page = answer.json()
    return {item["id"] for item in page["items"]}, page["search"]


def wait_for(scene: SearchScene, query: str, expected: set[str], index: str = "elasticsearch", seconds: float = 40) -> None:
    wait_until(
        lambda: (found := searched(scene, query))[0] == expected and found[1]["index"] == index,
        seconds=seconds, every=0.1, what=f"{len(expected)} items by {index}",
    )  # fmt: skip


def filled(
    place: World, scenes: list[SearchScene], count: int, kind: str = "elasticsearch", **section: object
) -> tuple[SearchScene, str, set[str]]:
    """A tenant with a search server, and so many items that are found by a word."""
    scene = SearchScene.open(place, kind, **section)
    scenes.append(scene)
    common = word()
    items = set(submit(scene, count, note=common))
    wait_for(scene, common, items)
    return scene, common, items


@pytest.fixture
def reached(place: World) -> Iterator[tuple[SearchServer, SlowWay]]:
    """A server of its own, and the way to it."""
    server = SearchServer("elasticsearch", place.folder / f"reached-{word()}").start()
    way = SlowWay(server.port)
    yield server, way
    way.close()
    server.close()


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
    assert time.monotonic() - began < 5
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
    assert time.monotonic() - began < 2.5
    assert found == items and search["index"] == "postgresql" and "in time" in search["note"], search
    began = time.monotonic()
    more = set(submit(scene, 10, note=common))
    assert time.monotonic() - began < 5
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
    scene, common, items = filled(place, scenes, 5, server=server, url=way.url)
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
    scene, common, items = filled(place, scenes, 5, server=server, url=way.url)
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


def test_an_index_that_missed_many_cleared_events_is_searched_again(place: World, scenes: list[SearchScene]) -> None:
    """The feed has nothing of what came meanwhile, and nothing has come since."""
    scene, common, items = filled(place, scenes, 3)
    (service,) = scene.services
    service.stop()
    missed = submit(scene, 8, note=common)

    def change(number: int) -> int:
        body = {"attributes": {"number": number}}
        return scene.admin.patch(f"/workitems/{missed[number % 8]}", json=body, headers={"If-Match": "*"}).status_code

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(change, range(1001))) == {200}
    clear_feed(place, scene.room.tenant.name)
    service.start()
    wait_for(scene, common, items | set(missed), seconds=60)


def test_an_index_is_built_anew_while_it_is_searched(place: World, scenes: list[SearchScene]) -> None:
    scene, common, items = filled(place, scenes, 60)
    (old,) = scene.server.indices(scene.alias)
    url = place.cores.running[0].url
    told = place.run("rebuild", "--search", "--url", url, "--key", scene.room.tenant.admin_key).stdout
    assert "built anew" in told
    end = time.monotonic() + 30
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
    answer = scene.admin.patch(f"/workitems/{changed}", json={"attributes": {"note": "other"}}, headers={"If-Match": "*"})
    assert answer.status_code == 200
    wait_for(scene, common, items - {changed})


def test_a_check_mends_what_is_missing_changed_or_too_much(place: World, scenes: list[SearchScene]) -> None:
    scene, common, found = filled(place, scenes, 12)
    items = sorted(found)
    service = scene.services[0]
    # A change that is on its way is no mistake: what is younger than 10 s is left alone.
    changed_at = newest(scene, items)
    wait_until(lambda: time.time() > changed_at + 10, seconds=20, every=0.5, what="the items to be old enough")
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
    checking = scene.service(SEARCH_CHECK_EVERY="1s").start()
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


def test_an_index_that_nobody_writes_is_not_searched(place: World, scenes: list[SearchScene]) -> None:
    scene, common, items = filled(place, scenes, 3)
    scene.services[0].kill()
    items |= set(submit(scene, 2, note=common))
    wait_for(scene, common, items, "postgresql")
    assert "does not follow" in searched(scene, common)[1]["note"]
    scene.services[0].start()
    wait_for(scene, common, items)


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
    answer = scene.admin.patch(f"/workitems/{changed}", json={"attributes": {"note": "other"}}, headers={"If-Match": "*"})
    assert answer.status_code == 200
    items |= set(submit(scene, 5, note=common))
    wait_for(scene, common, items, seconds=30)
    first.resume()
    more = set(submit(scene, 3, note=common))
    wait_for(scene, common, items | more)
    documents = scene.server.ids(scene.alias)
    assert documents == items | more | {changed}


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
