"""What operators see: lists that filter, sort and page without gaps, and the numbers of the queues."""

import pytest

from desks import Floor, ahead, desk, desks, moment
from waiting import wait_until
from world import World


@pytest.fixture(scope="module")
def floor(world: World) -> Floor:
    world.cores.ensure(1)
    configuration = desks(
        desk("listed", {"anna": {"capacity": 5}}, children=[
            {"name": "Major", "when": {"all": [{"attribute": "impact", "is": "Major"}]}},
            {"name": "Major two", "when": {"all": [{"attribute": "impact", "is": "two"}]}},
        ]),
        desk("counted", {"anna": {"capacity": 1}, "bert": {"capacity": 5}, "cleo": {}}),
        desk("paged"),
        desk("empty", {"anna": {}, "bert": {}}),
    )  # fmt: skip
    return Floor(world, world.tenant(configuration))


def listed(floor: Floor, **parameters: object) -> list[dict]:
    """The whole list, page by page."""
    found, cursor = [], None
    while True:
        answer = floor.http.get("/workitems", params={**parameters, **({"cursor": cursor} if cursor else {})})
        page = answer.raise_for_status().json()
        assert len(page["items"]) <= parameters.get("limit", 50)
        found += page["items"]
        cursor = page["next"]
        if cursor is None:
            return found


@pytest.fixture(scope="module")
def shown(floor: Floor) -> dict[str, dict]:
    """Items of every kind, by what they are."""
    items = {
        "plain": floor.submit("listed"),
        "major": floor.submit("listed", attributes={"impact": "Major", "product": "Näckrosen 7%_"}),
        "two": floor.submit("listed", attributes={"impact": "two"}),
        "web": floor.submit("listed", source="web"),
        "held": floor.submit("listed"),
        "done": floor.submit("listed"),
        "assigned": floor.submit("listed"),
        "future": floor.submit("listed", activation=ahead(3600)),
    }
    floor.do(items["held"], "hold")
    floor.do(items["done"], "complete")
    floor.do(items["assigned"], "assign", agent="listed-anna")
    # What is searched is written behind.
    wait_until(lambda: listed(floor, q=f"captureId:{items['future']['captureId']}"), what="the last item in the index")
    return items


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({}, {"plain", "major", "two", "web", "held", "done", "assigned", "future"}),
        ({"status": "held"}, {"held"}),
        ({"status": ["completed", "new"]}, {"done", "future"}),
        ({"status": "completed,held,assigned"}, {"done", "held", "assigned"}),
        ({"category": "listed/Major"}, {"major"}),
        ({"category": "listed/Major two"}, {"two"}),
        ({"source": "web"}, {"web"}),
        ({"assignee": "listed-anna"}, {"assigned"}),
        ({"q": "Näckrosen"}, {"major"}),
        # What means something to SQL means itself.
        ({"q": "7%_"}, {"major"}),
        ({"q": "N_ckrosen"}, set()),
        ({"source": "web", "status": "held"}, set()),
        ({"status": "queued", "category": "listed", "source": "vinst"}, {"plain", "major", "two"}),
    ],
    # A set's order is another one in each process, and all workers must give a test the same name.
    ids=lambda value: str(sorted(value)) if isinstance(value, set) else str(value),
)
def test_lists_show_what_the_filters_ask_for(
    floor: Floor, shown: dict[str, dict], filters: dict, expected: set[str]
) -> None:
    names = {item["id"]: name for name, item in shown.items()}
    found = [item["id"] for item in listed(floor, **{"category": "listed", **filters})]
    assert len(found) == len(set(found))
    assert {names[item] for item in found} == expected


def test_an_item_is_found_by_its_captureid(floor: Floor, shown: dict[str, dict]) -> None:
    assert [item["id"] for item in listed(floor, captureId=shown["two"]["captureId"])] == [shown["two"]["id"]]
    assert [item["id"] for item in listed(floor, q=f"{shown['two']['captureId'][:30]}*")] == [shown["two"]["id"]]
    assert listed(floor, captureId=shown["two"]["captureId"][:30]) == []


@pytest.fixture(scope="module")
def paged(floor: Floor) -> list[dict]:
    """Eleven items, several of them due at the same moment and one without a due date of its own."""
    due = [ahead(3600 * (1 + number % 3)) for number in range(3)]
    items = [floor.submit("paged", due=due[number % 3]) for number in range(10)]
    items.append(floor.submit("paged"))
    for item in items[::2]:
        floor.patch(item, push=1)
    return items


SORTS = {"receivedAt": "receivedAt", "-receivedAt": "receivedAt", "due": "due", "-due": "due", "-updatedAt": "updatedAt"}


@pytest.mark.parametrize("sort", SORTS)
@pytest.mark.parametrize("limit", [1, 3, 11])
def test_pages_have_every_item_once_and_in_order(floor: Floor, paged: list[dict], sort: str, limit: int) -> None:
    found = listed(floor, category="paged", sort=sort, limit=limit)
    assert sorted(item["id"] for item in found) == sorted(item["id"] for item in paged)
    values = [moment(item[SORTS[sort]]) for item in found]
    assert values == sorted(values, reverse=sort.startswith("-"))


def test_what_arrives_while_one_reads_shifts_no_page(floor: Floor, paged: list[dict]) -> None:
    first = floor.http.get("/workitems", params={"category": "paged", "limit": 4}).json()
    newcomer = floor.submit("paged")
    rest = listed(floor, category="paged", limit=4, cursor=first["next"])
    found = [item["id"] for item in [*first["items"], *rest]]
    assert found == [item["id"] for item in reversed(paged)]
    floor.do(newcomer, "cancel")


def test_a_cursor_belongs_to_its_list(floor: Floor, paged: list[dict]) -> None:
    cursor = floor.http.get("/workitems", params={"category": "paged", "limit": 4}).json()["next"]
    for parameters in ({"sort": "due", "cursor": cursor}, {"cursor": "nonsense"}):
        answer = floor.http.get("/workitems", params={"category": "paged", **parameters})
        assert answer.status_code == 400, answer.text
        assert [error["path"] for error in answer.json()["errors"]] == ["cursor"]


# Queues


def queue(floor: Floor, category: str) -> dict:
    rows = floor.http.get("/queues").raise_for_status().json()["items"]
    found = [row for row in rows if row.get("category") == category]
    assert len(found) <= 1
    return found[0] if found else {}


def test_the_queues_count_what_waits_and_who_is_there(floor: Floor) -> None:
    oldest = floor.submit("counted", activation=ahead(-600), due=ahead(-60))
    items = [floor.submit("counted", activation=ahead(-60 * number)) for number in range(6)]
    floor.do(items[0], "hold")
    floor.do(items[1], "assign", agent="counted-bert")
    floor.do(items[2], "assign", agent="counted-bert")
    floor.do(items[2], "park")
    floor.submit("counted", activation=ahead(3600))
    # One is full, one has room, one is not ready. What is ready is offered something: nothing more may wait for it.
    floor.ready("counted-anna")
    floor.offered("counted-anna", oldest)
    expected = {
        "endpoint": "counted", "category": "counted", "depth": 3, "overdue": 0, "offered": 1, "assigned": 1, "held": 1,
        "parked": 1, "agentsReady": 1, "agentsFree": 0,
    }  # fmt: skip

    def counted() -> bool:
        row = queue(floor, "counted")
        return {name: row.get(name) for name in expected} == expected

    wait_until(counted, what=f"{expected}, not {queue(floor, 'counted')}")
    assert moment(queue(floor, "counted")["oldest"]) == moment(items[5]["activation"])
    floor.away("counted-anna")
    floor.until(oldest, "queued")
    row = wait_until(lambda: found if (found := queue(floor, "counted")).get("depth") == 4 else None, what="four")
    assert (row["overdue"], row["offered"], row["agentsReady"]) == (1, 0, 0)
    assert moment(row["oldest"]) == moment(oldest["activation"])


def test_an_endpoint_without_items_shows_who_is_there(floor: Floor) -> None:
    floor.ready("empty-anna")

    def shown() -> list[dict]:
        rows = [row for row in floor.http.get("/queues").json()["items"] if row.get("endpoint") == "empty"]
        return rows if rows and rows[0]["agentsReady"] == 1 else []

    (row,) = wait_until(shown, what="the row of the endpoint with its ready agent")
    counted = {name: row[name] for name in ("depth", "overdue", "offered", "assigned", "held", "parked")}
    assert set(counted.values()) == {0}
    assert "category" not in row and "oldest" not in row
    # A page at a time it is there once as well.
    places, cursor = [], None
    while True:
        page = floor.http.get("/queues", params={"limit": 1, **({"cursor": cursor} if cursor else {})}).json()
        places += [(row.get("endpoint"), row.get("category")) for row in page["items"]]
        if (cursor := page["next"]) is None:
            break
    assert len(places) == len(set(places)) and places.count(("empty", None)) == 1
    # With an item it has the item's row instead.
    floor.away("empty-anna")
    floor.submit("empty")
    wait_until(lambda: [row["category"] for row in floor.http.get("/queues").json()["items"]
                        if row.get("endpoint") == "empty" and "category" in row] == ["empty"], what="the item's row")
