"""Status goes back to the sources: on a topic of their own and by signed webhook, at least once and in order."""

import copy
import hashlib
import hmac
import json
import threading
from collections.abc import Iterator

import pytest

from cores import free_port
from emails import SECRETS_KEY
from own_world import day_and_night, own_world
from receiver import Receiver
from stack import Stack
from waiting import wait_until
from world import Tenant, World

SECRET = "a secret of the tests"
BOUND_SECRET = "a secret for the tenant alpha"
OWN_SECRET = "a secret that alpha has brought"


@pytest.fixture(scope="module")
def telling(stack: Stack) -> Iterator[World]:
    """A world that may send to this machine, and has a secret named `crm`, and one for the tenant `alpha` alone."""
    with own_world(stack, "sources") as world:
        installed = json.dumps({"crm": SECRET, "alpha/bound": BOUND_SECRET})
        world.cores.start(1, OUTBOUND_ALLOW="127.0.0.1", WEBHOOK_SECRETS=installed, SECRETS_KEY=SECRETS_KEY)
        yield world


def source(name: str, **replies: object) -> dict:
    return {"name": name, "defaults": {"channel": "incident"}, **({"replies": replies} if replies else {})}


def hook(url: str, secret: str = "crm") -> dict:
    return {"url": url, "secretRef": secret}


def is_signed(headers: dict, body: bytes, secret: str) -> bool:
    seconds, _, signature = headers["millrace-signature"].removeprefix("t=").partition(",v1=")
    return signature == hmac.new(secret.encode(), f"{seconds}.".encode() + body, hashlib.sha256).hexdigest()


def submit(world: World, tenant: Tenant, capture_id: str, source: str = "vinst") -> dict:
    answer = world.http(tenant.admin_key).post(f"/workitems?source={source}", json={"captureId": capture_id})
    assert answer.status_code == 201, answer.text
    return answer.json()


def told(receiver: Receiver) -> list[tuple[str, str]]:
    """What was taken: which item, and which step."""
    events = [json.loads(body) for _, body in list(receiver.taken)]
    return [(event["data"]["captureId"], event["data"]["action"]) for event in events]


def test_a_webhook_without_a_secret_is_refused(telling: World) -> None:
    tenant = telling.tenant(day_and_night())
    document = copy.deepcopy(tenant.configuration)
    document["sources"] = [source("vinst", webhook={"url": "https://crm.example.com/hook"})]
    answer = telling.http(tenant.admin_key).put("/configuration", json=document)
    assert answer.status_code == 422, answer.text
    assert [error["path"] for error in answer.json()["errors"]] == ["/sources/0/replies/webhook/secretRef"]


def test_a_webhook_is_signed_and_repeated_until_it_is_taken(telling: World) -> None:
    failures = iter([500, 503])
    receiver = Receiver(lambda body: next(failures, 204))
    try:
        tenant = telling.tenant(day_and_night(sources=[source("vinst", webhook=hook(receiver.url), events=["cancel"])]))
        item = submit(telling, tenant, "signed")
        assert telling.http(tenant.admin_key).post(f"/workitems/{item['id']}/cancel").status_code == 200
        wait_until(lambda: receiver.taken, seconds=15, what="the event at the webhook")
        headers, body = receiver.taken[0]
        assert is_signed(headers, body, SECRET)
        assert [json.loads(refused)["id"] for refused in receiver.refused] == [json.loads(body)["id"]] * 2
        # The submit was not asked for.
        assert told(receiver) == [("signed", "cancel")]
    finally:
        receiver.close()


def test_a_tenant_signs_with_its_own_secrets_and_with_no_others(telling: World) -> None:
    receiver = Receiver()

    def document(tenant: Tenant, secret: str) -> dict:
        return {**tenant.configuration, "sources": [source("vinst", webhook=hook(receiver.url, secret))]}

    def signs_with(tenant: Tenant, capture_id: str, secret: str) -> bool:
        submit(telling, tenant, capture_id)
        wait_until(lambda: (capture_id, "submit") in told(receiver), seconds=20, what="the event")
        return is_signed(*receiver.taken[told(receiver).index((capture_id, "submit"))], secret)

    try:
        alpha, beta = telling.tenant(day_and_night(), name="alpha"), telling.tenant(day_and_night(), name="beta")
        ours, theirs = telling.http(alpha.admin_key), telling.http(beta.admin_key)
        # What is there for one tenant is not there for another, by whatever name.
        foreign = [(theirs, beta, "bound"), (theirs, beta, "alpha/bound"), (ours, alpha, "alpha/bound"), (ours, alpha, "mine")]
        for http, tenant, secret in foreign:
            dry = http.post("/configuration/validate", json=document(tenant, secret)).json()
            answer = http.put("/configuration", json=document(tenant, secret))
            assert answer.status_code == 422, answer.text
            assert [error["path"] for error in answer.json()["errors"]] == ["/sources/0/replies/webhook/secretRef"]
            assert dry["errors"] == answer.json()["errors"]
        assert ours.put("/configuration", json=document(alpha, "bound")).status_code == 200
        assert signs_with(alpha, "by-bound", BOUND_SECRET)

        # One that the tenant has brought goes before the installation's of that name, for that tenant.
        assert ours.put("/secrets/crm", json={"password": OWN_SECRET}).status_code == 204
        for http, tenant in ((ours, alpha), (theirs, beta)):
            assert http.put("/configuration", json=document(tenant, "crm")).status_code == 200
        assert signs_with(alpha, "by-own", OWN_SECRET)
        assert signs_with(beta, "by-common", SECRET)
        # What mailboxes log in with is too little to sign with.
        assert ours.put("/secrets/short", json={"password": "1234"}).status_code == 204
        answer = ours.put("/configuration", json=document(alpha, "short"))
        assert answer.status_code == 422 and "16 bytes" in answer.json()["errors"][0]["message"]
        assert "1234" not in answer.text
    finally:
        receiver.close()


def test_a_source_that_is_away_or_slow_holds_up_nobody_else(telling: World) -> None:
    port = free_port()
    release = threading.Event()

    def slowly(_: bytes) -> int:
        release.wait(90)
        return 204

    slow, quick = Receiver(slowly), Receiver()
    late: Receiver | None = None
    try:
        tenant = telling.tenant(
            day_and_night(
                sources=[
                    source("vinst", webhook=hook(slow.url)),
                    source("away", webhook=hook(f"http://127.0.0.1:{port}/hook")),
                    source("web", webhook=hook(quick.url)),
                ]
            )
        )
        for name in ("vinst", "away", "web"):
            submit(telling, tenant, f"first-{name}", source=name)
        wait_until(lambda: told(quick), seconds=20, what="the quick source to be told")
        submit(telling, tenant, "second-web", source="web")
        wait_until(lambda: len(told(quick)) == 2, seconds=20, what="the quick source to be told again")
        assert told(slow) == []
        late = Receiver(port=port)
        wait_until(lambda: told(late), seconds=20, what="the source that was away to be told")
        assert told(late)[0] == ("first-away", "submit")
    finally:
        release.set()
        for receiver in (slow, quick, late):
            if receiver:
                receiver.close()


def test_a_source_with_a_topic_hears_from_its_configuration_on(telling: World) -> None:
    tenant = telling.tenant(day_and_night(sources=[source("vinst")]))
    submit(telling, tenant, "before")
    document = copy.deepcopy(tenant.configuration)
    document["sources"] = [source("vinst", topic="vinst.status")]
    http = telling.http(tenant.admin_key)
    # What came before has its place in the feed.
    wait_until(lambda: http.get("/events").json()["items"], what="the first item in the feed")
    assert http.put("/configuration", json=document).status_code == 200
    submit(telling, tenant, "after")
    topic = telling.reader("vinst.status")
    topic.wait_for(lambda event: event["data"]["captureId"] == "after", seconds=20, what="the later item")
    assert {event["data"]["captureId"] for event in topic.events} == {"after"}


def test_a_repeated_patch_gets_its_first_answer(telling: World) -> None:
    tenant = telling.tenant(day_and_night())
    item = submit(telling, tenant, "patched")
    http = telling.http(tenant.admin_key)
    headers = {"If-Match": f'"{item["revision"]}"', "Idempotency-Key": "once"}
    first = http.patch(f"/workitems/{item['id']}", json={"businessValue": 5}, headers=headers)
    assert first.status_code == 200, first.text
    again = http.patch(f"/workitems/{item['id']}", json={"businessValue": 5}, headers=headers)
    assert (again.status_code, again.json()["revision"]) == (200, first.json()["revision"])
    stale = http.patch(f"/workitems/{item['id']}", json={"businessValue": 6}, headers={"If-Match": headers["If-Match"]})
    assert stale.status_code == 412
