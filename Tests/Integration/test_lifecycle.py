"""The life of single items: waiting for its time, ending by itself, hold, restart, and what counts as the same item."""

import uuid

import pytest

from desks import STANDARD, Floor, ahead, desk, desks, moment, now, seconds_between
from waiting import wait_until
from world import World

SLA = 8 * 3600
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


@pytest.fixture(scope="module")
def floor(world: World) -> Floor:
    world.cores.ensure(1)
    configuration = desks(
        desk("plain", {"anna": {"capacity": 1000}}),
        desk("changed", {"anna": {"capacity": 1000}}),
        desk("other"),
        desk("future", ["anna"]),
        desk("brief", ["anna"], schema="brief"),
        desk("strict", rejectWhenOverdue=True),
        desk("pausing", {"anna": {"capacity": 10}}, holdPausesSLA=True),
        # With openings it ends some twenty years ahead, unlike one that is always open.
        desk("ending", calendar="ending"),
        calendars=[
            {"name": "always", "always": True},
            {"name": "ending", "timeZone": "UTC", "weekly": {day: ["00:00-24:00"] for day in DAYS}},
        ],
        schemas=[STANDARD, {"name": "brief", "unit": "seconds", "sla": 0.5, "points": [[0, 1]], "autocompleteAfter": 1}],
        groups=["night"],
    )
    return Floor(world, world.tenant(configuration))


# Activation


def test_an_item_of_the_future_waits_until_its_time(floor: Floor) -> None:
    # The first request of a tenant waits until the instance knows it.
    assert floor.next("future-anna") is None
    activation = ahead(3)
    item = floor.submit("future", activation=activation)
    assert item["status"] == "new"
    assert floor.next("future-anna") is None
    queued = floor.until(item, "queued")
    assert moment(floor.step(item, "activate")["time"]) >= moment(activation)
    assert seconds_between(activation, queued["due"]) == SLA
    assert floor.step(item, "activate")["actor"]["kind"] == "system"
    assert floor.pull("future-anna")["id"] == item["id"]


def test_activate_ends_the_waiting_and_the_service_level_begins(floor: Floor) -> None:
    item = floor.submit("plain", activation=ahead(3600))
    before = now()
    item = floor.do(item, "activate")
    assert item["status"] == "queued"
    assert before.timestamp() - 1 <= moment(item["activation"]).timestamp() <= now().timestamp()
    assert seconds_between(item["activation"], item["due"]) == SLA
    assert floor.tried(item, "activate").status_code == 409


def test_due_counts_from_activation_and_not_from_arrival(floor: Floor) -> None:
    early = floor.submit("plain", activation=ahead(-7200))
    assert seconds_between(early["activation"], early["due"]) == SLA
    assert 7200 <= early["age"] < 7260
    due = ahead(600)
    given = floor.submit("plain", due=due)
    # The curve reaches its service level when the item is due.
    assert moment(given["due"]) == moment(due)
    assert SLA - 600 <= given["age"] < SLA - 540


# Ends without anybody's doing


def test_an_item_completes_by_itself_after_its_time(floor: Floor) -> None:
    item = floor.submit("brief")
    assert seconds_between(item["activation"], item["autocompleteAt"]) == 1
    done = floor.until(item, "completed")
    assert done["reason"] == "autocomplete"
    assert moment(done["completedAt"]) >= moment(item["autocompleteAt"])
    assert floor.step(item, "autocomplete")["actor"]["kind"] == "system"
    assert floor.next("brief-anna") is None


def test_what_no_category_takes_is_rejected_and_may_be_restarted(floor: Floor) -> None:
    item = floor.submit(None, attributes={"desk": "nowhere"})
    assert item["status"] == "rejected"
    assert item["reason"]
    assert floor.tried(item, "hold").status_code == 409
    assert floor.do(item, "restart")["status"] == "rejected"


def test_what_is_overdue_on_arrival_is_rejected_where_the_category_says_so(floor: Floor) -> None:
    late = floor.submit("strict", due=ahead(-60))
    assert late["status"] == "rejected"
    assert "due" in late["reason"]
    assert floor.submit("strict", due=ahead(60))["status"] == "queued"
    elsewhere = floor.submit("plain", due=ahead(-60))
    assert (elsewhere["status"], elsewhere["overdue"]) == ("queued", True)


def test_what_could_not_be_ranked_goes_on_once_that_is_mended(floor: Floor) -> None:
    item = floor.submit("ending", activation="2098-01-01T00:00:00Z")
    assert item["status"] == "errorheld"
    assert item["reason"]
    assert floor.do(item, "resume")["status"] == "errorheld"
    floor.patch(item, attributes={"desk": "plain"})
    item = floor.item(item)
    if item["status"] == "errorheld":
        item = floor.do(item, "resume")
    assert (item["status"], item["category"]) == ("new", "plain")
    assert floor.do(item, "activate")["status"] == "queued"


# Hold


def held_for_a_moment(floor: Floor, item: dict) -> float:
    """Holds it long enough to be seen, lets it go on, and returns for how many seconds it was held."""
    floor.do(item, "hold", reason="waits for parts")
    since = now()
    wait_until(lambda: (now() - since).total_seconds() > 0.5, what="half a second")
    floor.do(item, "resume")
    return seconds_between(floor.step(item, "hold")["time"], floor.step(item, "resume")["time"])


def test_hold_stops_the_clock_only_where_the_category_says_so(floor: Floor) -> None:
    going_on, pausing = floor.submit("plain"), floor.submit("pausing")
    held_for_a_moment(floor, going_on)
    assert floor.item(going_on)["due"] == going_on["due"]
    paused = held_for_a_moment(floor, pausing)
    assert seconds_between(pausing["due"], floor.item(pausing)["due"]) == pytest.approx(paused, abs=0.05)
    assert floor.item(pausing)["status"] == "queued"


def test_a_pause_lasts_over_later_updates_and_holds(floor: Floor) -> None:
    item = floor.submit("pausing")
    paused = held_for_a_moment(floor, item)
    updated = floor.patch(item, push=60, attributes={"note": "seen"})
    assert seconds_between(item["due"], updated["due"]) == pytest.approx(paused, abs=0.05)
    paused += held_for_a_moment(floor, item)
    assert seconds_between(item["due"], floor.item(item)["due"]) == pytest.approx(paused, abs=0.05)


def test_a_hold_of_a_parked_item_pauses_too(floor: Floor) -> None:
    item = floor.submit("pausing")
    floor.do(item, "assign", agent="pausing-anna")
    floor.do(item, "park")
    paused = held_for_a_moment(floor, item)
    back = floor.do(item, "takeback")
    assert seconds_between(item["due"], back["due"]) == pytest.approx(paused, abs=0.05)


def test_a_hold_before_activation_does_not_shift_what_had_not_begun(floor: Floor) -> None:
    item = floor.submit("pausing", activation=ahead(3600))
    floor.do(item, "hold")
    resumed = floor.do(item, "resume")
    assert (resumed["status"], resumed["activation"]) == ("new", item["activation"])
    assert seconds_between(item["activation"], floor.do(item, "activate")["due"]) <= SLA
    item = floor.item(item)
    assert seconds_between(item["activation"], item["due"]) == SLA


def test_a_restart_begins_anew(floor: Floor) -> None:
    item = floor.submit("plain", activation=ahead(-7200))
    done = floor.do(item, "complete", result={"code": 7})
    assert done["completedAt"]
    again = floor.do(item, "restart")
    assert again["status"] == "queued"
    assert not {"result", "completedAt", "assignee", "reason"} & again.keys()
    assert 0 <= again["age"] < 60
    assert seconds_between(again["activation"], again["due"]) == SLA


# Updates of what is not in the queue


def bring(floor: Floor, status: str) -> dict:
    """An item of the desk `changed` that is in this status."""
    item = floor.submit("changed")
    if status == "offered":
        floor.ready("changed-anna")
        floor.offered("changed-anna", item)
    elif status == "held":
        floor.do(item, "hold")
    else:
        floor.do(item, "assign", agent="changed-anna")
        if status == "parked":
            floor.do(item, "park")
    assert floor.item(item)["status"] == status
    return item


def bring_back(floor: Floor, item: dict, status: str) -> dict:
    """The item, in the queue again."""
    if status == "offered":
        floor.away("changed-anna")
    else:
        floor.do(item, "resume" if status == "held" else "takeback")
    return floor.until(item, "queued")


STATUSES = ("offered", "assigned", "held", "parked")


@pytest.mark.parametrize("status", STATUSES)
def test_an_update_of_what_is_out_counts_when_it_returns(floor: Floor, status: str) -> None:
    item = bring(floor, status)
    try:
        due = ahead(600)
        floor.patch(item, due=due, push=30)
        assert floor.item(item)["status"] == status
    finally:
        back = bring_back(floor, item, status)
    assert moment(back["due"]) == moment(due)
    assert SLA - 600 + 30 <= back["age"] < SLA - 540 + 30
    assert back["currentPriority"] > 900
    floor.do(item, "cancel")


@pytest.mark.parametrize("status", STATUSES)
def test_an_update_of_what_is_out_classifies_it_when_it_returns(floor: Floor, status: str) -> None:
    item = bring(floor, status)
    try:
        floor.patch(item, attributes={"desk": "other"}, priority=900)
        assert floor.item(item)["status"] == status
    finally:
        back = bring_back(floor, item, status)
    assert (back["category"], back["endpoint"]) == ("other", "other")
    assert 900 <= back["age"] < 960


# What counts as the same item


def test_a_submit_is_the_same_over_rest_and_kafka(floor: Floor) -> None:
    by_rest = floor.submit("plain", priority=3)
    content = {"attributes": {"desk": "plain"}, "priority": 3}
    again = floor.command("submit", by_rest["captureId"], **content)
    assert (again["status"], again["workItem"]["id"]) == (200, by_rest["id"])
    assert floor.command("submit", by_rest["captureId"], attributes={"desk": "other"})["status"] == 409

    capture = f"k-{uuid.uuid4()}"
    by_kafka = floor.command("submit", capture, **content)
    assert by_kafka["status"] == 201
    parameters = {"source": "vinst"}
    answer = floor.http.post("/workitems", params=parameters, json={"captureId": capture, **content})
    assert (answer.status_code, answer.json()["id"]) == (200, by_kafka["workItem"]["id"])
    other = floor.http.post("/workitems", params=parameters, json={"captureId": capture, **content, "priority": 4})
    assert other.status_code == 409
    # Another source may have an item of the same number.
    elsewhere = floor.http.post("/workitems", params={"source": "web"}, json={"captureId": capture, **content})
    assert elsewhere.status_code == 201
    assert len(floor.http.get("/workitems", params={"captureId": capture}).json()["items"]) == 2


def test_every_action_takes_the_captureid_as_well(floor: Floor) -> None:
    item = floor.submit("plain", activation=ahead(3600))
    path = f"/workitems/by-capture/vinst/{item['captureId']}"
    assert floor.http.get(path).json()["id"] == item["id"]
    steps = [
        ("activate", {}, "queued"),
        ("hold", {"reason": "x"}, "held"),
        ("resume", {}, "queued"),
        ("assign", {"agent": "plain-anna"}, "assigned"),
        ("park", {}, "parked"),
        ("take", {"agent": "plain-anna"}, "assigned"),
        ("takeback", {}, "queued"),
        ("transfer", {"endpoint": "other"}, "queued"),
        ("complete", {"result": 1}, "completed"),
        ("restart", {}, "queued"),
        ("cancel", {}, "canceled"),
    ]
    for action, body, status in steps:
        answer = floor.http.post(f"{path}/{action}", json=body)
        assert (answer.status_code, answer.json().get("status")) == (200, status), (action, answer.text)
        assert answer.json()["id"] == item["id"]
        assert floor.http.post(f"{path}x/{action}", json=body).status_code == 404, action
    assert floor.http.get(f"{path}/history").json()["items"][-1]["data"]["action"] == "cancel"
    assert floor.http.get(f"{path}/explanation").json()["workItemId"] == item["id"]
    floor.do(item, "restart")
    changed = floor.http.patch(path, json={"attributes": {"note": "n"}}, headers={"If-Match": "*"})
    assert changed.json()["attributes"]["note"] == "n"


# Many at once

BULK = {
    "hold": ({"reason": "r"}, "queued", "held"),
    "resume": (None, "held", "queued"),
    "cancel": ({"reason": "r"}, "queued", "canceled"),
    "complete": ({"result": {"code": 1}}, "queued", "completed"),
    "restart": (None, "completed", "queued"),
    "activate": (None, "new", "queued"),
    "assign": ({"agent": "plain-anna"}, "queued", "assigned"),
    "transfer": ({"endpoint": "other"}, "assigned", "queued"),
    "park": (None, "assigned", "parked"),
    "update": ({"attributes": {"note": "bulk"}}, "queued", "queued"),
}


@pytest.mark.parametrize("action", BULK)
def test_a_bulk_action_does_the_same_to_each(floor: Floor, action: str) -> None:
    body, before, after = BULK[action]
    items = [floor.submit("plain", **({"activation": ahead(3600)} if before == "new" else {})) for _ in range(2)]
    for item in items:
        if before == "held":
            floor.do(item, "hold")
        elif before == "completed":
            floor.do(item, "complete")
        elif before == "assigned":
            floor.do(item, "assign", agent="plain-anna")
    ended = floor.submit("plain")
    floor.do(ended, "cancel" if action not in ("cancel", "restart") else "hold")
    refused = [ended] if action != "cancel" else []
    ids = [items[0]["id"], *[item["id"] for item in refused], str(uuid.uuid4()), items[1]["id"]]
    content = {"action": action, "ids": ids, **({"body": body} if body else {})}
    answer = floor.http.post("/workitems/bulk", json=content)
    assert answer.status_code == 200, answer.text
    result = answer.json()["items"]
    assert [entry["id"] for entry in result] == ids
    assert [entry["status"] for entry in result] == [200, *[409 for _ in refused], 404, 200]
    for item in items:
        assert floor.item(item)["status"] == after
        if action == "update":
            assert floor.item(item)["attributes"]["note"] == "bulk"
        floor.http.post(f"/workitems/{item['id']}/cancel")


def test_a_bulk_action_takes_a_thousand_items_and_no_more(floor: Floor) -> None:
    for number in range(1000):
        floor.producer.submit(f"many-{number}", attributes={"desk": "other", "many": True})
    floor.producer.flush()

    def ids() -> list[str]:
        found, cursor = [], None
        while True:
            parameters = {"q": "many", "limit": 500, **({"cursor": cursor} if cursor else {})}
            page = floor.http.get("/workitems", params=parameters).json()
            found += [item["id"] for item in page["items"]]
            cursor = page["next"]
            if not cursor:
                return found

    many = wait_until(lambda: found if len(found := ids()) == 1000 else None, seconds=30, every=0.2, what="1,000 items")
    too_many = floor.http.post("/workitems/bulk", json={"action": "cancel", "ids": [*many, str(uuid.uuid4())]})
    assert too_many.status_code == 422, too_many.text
    assert [error["path"] for error in too_many.json()["errors"]] == ["/ids"]
    answer = floor.http.post("/workitems/bulk", json={"action": "cancel", "ids": many})
    assert answer.status_code == 200, answer.text
    assert {entry["status"] for entry in answer.json()["items"]} == {200}
    assert floor.http.get("/workitems", params={"q": "many", "status": "queued"}).json()["items"] == []
