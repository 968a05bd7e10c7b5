"""Workbins of agents and groups: put away, taken out, back by themselves, and who may."""

import pytest

from desks import Floor, ahead, desk, desks, moment
from world import World


@pytest.fixture(scope="module")
def floor(world: World) -> Floor:
    world.cores.ensure(1)
    crew = {"anna": {"groups": ["night"], "capacity": 5}, "bert": {"groups": ["night"], "capacity": 5}, "cleo": {"capacity": 5}}
    configuration = desks(desk("bin", crew), desk("back", ["anna", "bert"]), groups=["night", "day"])
    return Floor(world, world.tenant(configuration))


def assigned(floor: Floor, agent: str = "bin-anna") -> dict:
    return floor.do(floor.submit("bin"), "assign", agent=agent)


def test_a_parked_item_leaves_its_agent_free_and_comes_back_on_demand(floor: Floor) -> None:
    item = assigned(floor)
    anna = floor.acting_as("bin-anna")
    before = floor.agent("bin-anna")["load"]
    parked = floor.tried(item, "park", anna)
    assert parked.status_code == 200, parked.text
    assert (parked.json()["status"], parked.json()["workbin"]) == ("parked", "agent:bin-anna")
    assert floor.agent("bin-anna")["load"] == before - 1
    assert item["id"] in floor.has("bin-anna")
    taken = floor.tried(item, "take", anna)
    assert taken.status_code == 200, taken.text
    assert (taken.json()["status"], taken.json()["assignee"]) == ("assigned", "bin-anna")
    assert "workbin" not in taken.json()
    assert floor.agent("bin-anna")["load"] == before
    assert [step["action"] for step in floor.history(item)][-2:] == ["park", "unpark"]
    floor.do(item, "complete")


def test_a_groups_workbin_is_open_to_its_members_alone(floor: Floor) -> None:
    item = assigned(floor)
    parked = floor.tried(item, "park", floor.acting_as("bin-anna"), workbin="night")
    assert parked.json()["workbin"] == "group:night", parked.text
    assert item["id"] in floor.has("bin-bert")
    assert item["id"] not in floor.has("bin-cleo")
    assert floor.tried(item, "take", floor.acting_as("bin-cleo")).status_code == 404
    assert floor.item(item)["status"] == "parked"
    taken = floor.tried(item, "take", floor.acting_as("bin-bert"))
    assert (taken.status_code, taken.json().get("assignee")) == (200, "bin-bert"), taken.text
    floor.do(item, "complete")


def test_an_agents_workbin_is_closed_to_colleagues(floor: Floor) -> None:
    item = assigned(floor)
    floor.do(item, "park")
    for colleague in ("bin-bert", "bin-cleo"):
        assert item["id"] not in floor.has(colleague)
        assert floor.tried(item, "take", floor.acting_as(colleague)).status_code == 404
    assert floor.item(item)["workbin"] == "agent:bin-anna"
    # A supervisor may give it to whom they like.
    assert floor.do(item, "take", agent="bin-bert")["assignee"] == "bin-bert"
    floor.do(item, "complete")


def test_what_nobody_parked_cannot_be_taken(floor: Floor) -> None:
    queued, colleagues = floor.submit("bin"), assigned(floor, "bin-bert")
    for item in (queued, colleagues):
        assert floor.tried(item, "take", floor.acting_as("bin-anna")).status_code in (404, 409)
        assert floor.item(item)["revision"] == item["revision"]
        floor.do(item, "complete")


def test_an_agent_does_not_touch_what_a_colleague_has(floor: Floor) -> None:
    item = assigned(floor)
    for action in ("park", "hold", "complete", "transfer"):
        body = {"endpoint": "back"} if action == "transfer" else {}
        assert floor.tried(item, action, floor.acting_as("bin-bert"), **body).status_code == 404, action
    assert floor.item(item)["revision"] == item["revision"]
    floor.do(item, "complete")


def test_a_workbin_that_does_not_exist_is_refused(floor: Floor) -> None:
    item = assigned(floor)
    answer = floor.tried(item, "park", workbin="nowhere")
    assert answer.status_code == 422, answer.text
    assert "nowhere" in answer.text
    assert floor.item(item)["status"] == "assigned"
    floor.do(item, "complete")


def test_a_parked_item_comes_back_by_itself_to_its_agent_first(floor: Floor) -> None:
    item = floor.do(floor.submit("back"), "assign", agent="back-anna")
    until = ahead(3)
    parked = floor.do(item, "park", until=until)
    assert moment(parked["deadline"]) == moment(until)
    floor.ready("back-bert")
    queued = floor.until(item, "queued")
    assert moment(floor.step(item, "returnToQueue")["time"]) >= moment(until)
    assert queued["preferredAgent"] == "back-anna"
    # Bert is ready and idle, and a later item shows that he has been looked at since.
    later = floor.submit("back")
    floor.offered("back-bert", later)
    assert floor.item(item)["status"] == "queued"
    floor.ready("back-anna")
    floor.offered("back-anna", item)


def test_a_supervisor_takes_it_back_out_of_a_workbin(floor: Floor) -> None:
    item = assigned(floor)
    floor.do(item, "park", until=ahead(3600))
    back = floor.do(item, "takeback", reason="needed")
    assert back["status"] == "queued"
    assert not {"workbin", "deadline", "assignee"} & back.keys()
    assert item["id"] not in floor.has("bin-anna")
    floor.do(item, "cancel")


def test_an_agent_lets_go_on_what_that_agent_held(floor: Floor) -> None:
    item = assigned(floor)
    held = floor.tried(item, "hold", floor.acting_as("bin-anna"), reason="asks back")
    assert held.status_code == 200, held.text
    assert floor.tried(item, "resume", floor.acting_as("bin-bert")).status_code == 404
    resumed = floor.tried(item, "resume", floor.acting_as("bin-anna"))
    assert resumed.status_code == 200, resumed.text
    assert resumed.json()["status"] in ("queued", "assigned")
    floor.do(item, "complete")


def test_an_agent_goes_on_with_what_was_held_in_the_own_workbin(floor: Floor) -> None:
    item = assigned(floor)
    anna = floor.acting_as("bin-anna")
    floor.tried(item, "park", anna)
    assert floor.tried(item, "hold", anna).status_code == 200
    resumed = floor.tried(item, "resume", anna)
    assert (resumed.status_code, resumed.json().get("status")) == (200, "parked"), resumed.text
    assert floor.tried(item, "take", anna).status_code == 200
    floor.do(item, "complete")
