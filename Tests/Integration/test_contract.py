"""The service keeps to its OpenAPI and AsyncAPI documents."""

import json
import os
import re
import subprocess
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from jsonschema import Draft7Validator, Draft202012Validator

from contracts import AsyncAPI, OpenAPI, look_up, references
from mail_room import SECRETS_KEY, configuration
from own_world import own_world
from stack import Stack
from topics import EventReader
from waiting import wait_until
from world import Tenant, World

HOOKS = Path(__file__).parent / "schemathesis_hooks.py"


@pytest.fixture(scope="module")
def place(stack: Stack) -> Iterator[World]:
    """A world for this file."""
    with own_world(stack, "contract") as world:
        yield world


@pytest.fixture(scope="module")
def tenant(place: World) -> Tenant:
    tenant = place.tenant(configuration())
    place.cores.start(1, DEAD_LETTER_TENANT=tenant.name, SECRETS_KEY=SECRETS_KEY)
    return tenant


@pytest.fixture(scope="module")
def api(place: World, tenant: Tenant) -> OpenAPI:
    return OpenAPI.of(place.cores.running[0].url)


@pytest.fixture(scope="module")
def admin(place: World, tenant: Tenant, api: OpenAPI) -> httpx.Client:
    """A client whose every answer is held to the document."""
    return api.watch(place.http(tenant.admin_key))


def submit(admin: httpx.Client, **attributes: object) -> dict:
    body = {"captureId": str(uuid.uuid4()), "attributes": attributes}
    answer = admin.post("/workitems", json=body)
    assert answer.status_code == 201
    return answer.json()


# The OpenAPI document itself


def test_the_openapi_document_is_well_formed(api: OpenAPI) -> None:
    document = api.document
    assert document["openapi"].startswith("3.1.")
    for reference in references(document):
        look_up(document, reference)
    for name, schema in document["components"]["schemas"].items():
        Draft202012Validator.check_schema(schema)
        validator = Draft202012Validator({"$ref": f"#/components/schemas/{name}", "components": document["components"]})
        for example in schema.get("examples", []):
            validator.validate(example)


def test_other_methods_are_refused_with_the_documented_ones(api: OpenAPI, place: World) -> None:
    url = place.cores.running[0].url
    for path, operations in api.document["paths"].items():
        answer = httpx.request("PURGE", url + "/iwd/v3" + re.sub(r"\{[^}]*\}", "x", path))
        assert answer.status_code == 405, path
        allowed = set(answer.headers["allow"].replace(" ", "").split(",")) - {"HEAD"}
        assert allowed == {method.upper() for method in operations}, path
        assert answer.headers["content-type"] == "application/problem+json"


def test_everything_but_the_document_and_the_callback_needs_a_credential(api: OpenAPI, place: World) -> None:
    url = place.cores.running[0].url
    for path, operations in api.document["paths"].items():
        for method, operation in operations.items():
            answer = httpx.request(method.upper(), url + "/iwd/v3" + re.sub(r"\{[^}]*\}", "x", path))
            # The two that are open to everyone: the document, and the callback, which asks for its state.
            expected = 401 if operation.get("security") != [] else 400 if path == "/mailboxes/consent" else 200
            assert answer.status_code == expected, f"{method} {path}"
            assert not api.problems(answer)


# Answers, to the last member


def test_a_whole_life_keeps_to_the_document(admin: httpx.Client) -> None:
    with_answer = submit(admin, impact="Low", affected=12, countries=["Sweden", "Poland"], vip=True)
    item = f"/workitems/{with_answer['id']}"
    by_capture = f"/workitems/by-capture/vinst/{with_answer['captureId']}"
    assert admin.get(item).json()["status"] in ("queued", "offered")
    assert admin.patch(item, json={"push": 60}).status_code == 428
    assert admin.patch(item, json={"push": 60}, headers={"If-Match": '"999"'}).status_code == 412
    assert admin.patch(item, json={"push": 60, "attributes": {"vip": None}}, headers={"If-Match": "*"}).status_code == 200
    key = {"Idempotency-Key": str(uuid.uuid4())}
    held = admin.post(f"{item}/hold", json={"reason": "waits\nfor parts"}, headers=key)
    assert held.json()["status"] == "held"
    again = admin.post(f"{item}/hold", json={"reason": "waits\nfor parts"}, headers=key)
    assert standing_apart(again.json()) == standing_apart(held.json())
    assert admin.post(f"{item}/hold", json={"reason": "other"}, headers=key).status_code == 409
    assert admin.post(f"{by_capture}/resume").status_code == 200
    assert admin.post(f"{item}/assign", json={"agent": "anna"}).json()["assignee"] == "anna"
    assert admin.post(f"{item}/park", json={"until": "2090-01-01T00:00:00Z"}).json()["workbin"] == "agent:anna"
    assert admin.post(f"{item}/take", json={"agent": "anna"}).json()["status"] == "assigned"
    assert admin.post(f"{item}/takeback", json={"reason": "sorry"}).json()["status"] in ("queued", "offered")
    assert admin.post(f"{item}/transfer", json={"endpoint": "experts"}).json()["endpoint"] == "experts"
    assert admin.post(f"{item}/complete", json={"result": {"code": 7}}).json()["result"] == {"code": 7}
    assert admin.post(f"{item}/complete", json={"result": {"code": 7}}).status_code == 200
    assert admin.post(f"{item}/park").status_code == 409
    assert admin.post(f"{item}/restart").status_code == 200
    assert admin.post(f"{item}/cancel").json()["status"] == "canceled"
    history = admin.get(f"{by_capture}/history").json()["items"]
    assert [entry["revision"] for entry in history] == list(range(1, len(history) + 1))
    assert admin.get(f"{item}/explanation").json()["classification"]["category"] == "Incidents"
    assert admin.get(f"/workitems/{uuid.uuid4()}").status_code == 404


def standing_apart(item: dict) -> dict:
    """Without what changes from moment to moment."""
    return {name: value for name, value in item.items() if name not in ("age", "currentPriority")}


def test_offers_and_reports_keep_to_the_document(admin: httpx.Client, tenant: Tenant) -> None:
    item = submit(admin, impact="Major")
    assert admin.put("/agents/anna/state", json={"state": "ready", "reason": "back"}).status_code == 200
    offers = admin.get("/agents/anna/offers", params={"wait": 30}).json()["offers"]
    offer = next(offer for offer in offers if offer["workItemId"] == item["id"])
    assert admin.post(f"/offers/{offer['id']}/accept").json()["assignee"] == "anna"
    assert admin.post(f"/offers/{offer['id']}/decline").status_code == 409
    assert admin.get(f"/workitems/{item['id']}/explanation").json()["items"][0]["agent"] == "anna"
    assert [row["id"] for row in admin.get("/agents/anna/workitems").json()["items"]] == [item["id"]]
    assert admin.post("/agents/anna/heartbeat").status_code == 204
    assert admin.put("/agents/anna/state", json={"state": "notReady"}).status_code == 200
    assert admin.post("/agents/anna/next").status_code == 204
    assert admin.get("/agents").json()["items"][0]["load"] == 1
    assert admin.get("/queues").status_code == 200
    bulk = admin.post("/workitems/bulk", json={"action": "cancel", "ids": [item["id"], str(uuid.uuid4())]}).json()
    assert [entry["status"] for entry in bulk["items"]] == [200, 404]
    submit(admin, impact="Idle")
    page = admin.get("/workitems", params={"limit": 1, "sort": "-updatedAt"}).json()
    assert admin.get("/workitems", params={"limit": 1, "sort": "-updatedAt", "cursor": page["next"]}).status_code == 200
    wait_until(lambda: len(admin.get("/events").json()["items"]) > 5, what="events in the feed")


def test_administration_keeps_to_the_document(admin: httpx.Client, tenant: Tenant) -> None:
    configuration = admin.get("/configuration").json()
    assert admin.post("/configuration/validate", json=configuration).json()["changes"] == []
    assert admin.put("/configuration", json=configuration).json()["changes"] == []
    key = admin.post("/keys", json={"name": "contract", "roles": ["reader", "agent"], "agent": "anna"})
    assert key.status_code == 201
    assert admin.get("/keys").status_code == 200
    assert admin.delete(f"/keys/{key.json()['id']}").status_code == 204
    assert admin.get("/dead").json()["next"] is None
    assert admin.post("/customers/erase", json={"customer": "nobody"}).json() == {"erasedWorkItems": 0}


# The topics


def test_the_asyncapi_document_is_well_formed() -> None:
    document = AsyncAPI().document
    assert document["asyncapi"] == "3.0.0"
    for reference in references(document):
        look_up(document, reference)
    for schema in document["components"]["schemas"].values():
        Draft7Validator.check_schema(schema)
    for operation in document["operations"].values():
        assert operation["action"] in ("send", "receive")
        channel = look_up(document, operation["channel"]["$ref"])
        for message in operation.get("messages", []):
            assert message["$ref"].startswith(operation["channel"]["$ref"])
            assert message["$ref"].rsplit("/", 1)[1] in channel["messages"]
    used = {operation["channel"]["$ref"].rsplit("/", 1)[1] for operation in document["operations"].values()}
    assert used == set(document["channels"])
    for name, message in document["components"]["messages"].items():
        for example in message.get("examples", []):
            assert not AsyncAPI().problems(name, "payload", example["payload"])


def test_commands_of_both_documents_agree(api: OpenAPI) -> None:
    """What a source may say over Kafka is what HTTP takes, with the captureId beside it."""
    kafka = AsyncAPI().document["components"]["schemas"]
    rest = api.document["components"]["schemas"]
    for ours, theirs in [
        ("Submit", "Submit"), ("Update", "Update"), ("WithReason", "Reason"), ("Complete", "Completion"),
        ("Assign", "Assignment"), ("Transfer", "Transfer"), ("Park", "Parking"), ("CaptureIdOnly", "Nothing"),
    ]:  # fmt: skip
        members = set(kafka[ours]["properties"])
        assert members - {"captureId"} == set(rest[theirs].get("properties", {})) - {"captureId"}, ours
    assert set(kafka["WorkItemEventData"]["properties"]) == set(rest["WorkItemEventData"]["properties"])
    assert kafka["Status"]["enum"] == rest["WorkItemStatus"]["enum"]
    assert set(kafka["CommandAction"]["enum"]) - {"submit"} == set(rest["Bulk"]["properties"]["action"]["enum"])


def test_published_messages_keep_to_the_document(place: World, tenant: Tenant, admin: httpx.Client) -> None:
    contract = AsyncAPI()
    producer = place.producer(tenant)
    replies = place.reader("workitems.replies")
    capture = str(uuid.uuid4())
    commands = [
        producer.submit(capture, attributes={"impact": "Idle"}, businessValue=3),
        producer.command("update", {"captureId": capture, "attributes": {"more": [1, "x", False]}, "push": 5}),
        producer.command("hold", {"captureId": capture, "reason": "wait"}),
        producer.command("resume", {"captureId": capture}),
        producer.command("complete", {"captureId": capture, "result": None}),
        producer.command("cancel", {"captureId": capture}),
        producer.command("restart", {"captureId": capture}),
        producer.command("restart", {"captureId": "nobody knows it"}),
    ]
    for command in commands[1:]:
        producer.send(command, key=capture)
    producer.flush()
    for command in commands:
        name = command["type"].rsplit(".", 1)[1]
        assert not contract.problems(name, "payload", command)
        replies.wait_for(lambda event, command=command: event["data"].get("commandId") == command["id"], what=name)
    answers = {event["data"]["commandId"]: event["data"]["status"] for event in replies.events}
    assert [answers[command["id"]] for command in commands] == [201, 200, 200, 200, 200, 409, 200, 404]

    feed = wait_until(lambda: whole_feed(admin, capture, "restart"), what="the restart in the feed")
    for event in feed:
        assert not contract.problems(contract.kind(event), "payload", event)
    topic = place.reader()
    agents = place.reader("agents.events")
    # Each item's events are on a partition of its own, and each partition is read by itself.
    for reader, wanted in ((topic, item_events(feed)), (agents, [event for event in feed if event not in item_events(feed)])):
        ids = {event["id"] for event in wanted}
        wait_until(lambda: ids <= {event["id"] for event in reader.events}, what="the feed's events on their topic")  # noqa: B023
    for reader in (topic, agents, replies):
        check_messages(contract, reader)
    assert {event["type"].rsplit(".", 1)[1] for event in topic.events} >= {
        "submit", "update", "hold", "resume", "complete", "restart", "offer", "accept", "assign", "park", "unpark",
        "takeBack", "transfer", "cancel",
    }  # fmt: skip


def item_events(feed: list[dict]) -> list[dict]:
    return [event for event in feed if event["type"].startswith("millrace.workitem.")]


def whole_feed(admin: httpx.Client, capture: str, last: str) -> list[dict]:
    """Everything in the feed, once the item's last step is there."""
    feed = admin.get("/events", params={"limit": 5000}).json()["items"]
    steps = [event["data"]["action"] for event in item_events(feed) if event["data"]["captureId"] == capture]
    return feed if last in steps else []


def check_messages(contract: AsyncAPI, reader: EventReader) -> None:
    assert reader.received
    for message in reader.received:
        kind = contract.kind(message.event)
        headers = {name: value.decode() for name, value in message.headers.items()}
        assert not contract.problems(kind, "payload", message.event)
        assert not contract.problems(kind, "headers", headers)
        if not message.event["type"].startswith("millrace.reply."):
            assert message.key.decode() == message.event["subject"]


# Schemathesis: whatever is sent, the answer is a documented one

# Two halves, side by side. By id and by captureId the same code is behind the actions; one way is enough for most.
HALVES = {
    "work items": ["--include-path-regex", "^/workitems", "--exclude-path-regex", "^/workitems/by-capture/.*/.*/."],
    "all else": ["--exclude-path-regex", "^/workitems"],
}


@pytest.mark.timeout(240)
def test_schemathesis_finds_nothing(place: World, tenant: Tenant, admin: httpx.Client, tmp_path: Path) -> None:
    items = [submit(admin, impact="Idle") for _ in range(3)]
    core = place.cores.running[0]
    body = {"mailbox": "support", "to": ["kim@example.org"], "text": "Hello", "draft": True}
    known = {
        "email": admin.post("/emails", json=body).json()["id"], "mailbox": "support",
        "content": "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "workitem": items[0]["id"], "capture": items[1]["captureId"], "source": "vinst", "agent": "bert",
        "offer": items[2]["id"].replace("-", "") + "-1", "keys": [key["id"] for key in admin.get("/keys").json()["items"]],
    }  # fmt: skip
    environment = {
        **os.environ, "SCHEMATHESIS_HOOKS": HOOKS.stem, "PYTHONPATH": str(HOOKS.parent), "MILLRACE_KNOWN": json.dumps(known),
    }  # fmt: skip
    command = [
        Path(sys.executable).parent / "schemathesis", "--config-file", HOOKS.with_suffix(".toml"), "run",
        f"{core.url}/iwd/v3/openapi.json", "--header", f"Authorization: Bearer {tenant.admin_key}",
        "--max-time", "40", "--seed", "1", "--no-color",
    ]  # fmt: skip
    running = []
    for name, filters in HALVES.items():
        report = (tmp_path / f"{name}.txt").open("w+")
        running.append((name, report, subprocess.Popen(
            [*command, *filters], cwd=tmp_path, env=environment, stdin=subprocess.DEVNULL, stdout=report,
            stderr=subprocess.STDOUT,
        )))  # fmt: skip
    failures = []
    for name, report, process in running:
        try:
            code = process.wait(200)
        except subprocess.TimeoutExpired:
            process.kill()
            code = process.wait()
        report.seek(0)
        text = report.read()
        report.close()
        assert re.search(r"[1-9]\d\d+ generated", text), text[-5000:]
        if code != 0:
            failures.append(f"{name}:\n{text[-20000:]}")
    assert not failures, "\n".join(failures)
    # The credential was good to the end, or else all this was about 401.
    assert admin.get("/keys").status_code == 200
    assert core.is_running
    assert not [line for line in core.log_text.splitlines() if "request failed" in line]
