"""Bad input, over HTTP and over Kafka: a clear answer each time, nothing lost, nobody else disturbed."""

import base64
import hashlib
import json
import re
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx
import psycopg
import pytest
import yaml

from bad_bodies import BAD_BODIES, BadBody
from contracts import AsyncAPI, OpenAPI
from own_world import day_and_night, own_world
from stack import Stack
from topics import CommandProducer, EventReader
from waiting import wait_until
from world import Tenant, World


@pytest.fixture(scope="module")
def place(stack: Stack) -> Iterator[World]:
    """A world for this file."""
    with own_world(stack, "bad-input") as world:
        yield world


@pytest.fixture(scope="module")
def tenant(place: World) -> Tenant:
    tenant = place.tenant(day_and_night())
    place.cores.start(1, DEAD_LETTER_TENANT=tenant.name)
    return tenant


@pytest.fixture(scope="module")
def api(place: World, tenant: Tenant) -> OpenAPI:
    return OpenAPI.of(place.cores.running[0].url)


@pytest.fixture(scope="module")
def admin(place: World, tenant: Tenant, api: OpenAPI) -> httpx.Client:
    return api.watch(place.http(tenant.admin_key))


@pytest.fixture(scope="module")
def source(place: World, tenant: Tenant, api: OpenAPI) -> httpx.Client:
    return api.watch(place.http(tenant.source_key))


@pytest.fixture(scope="module")
def replies(place: World, tenant: Tenant) -> EventReader:
    return place.reader("workitems.replies")


def items(place: World, tenant: Tenant) -> int:
    """How many items the tenant has, by the database."""
    with psycopg.connect(place.admin_url) as connection:
        return connection.execute(
            "SELECT count(*) FROM work_item WHERE tenant = (SELECT id FROM tenant WHERE name = %s)", [tenant.name]
        ).fetchone()[0]


def assert_names(problem: dict, bad: BadBody) -> None:
    """The refusal says what is wrong, where, and what was expected."""
    assert problem["detail"], problem
    told = [(error["path"], error["message"]) for error in problem["errors"]]
    assert told, problem
    if bad.path is not None:
        assert bad.path in [path for path, _ in told], told
    assert bad.says in json.dumps(problem, ensure_ascii=False), problem


# Bodies over HTTP


@pytest.mark.parametrize("bad", BAD_BODIES, ids=lambda bad: bad.name)
def test_a_bad_body_is_refused_with_its_place(source: httpx.Client, bad: BadBody) -> None:
    answer = source.post("/workitems", content=bad.body, headers={"Content-Type": "application/json"})
    assert answer.status_code == bad.status, answer.text
    assert_names(answer.json(), bad)


def test_everything_wrong_is_told_at_once(source: httpx.Client) -> None:
    answer = source.post("/workitems", json={"due": "never", "priority": "x", "attributes": {"a": {}, "b": None}, "more": 1})
    assert answer.status_code == 422
    paths = {error["path"] for error in answer.json()["errors"]}
    assert paths == {"/captureId", "/due", "/priority", "/attributes/a", "/attributes/b", "/more"}


def test_a_body_above_the_limit_is_not_read(source: httpx.Client) -> None:
    million = b'{"captureId": "bad", "attributes": {"a": [' + b"1," * 999_999 + b"1]}}"
    answer = source.post("/workitems", content=million, headers={"Content-Type": "application/json"})
    assert answer.status_code == 413
    assert answer.json()["limit"] == 1 << 20

    def chunks() -> Iterator[bytes]:
        for start in range(0, len(million), 65_536):
            yield million[start : start + 65_536]

    # Nobody says beforehand how long it will be.
    try:
        assert source.post("/workitems", content=chunks()).status_code == 413
    except httpx.TransportError:
        # The connection was closed while the rest was still being sent.
        pass


def test_brackets_without_end_are_refused(source: httpx.Client) -> None:
    for body in (b"[" * 500_000, b'{"a":' * 150_000, b'{"captureId": ' + b"[" * 50_000 + b"]" * 50_000 + b"}"):
        answer = source.post("/workitems", content=body, headers={"Content-Type": "application/json"})
        assert answer.status_code == 400


def test_the_address_is_read_strictly(source: httpx.Client, admin: httpx.Client) -> None:
    good = {"captureId": "never"}
    assert admin.post("/workitems?sourc=vinst", json=good).status_code == 400
    assert admin.post("/workitems?source=nobody", json=good).status_code == 422
    assert source.post("/workitems?source=web", json=good).status_code == 403
    assert source.post("/workitems", content=b"captureId=1", headers={"Content-Type": "text/plain"}).status_code == 415
    assert source.post("/workitems", content=b"").status_code == 400
    assert admin.get("/workitems?limit=0").status_code == 400
    assert admin.get("/workitems?limit=ten").status_code == 400
    assert admin.get("/workitems?status=done").status_code == 400
    assert admin.get("/workitems?q=%00").status_code == 400
    assert admin.get("/workitems?q=%ff").status_code == 400
    assert admin.get("/workitems?q=%zz").status_code == 400
    assert admin.get("/workitems?q=%27%25_%5C%22%3B--").status_code == 200
    assert admin.get("/workitems?cursor=AAAA").status_code == 400
    assert admin.get("/workitems?limit=1&limit=2").status_code == 400
    assert admin.get("/events?after=-1").status_code == 400
    assert admin.get("/events?after=99999999999999999999").status_code == 400
    assert admin.get("/workitems/not-an-id").status_code == 404
    assert admin.get("/workitems/" + "x" * 8000).status_code == 404
    assert admin.get("/workitems/by-capture/vinst/%00").status_code == 400
    assert admin.get("/workitems/by-capture/vinst/%F0%9F").status_code == 400
    assert admin.get("/workitems/by-capture/nobody/1").status_code == 404
    assert admin.get("/nothing/here").status_code == 404
    assert admin.put("/workitems").headers["allow"] == "GET, HEAD, POST"


def test_headers_are_read_strictly(admin: httpx.Client) -> None:
    item = admin.post("/workitems", json={"captureId": str(uuid.uuid4()), "attributes": {"impact": "Idle"}}).json()
    path = f"/workitems/{item['id']}"
    for tag in ("17", 'W/"1"', '"1', ""):
        assert admin.patch(path, json={}, headers={"If-Match": tag}).status_code == 400, tag
        assert admin.post(f"{path}/hold", headers={"If-Match": tag}).status_code == 400, tag
    assert admin.post(f"{path}/hold", headers={"If-Match": '"999"'}).status_code == 412
    assert admin.post(f"{path}/hold", headers={"Idempotency-Key": "x" * 256}).status_code == 400
    assert admin.post(f"{path}/hold", headers={"Idempotency-Key": "two words"}).status_code == 400
    assert admin.get(path).json()["revision"] == item["revision"]
    assert admin.post(f"{path}/hold", headers={"If-Match": f'"999", "{item["revision"]}"'}).status_code == 200


def test_one_idempotency_key_at_many_places_at_once(admin: httpx.Client) -> None:
    """Whoever comes first has it; the others are told, and nothing fails."""
    paths = [
        f"/workitems/{admin.post('/workitems', json={'captureId': str(uuid.uuid4())}).json()['id']}/hold" for _ in range(8)
    ]
    for _ in range(5):
        key = {"Idempotency-Key": str(uuid.uuid4())}
        with ThreadPoolExecutor(8) as pool:
            statuses = sorted(pool.map(lambda path, key=key: admin.post(path, headers=key).status_code, paths))
        assert statuses == [200] + [409] * 7
        with ThreadPoolExecutor(8) as pool:
            same = set(pool.map(lambda _, key=key: admin.post(paths[0], headers=key).status_code, range(8)))
        assert len(same) == 1


def test_bodies_of_actions_are_read_strictly(admin: httpx.Client) -> None:
    item = admin.post("/workitems", json={"captureId": str(uuid.uuid4()), "attributes": {"impact": "Idle"}}).json()
    path = f"/workitems/{item['id']}"
    cases = [
        ("hold", {"reason": 5}, "/reason"), ("hold", {"reason": "x" * 2001}, "/reason"), ("hold", {"why": "x"}, "/why"),
        ("assign", {}, "/agent"), ("assign", {"agent": "nobody"}, "/agent"), ("assign", {"agent": ["anna"]}, "/agent"),
        ("transfer", {}, "/agent"), ("transfer", {"agent": "anna", "endpoint": "desk"}, "/endpoint"),
        ("transfer", {"endpoint": "nowhere"}, "/endpoint"), ("park", {"until": "soon"}, "/until"),
        ("complete", {"result": "x" * 20_000}, "/result"), ("resume", {"reason": "x"}, "/reason"),
    ]  # fmt: skip
    for action, body, place in cases:
        answer = admin.post(f"{path}/{action}", json=body)
        assert answer.status_code == 422, (action, body, answer.text)
        assert place in [error["path"] for error in answer.json()["errors"]], answer.text
    assert admin.post(f"{path}/hold", content=b"[", headers={"Content-Type": "application/json"}).status_code == 400
    assert admin.patch(path, json={"captureId": "x"}, headers={"If-Match": "*"}).status_code == 422
    assert admin.patch(path, json={"attributes": {"a": {"b": 1}}}, headers={"If-Match": "*"}).status_code == 422
    assert admin.put("/agents/anna/state", json={"state": "asleep"}).status_code == 422
    assert admin.put("/agents/anna/state", json={"state": "ready", "mood": "good"}).status_code == 422
    assert admin.put("/agents/anna/state", json={"state": "ready", "reason": 5}).status_code == 422
    assert admin.post("/agents/anna/next", json={"more": 1}).status_code == 422
    assert admin.post(f"{path}/take", json={"agent": "anna", "more": 1}).status_code == 422
    offer = item["id"].replace("-", "") + "-1"
    assert admin.post(f"/offers/{offer}/accept", json={"more": 1}).status_code == 422
    assert admin.put("/agents/nobody/state", json={"state": "ready"}).status_code == 404
    bulk = {"action": "explode", "ids": ["x"], "more": 1}
    errors = admin.post("/workitems/bulk", json=bulk).json()["errors"]
    assert {error["path"] for error in errors} == {"/action", "/ids/0", "/more"}
    draft = {"name": "", "roles": ["king"], "agent": "nobody", "expiresAt": "2001-01-01T00:00:00Z", "more": 1}
    errors = admin.post("/keys", json=draft).json()["errors"]
    assert {error["path"] for error in errors} == {"/name", "/roles", "/agent", "/expiresAt", "/more"}
    assert admin.get(path).json()["revision"] == item["revision"]


def test_an_update_may_not_grow_attributes_beyond_the_limit(admin: httpx.Client) -> None:
    item = admin.post("/workitems", json={"captureId": str(uuid.uuid4()), "attributes": {"a": "x" * 40_000}}).json()
    change = {"attributes": {"b": "y" * 40_000}}
    answer = admin.patch(f"/workitems/{item['id']}", json=change, headers={"If-Match": "*"})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["path"] == "/attributes"


def test_text_that_is_unusual_and_legal_is_kept(source: httpx.Client, admin: httpx.Client) -> None:
    attributes = {
        "😀 名前": "ÅÄÖ \u2028 \U0010ffff \x7f tab\t line\n", "empty": "", "large": 2**63 - 1, "small": -(2**63),
        "tiny": 5e-324, "third": 1 / 3, "list": [True, "x", 0.1, -0.0], "quote": "';--\\\"",
    }  # fmt: skip
    capture = "Ünïcode: \u200b'\"%_\\;-- é"
    item = source.post("/workitems", json={"captureId": capture, "attributes": attributes})
    assert item.status_code == 201, item.text
    read = admin.get(f"/workitems/{item.json()['id']}").json()
    assert read["captureId"] == capture
    assert {name: read["attributes"][name] for name in attributes} == attributes
    found = admin.get("/workitems", params={"captureId": capture}).json()["items"]
    assert [entry["id"] for entry in found] == [read["id"]]
    assert admin.get("/workitems", params={"q": "';--\\\\"}).status_code == 200


# Messages over Kafka


def envelope(sender: Tenant, data: bytes, **attributes: object) -> tuple[str, bytes]:
    """A command with these bytes as its data, and its id."""
    event = {
        "specversion": "1.0", "id": str(uuid.uuid4()), "source": sender.source, "type": "millrace.workitem.submit",
        "tenant": sender.name, **attributes,
    }  # fmt: skip
    return event["id"], json.dumps(event)[:-1].encode() + b', "data": ' + data + b"}"


def dead_letters(admin: httpx.Client) -> dict[bytes, dict]:
    """All of them by their original bytes."""
    found, cursor = {}, None
    while True:
        page = admin.get("/dead", params={"limit": 100, **({"cursor": cursor} if cursor else {})}).json()
        for letter in page["items"]:
            found[base64.b64decode(letter["bytes"])] = letter
        cursor = page["next"]
        if cursor is None:
            return found


def laid_aside(place: World, messages: set[bytes]) -> bool:
    """Whether all of them are dead letters, by the database: large ones make long pages."""
    digests = [hashlib.sha256(message).digest() for message in messages]
    with psycopg.connect(place.admin_url) as connection:
        query = "SELECT count(DISTINCT digest) FROM dead_letter WHERE digest = ANY(%s)"
        return connection.execute(query, [digests]).fetchone()[0] == len(messages)


def test_poison_in_a_batch_is_laid_aside_and_the_others_go_through(
    place: World, tenant: Tenant, admin: httpx.Client, replies: EventReader
) -> None:
    contract = AsyncAPI()
    producer = place.producer(tenant)
    before = items(place, tenant)
    good, bad = [], {}
    # One partition, so that good and bad share batches.
    for number, body in enumerate(BAD_BODIES):
        good.append(f"good-{number}")
        producer.submit(f"good-{number}", attributes={"impact": "Idle"})
        identity, message = envelope(tenant, body.body)
        bad[message] = (identity, body)
        producer.send_raw(message, key="poison")
    odd = [b"", b"null", b"{}", b"\xff\xff", b"[1, 2]", json.dumps({"specversion": "0.3"}).encode()]
    for message in odd:
        producer.send_raw(message, key="poison")
    producer.flush()

    wait_until(lambda: items(place, tenant) == before + len(good), seconds=20, what="the good ones captured")
    wait_until(lambda: laid_aside(place, bad.keys() | set(odd)), seconds=20, every=0.1, what="dead letters")
    letters = dead_letters(admin)
    assert items(place, tenant) == before + len(good)
    topic = place.reader("workitems.commands.dead")
    wait_until(
        lambda: bad.keys() | set(odd) <= {entry.value for entry in topic.received}, what="dead letters on their topic"
    )
    published = {entry.value: entry for entry in topic.received}
    for message, (identity, body) in bad.items():
        letter = letters[message]
        assert letter["topic"] == producer.topic
        assert letter["reason"]
        if body.status == 422:
            assert body.says in letter["reason"], letter["reason"]
        headers = {name: value.decode() for name, value in published[message].headers.items()}
        assert not contract.problems("deadLetter", "headers", headers)
        assert headers["reason"] == letter["reason"]
        assert (headers["topic"], int(headers["partition"]), int(headers["offset"])) == (
            letter["topic"], letter["partition"], letter["offset"],
        )  # fmt: skip
        assert published[message].key == b"poison"
        if body.status == 422:
            answer = replies.wait_for(lambda event, identity=identity: event["data"].get("commandId") == identity)
            assert answer["type"] == "millrace.reply.refused"
            assert not contract.problems("refused", "payload", answer)
            assert answer["data"]["problem"]["errors"], body.name

    def captured() -> set[str]:
        return {event["data"].get("captureId") for event in replies.events if event["type"] == "millrace.reply.accepted"}

    wait_until(lambda: captured() >= set(good), what="answers to the good ones")


def test_envelopes_are_read_strictly(place: World, tenant: Tenant, admin: httpx.Client) -> None:
    producer = place.producer(tenant)
    data = b'{"captureId": "envelope"}'
    without = {name: json.loads(envelope(tenant, data)[1]) for name in ("id", "type", "source", "tenant", "data", "specversion")}
    for name, event in without.items():
        del event[name]
    cases = {
        **{f"without {name}": json.dumps(event).encode() for name, event in without.items()},
        "unknown type": envelope(tenant, data, type="millrace.workitem.submitt")[1],
        "another product's type": envelope(tenant, data, type="com.example.done")[1],
        "unknown source": envelope(tenant, data, source="nobody")[1],
        "unknown tenant": envelope(tenant, data, tenant="no-such-tenant")[1],
        "tenant a number": envelope(tenant, data, tenant=17)[1],
        "extension an object": envelope(tenant, data, more={"a": 1})[1],
        "not JSON inside": envelope(tenant, data, datacontenttype="text/plain")[1],
        "base64 data": envelope(tenant, data, data_base64="e30=")[1],
        "time in words": envelope(tenant, data, time="now")[1],
        "version 0.3": envelope(tenant, data, specversion="0.3")[1],
    }
    before = items(place, tenant)
    for message in cases.values():
        producer.send_raw(message, key="envelope")
    producer.flush()
    wait_until(lambda: laid_aside(place, set(cases.values())), seconds=20, every=0.1, what="dead letters")
    letters = dead_letters(admin)
    assert "submit" in letters[cases["unknown type"]]["reason"]
    assert "no-such-tenant" in letters[cases["unknown tenant"]]["reason"]
    assert "nobody" in letters[cases["unknown source"]]["reason"]
    assert "data_base64" in letters[cases["base64 data"]]["reason"]
    assert items(place, tenant) == before
    # What names another tenant is not this tenant's to retry.
    assert admin.post(f"/dead/{letters[cases['unknown tenant']]['id']}/retry").status_code == 409


def test_a_dead_letter_is_retried_after_its_cause_is_mended(
    place: World, tenant: Tenant, admin: httpx.Client, replies: EventReader
) -> None:
    producer = place.producer(tenant)
    capture = str(uuid.uuid4())
    identity, message = envelope(tenant, json.dumps({"captureId": capture}).encode(), source="late")
    producer.send_raw(message, key=capture)
    producer.flush()
    wait_until(lambda: laid_aside(place, {message}), what="the dead letter")
    letter = dead_letters(admin)[message]
    retry = f"/dead/{letter['id']}/retry"
    assert admin.post(retry).status_code == 409

    configuration = admin.get("/configuration").json()
    configuration["sources"].append({"name": "late", "defaults": {"channel": "incident"}})
    assert admin.put("/configuration", json=configuration).status_code == 200
    made = admin.post(retry)
    assert (made.status_code, made.json()["captureId"], made.json()["source"]) == (201, capture, "late")
    assert admin.post(retry).json()["id"] == made.json()["id"]

    # Its source hears of it: the refusal is not the last word.
    def answers() -> list[dict]:
        return [event for event in replies.events if event["data"].get("commandId") == identity]

    wait_until(lambda: len(answers()) == 3, what="the answers to the command and to both retries")
    assert [entry["data"]["status"] for entry in answers()] == [400, 201, 200]
    assert len({entry["id"] for entry in answers()}) == 3
    accepted = answers()[1]
    assert not AsyncAPI().problems("accepted", "payload", accepted)
    assert accepted["data"]["workItem"]["id"] == made.json()["id"]
    assert accepted["data"]["offset"] == {name: letter[name] for name in ("topic", "partition", "offset")}
    told = [entry.key for entry in replies.received if (entry.event or {}).get("data", {}).get("commandId") == identity]
    assert told == [capture.encode()] * 3
    letter = dead_letters(admin)[message]
    assert letter["outcome"] == "accepted"
    assert letter["retriedAt"]


def test_a_dead_letter_that_is_still_bad_stays(admin: httpx.Client, tenant: Tenant, place: World) -> None:
    producer = place.producer(tenant)
    _, message = envelope(tenant, json.dumps({"captureId": "x" * 10_000}).encode())
    producer.send_raw(message, key="bad")
    producer.flush()
    wait_until(lambda: laid_aside(place, {message}), what="the dead letter")
    letter = dead_letters(admin)[message]
    answer = admin.post(f"/dead/{letter['id']}/retry")
    assert answer.status_code == 422
    assert answer.json()["errors"]
    assert dead_letters(admin)[message]["outcome"] == "refused"
    assert admin.post(f"/dead/{uuid.uuid4()}/retry").status_code == 404


def test_commands_that_cannot_be_done_are_answered_and_not_laid_aside(
    place: World, tenant: Tenant, admin: httpx.Client, replies: EventReader
) -> None:
    producer = place.producer(tenant)
    capture = str(uuid.uuid4())
    first = producer.submit(capture, attributes={"impact": "Idle"})
    other = producer.submit(capture, attributes={"impact": "Low"})
    unknown = producer.command("hold", {"captureId": "nobody knows it"})
    hold = producer.command("hold", {"captureId": capture})
    changed = {**hold, "data": {"captureId": capture, "reason": "another"}}
    for event in (unknown, hold, changed):
        producer.send(event, key=capture)
    producer.flush()

    def answers() -> dict[str, list[int]]:
        found: dict[str, list[int]] = {}
        for event in replies.events:
            found.setdefault(event["data"].get("commandId"), []).append(event["data"]["status"])
        return found

    wait_until(lambda: len(answers().get(hold["id"], [])) == 2, what="the last answer")
    assert [answers()[event["id"]] for event in (first, other, unknown)] == [[201], [409], [404]]
    # The same id with other content is somebody's mistake, and has no effect.
    assert answers()[hold["id"]] == [200, 409]
    assert not {json.dumps(event).encode() for event in (first, other, unknown, hold, changed)} & dead_letters(admin).keys()


# Configurations

CYCLE = """
tenant: TENANT
endpoints: [{name: desk}]
calendars: [{name: always, always: true}]
schemas: [{name: standard, unit: hours, sla: 1, points: [[0, 1]]}]
categories:
  - &loop
    name: Incidents
    endpoint: desk
    schema: standard
    children: [*loop]
"""


def nested(name: str, depth: int) -> dict:
    """Categories of that name inside each other."""
    category = {"name": name, "endpoint": "desk", "schema": "standard", "calendar": "always"}
    return {**category, "children": [nested(name, depth - 1)]} if depth > 1 else category


BAD_CONFIGURATIONS = {
    "a category inside itself": (day_and_night(categories=[nested("Incidents", 2)]), "/categories/0/children/0/name"),
    "categories too deep": (
        day_and_night(categories=[nested("A", 1) | {"children": [{"name": "B", "children": [
            {"name": str(1), "children": [{"name": str(2), "children": [{"name": str(3), "children": [
                {"name": str(4), "children": [{"name": str(5), "children": [{"name": str(6), "children": [
                    {"name": str(7), "children": [{"name": str(8), "children": [{"name": str(9)}]}]}]}]}]}]}]}]}]}]}]),
        None,
    ),
    "a calendar that never opens": (
        day_and_night(calendars=[{"name": "always", "timeZone": "UTC", "weekly": {}}]), "/calendars/0",
    ),
    "a calendar that opens for no time": (
        day_and_night(calendars=[{"name": "always", "timeZone": "UTC", "weekly": {"mon": ["08:00-08:00"]}}]), "/calendars/0",
    ),
    "an unknown time zone": (
        day_and_night(calendars=[{"name": "always", "timeZone": "Mars/Base", "weekly": {"mon": ["08:00-09:00"]}}]),
        "/calendars/0/timeZone",
    ),
    "an opening that ends before it starts": (
        day_and_night(calendars=[{"name": "always", "timeZone": "UTC", "weekly": {"mon": ["17:00-08:00"]}}]),
        "/calendars/0/weekly/mon/0",
    ),
    "openings that overlap": (
        day_and_night(calendars=[{"name": "always", "timeZone": "UTC", "weekly": {"mon": ["08:00-12:00", "11:00-13:00"]}}]),
        "/calendars/0/weekly/mon/1",
    ),
    "points out of order": (
        day_and_night(schemas=[{"name": "standard", "unit": "hours", "sla": 8, "points": [[8, 1], [0, 2]]}]),
        "/schemas/0/points/1",
    ),
    "no points": (day_and_night(schemas=[{"name": "standard", "unit": "hours", "sla": 8, "points": []}]), "/schemas/0/points"),
    "a point of text": (
        day_and_night(schemas=[{"name": "standard", "unit": "hours", "sla": 8, "points": [["0", 1]]}]), "/schemas/0/points/0",
    ),
    "an unknown endpoint": (day_and_night(endpoints=[{"name": "desks"}, {"name": "experts"}]), "/categories/0/endpoint"),
    "a skill that is not defined": (day_and_night(skills=[]), "/categories/0/children/0/requiredSkills/0"),
    "two sources of one name": (day_and_night(sources=[{"name": "vinst"}, {"name": "vinst"}]), "/sources/1/name"),
    "a condition of nothing": (
        day_and_night(categories=[{"name": "All", "when": {"all": []}, "endpoint": "desk", "schema": "standard"}]),
        "/categories/0/when/all",
    ),
    "a test that is not known": (
        day_and_night(categories=[
            {"name": "All", "when": {"attribute": "a", "iss": 1}, "endpoint": "desk", "schema": "standard"}]),
        "/categories/0/when/iss",
    ),
    "an unknown section": (day_and_night(calenders=[]), "/calenders"),
    "a section of the wrong type": (day_and_night(skills="java"), "/skills"),
    "a webhook without a host": (
        day_and_night(sources=[{"name": "vinst", "replies": {"webhook": {"url": "https:///path", "secretRef": "hook"}}}]),
        "/sources/0/replies/webhook/url",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD_CONFIGURATIONS)
def test_a_bad_configuration_is_refused_with_its_place(admin: httpx.Client, tenant: Tenant, name: str) -> None:
    document, path = BAD_CONFIGURATIONS[name]
    document = {**document, "tenant": tenant.name}
    before = admin.get("/configuration")
    checked = admin.post("/configuration/validate", json=document).json()
    assert not checked["valid"]
    for sent in (json.dumps(document), yaml.safe_dump(document)):
        kind = "application/json" if sent.startswith("{") else "application/yaml"
        answer = admin.put("/configuration", content=sent.encode(), headers={"Content-Type": kind})
        assert answer.status_code == 422, answer.text
        assert answer.json()["errors"] == checked["errors"]
    if path:
        assert path in [error["path"] for error in checked["errors"]], checked["errors"]
    assert admin.get("/configuration").headers["etag"] == before.headers["etag"]


def test_every_mistake_of_a_configuration_is_told_at_once(admin: httpx.Client, tenant: Tenant) -> None:
    document = day_and_night(
        tenant=tenant.name, calendars=[{"name": "always", "timeZone": "Nowhere", "weekly": {"mon": ["9-17"]}}],
        schemas=[{"name": "standard", "unit": "fortnights", "sla": -1, "points": [[1, 1], [0, 0]]}], more=1,
    )  # fmt: skip
    errors = admin.post("/configuration/validate", json=document).json()["errors"]
    assert {error["path"] for error in errors} >= {
        "/calendars/0/timeZone", "/calendars/0/weekly/mon/0", "/schemas/0/unit", "/schemas/0/sla", "/schemas/0/points/1",
        "/more", "/categories/0/children/1/schema",
    }  # fmt: skip


BAD_DOCUMENTS = {
    "not YAML": b"tenant: [unclosed",
    "not UTF-8": b"tenant: \xff\xfe",
    "nothing": b"",
    "a list": b"- a\n- b\n",
    "a key that is a list": b"? [a]\n: b\n",
    "a key twice": b"tenant: TENANT\ntenant: TENANT\n",
    "an alias of nothing": b"tenant: *nowhere\n",
    "a cycle of categories": CYCLE.encode(),
    "a billion laughs": b"a: &a [x, x, x, x, x, x, x, x, x, x]\n"
    + b"".join(b"%c: &%c [%s]\n" % (98 + n, 98 + n, b", ".join([b"*%c" % (97 + n)] * 10)) for n in range(9)),
    "brackets without end": b"tenant: " + b"[" * 400_000,
    "braces without end": b"tenant: " + b"{a: " * 200_000,
    "indents without end": b"".join(b" " * depth + b"a:\n" for depth in range(1200)),
    "U+0000 in an attribute": rb"""
tenant: TENANT
schemas: [{name: standard, unit: hours, sla: 1, points: [[0, 1]]}]
sources: [{name: vinst, defaults: {channel: "a\0b"}}]
""",
    "U+0000 in a condition": rb"""
tenant: TENANT
endpoints: [{name: desk}]
schemas: [{name: standard, unit: hours, sla: 1, points: [[0, 1]]}]
categories: [{name: All, when: {attribute: a, is: "a\0b"}, endpoint: desk, schema: standard}]
sources: [{name: vinst}]
""",
    "a lone surrogate": rb"""
tenant: TENANT
schemas: [{name: standard, unit: hours, sla: 1, points: [[0, 1]]}]
sources: [{name: vinst, defaults: {channel: "a\uD800b"}}]
""",
    "another tenant": b"tenant: somebody-else\n",
}


@pytest.mark.parametrize("name", BAD_DOCUMENTS)
def test_a_bad_document_is_refused(admin: httpx.Client, tenant: Tenant, place: World, name: str) -> None:
    before = admin.get("/configuration").headers["etag"]
    document = BAD_DOCUMENTS[name].replace(b"TENANT", tenant.name.encode())
    answer = admin.put("/configuration", content=document, headers={"Content-Type": "application/yaml"})
    assert answer.status_code in (400, 422), answer.text
    assert answer.json()["errors"], answer.text
    assert admin.get("/configuration").headers["etag"] == before
    assert place.cores.running


# Afterwards


def test_a_page_of_large_letters_ends_before_its_limit(place: World, tenant: Tenant, admin: httpx.Client) -> None:
    producer = place.producer(tenant)
    large = {b"not JSON %d " % number + b"x" * 900_000 for number in range(10)}
    for message in large:
        producer.send_raw(message, key="large")
    producer.flush()
    wait_until(lambda: laid_aside(place, large), seconds=20, every=0.1, what="dead letters")
    pages: list[list[dict]] = []
    cursor = None
    while not pages or cursor is not None:
        answer = admin.get("/dead", params={"limit": 500, **({"cursor": cursor} if cursor else {})})
        pages.append(answer.json()["items"])
        assert sum(len(base64.b64decode(letter["bytes"])) for letter in pages[-1]) <= 4 << 20
        cursor = answer.json()["next"]
    letters = [letter for page in pages for letter in page]
    assert large <= {base64.b64decode(letter["bytes"]) for letter in letters}
    assert [len(page) for page in pages[:2]] == [4, 4]
    ids = [letter["id"] for letter in letters]
    assert ids == sorted(set(ids), reverse=True)

    # Who only wants to know what is there gets it at once.
    known = admin.get("/dead", params={"limit": 500, "contents": "false"}).json()
    assert [letter["id"] for letter in known["items"]] == ids[:500]
    assert not any("bytes" in letter or "text" in letter for letter in known["items"])
    assert known["items"][0]["reason"] == letters[0]["reason"]


def test_nothing_was_lost_and_nothing_broke(place: World, tenant: Tenant, admin: httpx.Client, source: httpx.Client) -> None:
    """The last test of this file: the service works as before, and has no item that it should not have."""
    answer = source.post("/workitems", json={"captureId": str(uuid.uuid4())})
    assert answer.status_code == 201
    assert not admin.get("/workitems", params={"captureId": "bad"}).json()["items"]
    (core,) = place.cores.running
    assert not re.findall(r"request failed.*", core.log_text)
    assert not re.findall(r'"level":"(?:error|critical)".*', core.log_text)
