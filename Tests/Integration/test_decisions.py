"""What becomes of single items in corners of their lives, by the API on real servers."""

import secrets
import uuid

import httpx
import pytest

from own_world import day_and_night
from world import Tenant, World


DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
# Unlike one that is always open, a calendar with openings ends some twenty years ahead.
CALENDAR = {"name": "always", "timeZone": "UTC", "weekly": {day: ["00:00-24:00"] for day in DAYS}}


@pytest.fixture(scope="module")
def tenant(world: World) -> Tenant:
    world.cores.ensure(1)
    return world.tenant(day_and_night(calendars=[CALENDAR]))


@pytest.fixture(scope="module")
def admin(world: World, tenant: Tenant) -> httpx.Client:
    return world.http(tenant.admin_key)


@pytest.fixture(scope="module")
def source(world: World, tenant: Tenant) -> httpx.Client:
    return world.http(tenant.source_key)


def submit(source: httpx.Client, **content: object) -> dict:
    answer = source.post("/workitems", json={"captureId": str(uuid.uuid4()), **content})
    assert answer.status_code == 201, answer.text
    return answer.json()


def do(admin: httpx.Client, item: dict, action: str, **body: object) -> dict:
    answer = admin.post(f"/workitems/{item['id']}/{action}", json=body)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_a_customer_of_any_length_is_taken_and_erased(admin: httpx.Client, source: httpx.Client) -> None:
    # Random, so that no index can compress it into an entry.
    customer = secrets.token_hex(10_000)
    item = submit(source, attributes={"customer": customer})
    assert item["status"] == "queued"
    assert admin.post("/customers/erase", json={"customer": customer}).is_success
    assert customer not in admin.get(f"/workitems/{item['id']}").text


def test_what_could_not_be_ranked_is_tried_again_after_a_hold_too(admin: httpx.Client, source: httpx.Client) -> None:
    """Its due date lies beyond the calendar: it must not be called queued while no lane can have it."""
    item = submit(source, activation="2098-01-01T00:00:00Z")
    assert item["status"] == "errorheld", item
    assert do(admin, item, "hold")["status"] == "held"
    again = do(admin, item, "resume")
    assert again["status"] == "errorheld", again
    assert again["reason"]


def test_a_parked_item_that_was_held_still_rests_until_its_time(admin: httpx.Client, source: httpx.Client) -> None:
    item = submit(source)
    do(admin, item, "assign", agent="anna")
    parked = do(admin, item, "park", until="2090-01-01T00:00:00Z")
    do(admin, item, "hold")
    resumed = do(admin, item, "resume")
    assert (resumed["status"], resumed["workbin"]) == ("parked", parked["workbin"])
    assert resumed.get("deadline") == parked.get("deadline")
    assert parked.get("deadline"), parked
