"""A request that is sent again under its Idempotency-Key has its effect once and gets its answer, from every instance."""

import copy
import uuid
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from own_world import day_and_night
from waiting import wait_until
from world import Tenant, World


@pytest.fixture(scope="module")
def tenant(world: World) -> Tenant:
    world.cores.ensure(2)
    configuration = day_and_night()
    desk = {"name": "Answered", "when": {"all": [{"attribute": "desk", "contains": "answer"}]}, "endpoint": "answered"}
    configuration["categories"].insert(0, {**desk, "schema": "standard", "calendar": "always"})
    configuration["endpoints"].append({"name": "answered"})
    configuration["agents"].append({"id": "dora", "name": "Dora", "endpoints": ["answered"], "capacity": 5})
    return world.tenant(configuration)


@pytest.fixture(scope="module")
def here(world: World, tenant: Tenant) -> httpx.Client:
    return world.http(tenant.admin_key, world.cores.ensure(2)[0])


@pytest.fixture(scope="module")
def there(world: World, tenant: Tenant) -> httpx.Client:
    """The same caller at the other instance."""
    return world.http(tenant.admin_key, world.cores.ensure(2)[1])


def new_key() -> dict:
    return {"Idempotency-Key": str(uuid.uuid4())}


def submit(client: httpx.Client, **content: object) -> dict:
    answer = client.post("/workitems?source=vinst", json={"captureId": str(uuid.uuid4()), **content})
    assert answer.status_code == 201, answer.text
    return answer.json()


def assert_refused(answer: httpx.Response) -> None:
    assert (answer.status_code, answer.json()["title"]) == (409, "Other content under the same key"), answer.text


def test_next_gives_the_same_item_again_and_no_second_one(here: httpx.Client, there: httpx.Client) -> None:
    for _ in range(3):
        submit(here)

    def pulled() -> tuple[dict, httpx.Response] | None:
        # That there was nothing is kept under its key, too.
        key = new_key()
        answer = here.post("/agents/anna/next", headers=key)
        return (key, answer) if answer.status_code == 200 else None

    key, first = wait_until(pulled, what="an item for anna")
    for client in (there, here):
        again = client.post("/agents/anna/next", headers=key)
        assert again.status_code == 200, again.text
        assert (again.json()["id"], again.json()["revision"]) == (first.json()["id"], first.json()["revision"])
        assert again.headers["ETag"] == first.headers["ETag"]
    assert here.get("/agents/anna").json()["load"] == 1
    assert_refused(there.post("/agents/bert/next", headers=key))
    other = here.post("/agents/anna/next", headers=new_key())
    assert other.json()["id"] != first.json()["id"]


def test_next_asked_many_times_at_once_has_one_answer(here: httpx.Client, there: httpx.Client) -> None:
    for _ in range(6):
        submit(here)
    for _ in range(5):
        key = new_key()
        with ThreadPoolExecutor(12) as pool:
            answers = list(pool.map(lambda n, key=key: (here, there)[n % 2].post("/agents/cleo/next", headers=key), range(12)))
        assert {answer.status_code for answer in answers} == {200}, [answer.text for answer in answers]
        got = {answer.json()["id"] for answer in answers}
        assert here.get("/agents/cleo").json()["load"] == len(got) == 1
        for item in got:
            assert here.post(f"/workitems/{item}/complete").status_code == 200


def test_next_that_found_nothing_finds_nothing_again(world: World) -> None:
    world.cores.ensure(1)
    admin = world.http(world.tenant(day_and_night()).admin_key)
    key = new_key()
    assert admin.post("/agents/anna/next", headers=key).status_code == 204
    submit(admin)
    assert admin.post("/agents/anna/next", headers=key).status_code == 204
    assert admin.get("/agents/anna").json()["load"] == 0


def test_a_key_is_made_once_and_its_text_is_not_kept(here: httpx.Client, there: httpx.Client) -> None:
    key, draft = new_key(), {"name": "once", "roles": ["reader"]}
    made = here.post("/keys", json=draft, headers=key)
    assert made.status_code == 201
    again = there.post("/keys", json=draft, headers=key)
    assert again.status_code == 409
    assert made.json()["id"] in again.json()["detail"]
    assert made.json()["key"] not in again.text
    assert [entry["id"] for entry in here.get("/keys").json()["items"] if entry["name"] == "once"] == [made.json()["id"]]
    assert_refused(here.post("/keys", json={**draft, "roles": ["agent"]}, headers=key))


def test_a_repeated_state_does_not_undo_a_later_one(here: httpx.Client, there: httpx.Client) -> None:
    key = new_key()
    first = here.put("/agents/bert/state", json={"state": "notReady"}, headers=key)
    assert first.status_code == 200
    assert here.put("/agents/bert/state", json={"state": "offline"}).status_code == 200
    again = there.put("/agents/bert/state", json={"state": "notReady"}, headers=key)
    assert (again.status_code, again.json()) == (200, first.json())
    assert here.get("/agents/bert").json()["state"] == "offline"
    assert_refused(here.put("/agents/bert/state", json={"state": "ready"}, headers=key))


def test_a_repeated_configuration_does_not_undo_a_later_one(here: httpx.Client, there: httpx.Client, tenant: Tenant) -> None:
    key = new_key()
    before = here.get("/configuration")
    one, two = copy.deepcopy(before.json()), copy.deepcopy(before.json())
    one["skills"], two["skills"] = ["java", "one"], ["java", "two"]
    condition = {"If-Match": before.headers["ETag"]}
    first = here.put("/configuration", json=one, headers={**key, **condition})
    assert first.status_code == 200, first.text
    assert here.put("/configuration", json=two).status_code == 200
    # Its condition held when it came first.
    again = there.put("/configuration", json=one, headers={**key, **condition})
    assert (again.status_code, again.json()) == (200, first.json())
    assert again.headers["ETag"] == first.headers["ETag"]
    assert here.get("/configuration").json()["skills"] == ["java", "two"]
    assert_refused(here.put("/configuration", json=two, headers=key))


def test_an_erasure_counts_the_same_again(here: httpx.Client, there: httpx.Client) -> None:
    submit(here, attributes={"customer": "C-idempotent"})
    key, body = new_key(), {"customer": "C-idempotent"}
    assert here.post("/customers/erase", json=body, headers=key).json() == {"erasedWorkItems": 1}
    assert there.post("/customers/erase", json=body, headers=key).json() == {"erasedWorkItems": 1}
    assert there.post("/customers/erase", json=body).json() == {"erasedWorkItems": 0}
    assert_refused(here.post("/customers/erase", json={"customer": "another"}, headers=key))


def test_a_bulk_is_repeated(here: httpx.Client, there: httpx.Client) -> None:
    items = [submit(here)["id"] for _ in range(3)]
    key, body = new_key(), {"action": "hold", "ids": items}
    first = here.post("/workitems/bulk", json=body, headers=key).json()["items"]
    assert [entry["status"] for entry in first] == [200] * 3
    assert here.post("/workitems/bulk", json={"action": "resume", "ids": items}).status_code == 200
    again = there.post("/workitems/bulk", json=body, headers=key).json()["items"]
    assert [entry["workItem"]["revision"] for entry in again] == [entry["workItem"]["revision"] for entry in first]
    assert {here.get(f"/workitems/{item}").json()["status"] for item in items} <= {"queued", "offered"}
    here.post("/workitems/bulk", json={"action": "cancel", "ids": items})


@pytest.mark.parametrize(("answer", "body"), [("accept", None), ("decline", {"reason": "lunch"})])
def test_an_answer_to_an_offer_is_repeated(here: httpx.Client, there: httpx.Client, answer: str, body: dict | None) -> None:
    agent, name = "dora", f"answer to {answer}"
    assert here.put(f"/agents/{agent}/state", json={"state": "ready"}).status_code == 200
    item = submit(here, attributes={"desk": name})
    offers = wait_until(lambda: here.get(f"/agents/{agent}/offers", params={"wait": 5}).json()["offers"], what="the offer")
    assert [offer["workItemId"] for offer in offers] == [item["id"]]
    key, address = new_key(), f"/offers/{offers[0]['id']}/{answer}"
    first = here.post(address, json=body, headers=key)
    assert first.status_code == 200, first.text
    # By now the answer alone would come too late.
    assert here.post(f"/workitems/{item['id']}/cancel").status_code == 200
    assert here.post(address, json=body).status_code == 409
    for client in (there, here):
        again = client.post(address, json=body, headers=key)
        assert again.status_code == 200, again.text
        for member in ("id", "revision", "status", "assignee"):
            assert again.json().get(member) == first.json().get(member), member
        assert again.headers["ETag"] == first.headers["ETag"]
    assert here.get(f"/workitems/{item['id']}").json()["status"] == "canceled"
    steps = [entry["data"]["action"] for entry in here.get(f"/workitems/{item['id']}/history").json()["items"]]
    assert steps.count(answer) == 1
    assert_refused(there.post(address, json={"reason": "another"}, headers=key))
    other = "decline" if answer == "accept" else "accept"
    assert_refused(there.post(f"/offers/{offers[0]['id']}/{other}", json=body, headers=key))


def test_a_dead_letter_is_retried_once(world: World, here: httpx.Client, there: httpx.Client, tenant: Tenant) -> None:
    producer = world.producer(tenant)
    capture = str(uuid.uuid4())
    command = {**producer.command("submit", {"captureId": capture}), "source": "later"}
    producer.send(command, key=capture)
    producer.flush()
    letter = wait_until(lambda: here.get("/dead").json()["items"], what="the dead letter")[0]
    configuration = here.get("/configuration").json()
    configuration["sources"].append({"name": "later", "defaults": {"channel": "incident"}})
    assert here.put("/configuration", json=configuration).status_code == 200
    key = new_key()
    first = here.post(f"/dead/{letter['id']}/retry", headers=key)
    assert first.status_code == 201, first.text
    again = there.post(f"/dead/{letter['id']}/retry", headers=key)
    assert (again.status_code, again.json()["id"]) == (201, first.json()["id"])
