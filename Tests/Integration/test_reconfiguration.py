"""A new configuration: applied once, and what becomes of the items that are there already."""

import copy
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from desks import STANDARD, Floor, ahead, desk, desks, seconds_between
from waiting import wait_until
from world import World

HOUR = 3600


def flat(name: str, priority: float, sla: float = 8) -> dict:
    return {"name": name, "unit": "hours", "sla": sla, "points": [[0, priority]]}


def two_desks(red: dict, blue: dict, **rest: object) -> dict:
    """Red and blue items for one endpoint, each by a schema of its own."""
    configuration = desks(
        desk("red", {"anna": {"capacity": 5, "endpoints": ["red", "side"]}, "bert": {"capacity": 5}}, schema="red"),
        desk("blue", schema="blue", endpoint={"name": "side"}),
        schemas=[STANDARD, {**red, "name": "red"}, {**blue, "name": "blue"}],
    )
    configuration["categories"][1]["endpoint"] = "red"
    return {**configuration, **rest}


@pytest.fixture
def floor(world: World) -> Floor:
    """A new tenant whose blue items go first."""
    world.cores.ensure(1)
    return Floor(world, world.tenant(two_desks(flat("red", 100), flat("blue", 200))))


def without(configuration: dict, *agents: str) -> dict:
    kept = [agent for agent in configuration["agents"] if agent["id"] not in agents]
    return {**copy.deepcopy(configuration), "agents": copy.deepcopy(kept)}


def test_older_versions_can_be_read(floor: Floor) -> None:
    first = floor.http.get("/configuration")
    version = floor.apply({**first.json(), "groups": ["night"]})
    before = floor.http.get("/configuration", params={"version": version - 1})
    assert (before.json(), before.headers["etag"]) == (first.json(), first.headers["etag"])
    present = floor.http.get("/configuration")
    assert present.json()["groups"] == ["night"]
    named = floor.http.get("/configuration", params={"version": version})
    assert (named.json(), named.headers["etag"]) == (present.json(), present.headers["etag"])
    missing = floor.http.get("/configuration", params={"version": version + 1})
    assert missing.status_code == 404
    assert f"version {version} is in force" in missing.json()["detail"]
    for parameters in ({"version": "0"}, {"version": "2147483648"}, {"version": "first"}, {"versions": "1"}):
        answer = floor.http.get("/configuration", params=parameters)
        assert (answer.status_code, [error["path"] for error in answer.json()["errors"]]) == (400, list(parameters))


def test_of_two_who_apply_at_once_one_is_told_to_look_again(world: World, floor: Floor) -> None:
    clients = [world.http(floor.tenant.admin_key, core) for core in world.cores.ensure(2)] * 3
    read = floor.http.get("/configuration")
    assert read.headers["etag"]
    names = [f"shift-{number}" for number in range(len(clients))]

    def put(client: httpx.Client, name: str) -> httpx.Response:
        document = {**read.json(), "groups": [name]}
        return client.put("/configuration", json=document, headers={"If-Match": read.headers["etag"]})

    with ThreadPoolExecutor(len(clients)) as pool:
        answers = list(pool.map(put, clients, names))
    assert sorted(answer.status_code for answer in answers) == [200, *[412] * (len(clients) - 1)]
    winner = next(name for name, answer in zip(names, answers, strict=True) if answer.status_code == 200)
    # An instance hears of what was applied at another one within moments.
    wait_until(lambda: floor.http.get("/configuration").json()["groups"] == [winner], what="the winner's configuration")
    assert floor.http.get("/configuration").headers["etag"] != read.headers["etag"]


def pulled_or_put_back(floor: Floor, item: dict) -> bool:
    """Whether this item is the next one; another one goes back."""
    got = floor.next("red-bert")
    if got and got["id"] != item["id"]:
        floor.do(got, "takeback")
    return bool(got) and got["id"] == item["id"]


def test_what_waits_is_ranked_anew_and_each_decision_names_its_version(floor: Floor) -> None:
    red, blue, taken, done = (floor.submit(colour) for colour in ("red", "blue", "blue", "red"))
    first = red["configurationVersion"]
    # Lanes follow the rows within moments.
    wait_until(lambda: pulled_or_put_back(floor, blue), what="the item that ranks first")
    floor.do(done, "complete")
    version = floor.apply(two_desks(flat("red", 300, sla=4), flat("blue", 200)))
    assert version == first + 1
    now = floor.until(red, "queued", configurationVersion=version)
    assert seconds_between(now["activation"], now["due"]) == 4 * HOUR
    assert now["currentPriority"] == 300
    wait_until(lambda: pulled_or_put_back(floor, red), what="the item that ranks first now")
    assert wait_until(lambda: floor.next("red-bert"), what="the other one")["id"] == taken["id"]
    decisions = [floor.explanation(item)["items"][-1]["configurationVersion"] for item in (blue, red)]
    assert decisions == [first, version]
    assert floor.item(blue)["configurationVersion"] == first
    assert floor.item(done)["configurationVersion"] == first
    steps = [(step["action"], step["configurationVersion"]) for step in floor.history(red)]
    assert steps[0] == ("submit", first)
    assert steps[-1] == ("pull", version)


def test_a_pause_of_the_service_level_lasts_over_a_configuration(floor: Floor) -> None:
    def pausing(sla: float) -> dict:
        configuration = two_desks(flat("red", 100, sla), flat("blue", 200))
        configuration["categories"][0]["holdPausesSLA"] = True
        return configuration

    floor.apply(pausing(8))
    item = floor.submit("red")
    floor.do(item, "hold")
    held = floor.step(item, "hold")["time"]
    wait_until(lambda: ahead(0) > held[:-1] and seconds_between(held, ahead(0)) > 0.5, what="half a second")
    floor.do(item, "resume")
    paused = seconds_between(held, floor.step(item, "resume")["time"])
    version = floor.apply(pausing(4))
    item = floor.until(item, "queued", configurationVersion=version)
    assert seconds_between(item["activation"], item["due"]) == pytest.approx(4 * HOUR + paused, abs=0.05)


def moved(floor: Floor) -> dict:
    """The configuration without the endpoint `red`: its items are for `side`, which Anna serves."""
    configuration = without(floor.tenant.configuration, "red-bert")
    configuration["endpoints"] = [{"name": "side"}]
    configuration["agents"][0]["endpoints"] = ["side"]
    for category in configuration["categories"]:
        category["endpoint"] = "side"
    return configuration


def test_items_of_an_endpoint_that_is_gone_go_where_the_new_configuration_says(floor: Floor) -> None:
    item = floor.submit("red")
    assert floor.pull("red-anna")["id"] == item["id"]
    waiting = floor.submit("red")
    version = floor.apply(moved(floor))
    floor.until(waiting, "queued", endpoint="side", configurationVersion=version)
    floor.ready("red-anna")
    floor.offered("red-anna", waiting)
    assert floor.do(item, "complete")["status"] == "completed"


@pytest.mark.parametrize("status", ["held", "parked", "assigned", "new"])
def test_what_returns_later_is_placed_by_the_configuration_in_force(floor: Floor, status: str) -> None:
    item = floor.submit("red", **({"activation": ahead(3600)} if status == "new" else {}))
    if status == "held":
        floor.do(item, "hold")
    elif status != "new":
        floor.do(item, "assign", agent="red-anna")
        if status == "parked":
            floor.do(item, "park")
    version = floor.apply(moved(floor))
    back = floor.do(item, {"held": "resume", "new": "activate"}.get(status, "takeback"))
    assert (back["status"], back["endpoint"], back["configurationVersion"]) == ("queued", "side", version)
    assert floor.pull("red-anna")["id"] == item["id"]


def test_what_a_removed_agent_had_goes_to_others(floor: Floor) -> None:
    offered, assigned, parked, preferring = (floor.submit("red") for _ in range(4))
    for item in (assigned, parked):
        floor.do(item, "assign", agent="red-anna")
    floor.do(parked, "park")
    floor.do(preferring, "transfer", agent="red-anna")
    floor.ready("red-anna")
    floor.offered("red-anna", offered)
    floor.apply(without(floor.tenant.configuration, "red-anna"))
    assert floor.http.get("/agents/red-anna").status_code == 404
    floor.ready("red-bert")
    for item in (offered, assigned, parked, preferring):
        floor.offered("red-bert", item)


def test_an_agent_who_no_longer_serves_an_endpoint_gets_no_more_of_it(floor: Floor) -> None:
    floor.ready("red-anna")
    item = floor.submit("red")
    floor.offered("red-anna", item)
    configuration = copy.deepcopy(floor.tenant.configuration)
    configuration["agents"][0]["endpoints"] = ["side"]
    floor.apply(configuration)
    later = floor.submit("red")
    floor.ready("red-bert")
    floor.offered("red-bert", later)
    # What was offered before stays so until it is answered or its deadline has passed.
    assert floor.item(item)["assignee"] == "red-anna"
    assert floor.step(later, "offer")["agent"] == "red-bert"


def test_an_explanation_tells_what_was_decided_at_that_time(floor: Floor) -> None:
    """Also when rule, curve and content are others by now."""
    item = floor.submit("red", attributes={"size": 7})
    first = item["configurationVersion"]
    assert floor.pull("red-bert")["id"] == item["id"]
    decided = floor.explanation(item)["items"][0]
    assert decided["ranking"]["points"] == [[0, 100]]
    assert (decided["ranking"]["schema"], decided["ranking"]["priority"]) == ("red", 100)
    assert decided["ranking"]["age"] == decided["chosen"]["age"]
    assert decided["classification"]["configurationVersion"] == first
    assert [rule["category"] for rule in decided["classification"]["rules"]] == ["red"]
    assert any("desk" in reason for reason in decided["classification"]["rules"][0]["because"])

    configuration = two_desks(flat("red", 300), flat("blue", 200))
    configuration["categories"][0]["when"] = {"any": [{"attribute": "colour", "is": "crimson"}]}
    version = floor.apply(configuration)
    floor.patch(item, attributes={"colour": "crimson", "desk": None})
    assert floor.do(item, "takeback")["configurationVersion"] == version
    explained = floor.explanation(item)
    assert explained["items"][0] == decided
    assert explained["ranking"]["points"] == [[0, 300]]
    assert any("colour" in reason for reason in explained["classification"]["rules"][0]["because"])
