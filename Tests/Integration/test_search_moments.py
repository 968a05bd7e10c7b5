"""A rebuild of the search index that is cut short between two of its steps: one complete index is left, and no other."""

import json
import shutil
import uuid
from collections.abc import Callable, Iterator

import httpx
import pytest

from search.check import assert_complete, assert_tidy
from search.filled import change, gate_to_server, search_world, submit_many, word
from search.gate import Gate, Moment, Request
from search_scene import SearchScene
from search_servers import SearchServer
from stack import Stack
from waiting import wait_until
from world import World

# More than a page of a walk.
ITEMS = 250
# What a rebuild leaves out no check mends soon.
CHECKS = {"SEARCH_CHECK_EVERY": "1s", "SEARCH_CHECK_GRACE": "5m"}
CONTROL = "/millrace-control/_doc/"


def is_bulk(request: Request) -> bool:
    return request.path.startswith("/_bulk")


# By the name of the index that serves: which request it is before which, or after whose effect, the rebuild ends.
MOMENTS: dict[str, Callable[[str], Moment]] = {
    "while_it_is_filled": lambda old: Moment(lambda r: is_bulk(r) and old.encode() not in r.body, number=2),
    "after_a_page_was_written": lambda old: Moment(lambda r: is_bulk(r) and old.encode() not in r.body, answered=True),
    "before_the_alias_moves": lambda old: Moment(lambda r: r.path.startswith("/_aliases")),
    "after_the_alias_moved": lambda old: Moment(lambda r: r.path.startswith("/_aliases"), answered=True),
    "before_it_is_told": lambda old: Moment(lambda r: serves_another(r, old)),
    "after_it_was_told": lambda old: Moment(lambda r: serves_another(r, old), answered=True),
    "before_the_old_one_goes": lambda old: Moment(lambda r: r.method == "DELETE" and r.path == f"/{old}"),
    "after_the_old_one_went": lambda old: Moment(lambda r: r.method == "DELETE" and r.path == f"/{old}", answered=True),
}


def serves_another(request: Request, old: str) -> bool:
    """Whether the control document is told that another index serves."""
    if request.method != "PUT" or not request.path.startswith(CONTROL):
        return False
    return json.loads(request.body)["serving"]["index"] != old


@pytest.fixture(scope="module")
def place(stack: Stack) -> Iterator[World]:
    with search_world(stack, "search-moments") as world:
        yield world


@pytest.fixture
def gated(place: World) -> Iterator[tuple[SearchServer, Gate]]:
    with gate_to_server(place) as found:
        yield found


@pytest.fixture(scope="module")
def scene(place: World) -> Iterator[tuple[SearchScene, Gate]]:
    """An index with two instances that check all the time, but nothing that is new; each test leaves it as it should be."""
    with gate_to_server(place) as (server, gate):
        scene = SearchScene.open(place, "elasticsearch", server, gate.url, instances=2, settings=CHECKS)
        try:
            submit_many(scene, ITEMS)
            assert_complete(scene)
            yield scene, gate
        finally:
            gate.mend()
            scene.close()


@pytest.mark.parametrize("how", ["killed", "cut"])
@pytest.mark.parametrize("moment", MOMENTS)
def test_a_rebuild_that_is_cut_short_is_carried_on(scene: tuple[SearchScene, Gate], moment: str, how: str) -> None:
    search, gate = scene
    item, changed = erasable(search), search.submit("changed", f"M-{word()}", note=word())
    assert_complete(search)
    old = search.control()["serving"]["index"]
    victim = wait_until(lambda: search.holder, what="a holder")
    point = gate.at(MOMENTS[moment](old))
    point.do = victim.kill if how == "killed" else gate.cut
    number = search.admin.post("/search/rebuild").raise_for_status().json()["rebuilds"]
    point.wait()
    # Nobody carries it on yet.
    assert search.admin.post("/customers/erase", json={"customer": item}).json()["erasedWorkItems"] == 1
    change(search, changed, note=word())
    search.submit("new", f"M-{word()}", note=word())
    if how == "killed":
        victim.start()
    else:
        gate.mend()
    assert_complete(search)
    assert_tidy(search)
    assert search.control()["rebuilt"] == number and search.control()["serving"]["index"] != old
    for index in search.server.named(search.alias):
        assert item not in search.server.contents(index)
    # It was not a check that made it whole.
    for service in search.services:
        assert service.metric("search_repaired_documents_total") == 0


@pytest.mark.parametrize("how", ["killed", "cut"])
def test_an_index_that_is_filled_for_the_first_time_goes_on_where_it_was(
    place: World, gated: tuple[SearchServer, Gate], how: str
) -> None:
    server, gate = gated
    search = SearchScene.open(place, "elasticsearch", server, gate.url, instances=0)
    try:
        submit_many(search, ITEMS)
        first = search.service(**CHECKS)
        search.services.append(first)
        point = gate.at(Moment(is_bulk, do=first.kill if how == "killed" else gate.cut, number=2))
        first.launch()
        point.wait()
        if how == "killed":
            first.start()
        else:
            gate.mend()
        assert_complete(search)
        assert_tidy(search)
        assert first.metric("search_repaired_documents_total") == 0
    finally:
        gate.mend()
        search.close()


@pytest.mark.parametrize("lost", ["everything", "the_new_index"])
@pytest.mark.parametrize("moment", ["after_a_page_was_written", "before_the_alias_moves"])
def test_a_rebuild_whose_index_is_lost_begins_anew(
    place: World, gated: tuple[SearchServer, Gate], moment: str, lost: str
) -> None:
    """What is remembered of the rebuild is no good any more."""
    server, gate = gated
    search = SearchScene.open(place, "elasticsearch", server, gate.url)
    try:
        search.submit("item", f"M-{word()}", note=word())
        assert_complete(search)
        point = gate.at(MOMENTS[moment](search.control()["serving"]["index"]))
        point.do = gate.cut
        assert search.admin.post("/search/rebuild").status_code == 202
        point.wait()
        if lost == "everything":
            server.kill()
            shutil.rmtree(server.folder)
            server.start()
        else:
            assert server.call("DELETE", f"/{search.control()['next']['index']}").status_code == 200
        gate.mend()
        wait_until(
            lambda: search.control()["rebuilt"] == 1 and "next" not in search.control(),
            seconds=40, every=0.2, what="the rebuild", forgiving=(httpx.HTTPError, KeyError),
        )  # fmt: skip
        assert_complete(search)
    finally:
        search.close()


def erasable(search: SearchScene) -> str:
    """A customer with one item, who is named nowhere else."""
    customer = f"customer{uuid.uuid4().hex}"
    search.submit(customer, f"M-{customer}", customer=customer, note=f"of {customer}")
    return customer
