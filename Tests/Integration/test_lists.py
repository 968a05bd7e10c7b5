"""Lists come page by page: nothing is left out, nothing comes twice, and a page is asked for in one way only."""

import httpx
import pytest

from desks import Floor, desk, desks
from world import World

CREW = 510


@pytest.fixture(scope="module")
def floor(world: World) -> Floor:
    """Agents beyond a usual page; one of them has items and a workbin; queues of several desks; some keys."""
    world.cores.ensure(2)
    configuration = desks(
        desk("busy", {"anna": {"capacity": 10}}),
        *(desk(name) for name in ("first", "second", "third")),
        desk("crew", [f"a{number:03}" for number in reversed(range(CREW))]),
    )
    floor = Floor(world, world.tenant(configuration))
    for name in ("first", "second", "third"):
        floor.submit(name)
    for name in ("reads", "looks", "sees"):
        assert floor.http.post("/keys", json={"name": name, "roles": ["reader"]}).status_code == 201
    floor.ready("busy-anna")
    items = [floor.submit("busy") for _ in range(5)]
    for item in items:
        floor.answer(floor.offered("busy-anna", item), "accept")
    # The oldest lie in the workbin, so that the list's order is not that of arrival alone.
    for item in items[:2]:
        floor.do(item, "park")
    return floor


@pytest.fixture(scope="module")
def elsewhere(world: World, floor: Floor) -> httpx.Client:
    """The same caller at another instance."""
    return world.http(floor.tenant.admin_key, world.cores.ensure(2)[1])


@pytest.fixture(scope="module")
def paths(floor: Floor) -> dict[str, str]:
    newest = floor.http.get("/agents/busy-anna/workitems").json()["items"][0]
    return {
        "agents": "/agents", "keys": "/keys", "queues": "/queues", "workbin": "/agents/busy-anna/workitems",
        "history": f"/workitems/{newest['id']}/history",
        "history by capture": f"/workitems/by-capture/vinst/{newest['captureId']}/history",
    }  # fmt: skip


LISTS = ["agents", "keys", "queues", "workbin", "history", "history by capture"]


def page(client: httpx.Client, path: str, **parameters: object) -> dict:
    answer = client.get(path, params=parameters)
    assert answer.status_code == 200, answer.text
    return answer.json()


def identity(entry: dict) -> object:
    """What tells an entry of any of the lists from the others."""
    return entry.get("id") or entry.get("revision") or (entry["endpoint"], entry.get("category"))


@pytest.mark.parametrize("name", LISTS)
def test_pages_make_up_the_whole_list(floor: Floor, elsewhere: httpx.Client, paths: dict[str, str], name: str) -> None:
    whole = page(floor.http, paths[name], limit=5000)
    assert whole["next"] is None
    expected = [identity(entry) for entry in whole["items"]]
    assert len(expected) >= 3
    assert len(set(expected)) == len(expected)
    for limit in (2, len(expected) - 1) if len(expected) < 100 else (90, len(expected) - 1):
        found, cursor, clients = [], None, [floor.http, elsewhere]
        while True:
            # Whichever instance is asked.
            clients.reverse()
            part = page(clients[0], paths[name], limit=limit, **({"cursor": cursor} if cursor else {}))
            assert 1 <= len(part["items"]) <= limit
            found += [identity(entry) for entry in part["items"]]
            cursor = part["next"]
            if cursor is None:
                break
            assert len(part["items"]) == limit
        assert found == expected, limit
    exact = page(floor.http, paths[name], limit=len(expected))
    assert ([identity(entry) for entry in exact["items"]], exact["next"]) == (expected, None)


def test_who_asks_for_no_page_gets_five_hundred(floor: Floor) -> None:
    first = page(floor.http, "/agents")
    assert len(first["items"]) == 500
    rest = page(floor.http, "/agents", cursor=first["next"])
    assert (len(rest["items"]), rest["next"]) == (CREW + 1 - 500, None)
    ids = [agent["id"] for agent in first["items"] + rest["items"]]
    assert ids == sorted(ids)


def test_what_an_agent_works_on_comes_before_what_it_has_parked(floor: Floor) -> None:
    items = page(floor.http, "/agents/busy-anna/workitems")["items"]
    assert [item["status"] for item in items] == ["assigned"] * 3 + ["parked"] * 2
    assert items[0]["receivedAt"] > items[-1]["receivedAt"]


def test_keys_come_oldest_first(floor: Floor) -> None:
    names = [key["name"] for key in page(floor.http, "/keys")["items"]]
    assert names[-3:] == ["reads", "looks", "sees"]


@pytest.mark.parametrize("name", LISTS)
def test_a_page_that_cannot_be_is_refused(floor: Floor, paths: dict[str, str], name: str) -> None:
    path = paths[name]
    good = page(floor.http, path, limit=1)["next"]
    other = page(floor.http, "/workitems", limit=1)["next"]
    wrong = [
        ("limit", "0"), ("limit", "5001"), ("limit", "-1"), ("limit", "many"), ("limit", ""),
        ("cursor", ""), ("cursor", "x"), ("cursor", other), ("cursor", good[:-2]), ("cursor", good + "AA"), ("page", "2"),
    ]  # fmt: skip
    for parameter, value in wrong:
        answer = floor.http.get(path, params={parameter: value})
        assert answer.status_code == 400, (parameter, value, answer.text)
        assert [error["path"] for error in answer.json()["errors"]] == [parameter]
    assert floor.http.get(path, params=[("cursor", good), ("cursor", good)]).status_code == 400


def test_a_cursor_is_good_for_one_subject_only(floor: Floor, paths: dict[str, str]) -> None:
    cursor = page(floor.http, paths["workbin"], limit=1)["next"]
    assert floor.http.get("/agents/crew-a001/workitems", params={"cursor": cursor}).status_code == 400
    another = floor.submit("first")
    cursor = page(floor.http, paths["history"], limit=1)["next"]
    assert floor.http.get(f"/workitems/{another['id']}/history", params={"cursor": cursor}).status_code == 400
    # By captureId it is the same item.
    assert page(floor.http, paths["history by capture"], cursor=cursor)["items"]
