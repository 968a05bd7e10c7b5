"""What is known of a customer goes on request, everywhere; what is old goes by itself; and nothing else goes with it."""

import json
import re
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx
import psycopg
import pytest

from checker import check, gather
from own_world import day_and_night, own_world
from stack import Stack
from waiting import wait_until
from world import Tenant, World

CUSTOMER = "Åsa Öberg"
# Begins with the other's name.
SIMILAR = "Åsa Öberg & Co"
NAMED = re.compile(rf"{CUSTOMER}(?! & Co)")
DAY = 86_400_000


@pytest.fixture(scope="module")
def privacy(stack: Stack) -> Iterator[World]:
    """Its instances are replaced, so it is nobody else's."""
    with own_world(stack, "privacy") as world:
        world.cores.ensure(1)
        yield world


@pytest.fixture
def tenant(privacy: World) -> Tenant:
    return privacy.tenant(day_and_night(retention={"finalItems": 7, "events": 7}))


@pytest.fixture
def admin(privacy: World, tenant: Tenant) -> httpx.Client:
    return privacy.http(tenant.admin_key)


@pytest.fixture
def database(privacy: World) -> Iterator[psycopg.Connection]:
    with psycopg.connect(privacy.admin_url, autocommit=True) as connection:
        yield connection


def submit(admin: httpx.Client, customer: str | None = None, **attributes: object) -> dict:
    named = {"customer": customer} if customer else {}
    body = {"captureId": f"case {uuid.uuid4()}", "attributes": {**named, **attributes}}
    answer = admin.post("/workitems?source=vinst", json=body)
    assert answer.status_code == 201, answer.text
    return answer.json()


def do(admin: httpx.Client, item: dict, action: str, **body: object) -> dict:
    answer = admin.post(
        f"/workitems/{item['id']}/{action}", json=body, headers={"Idempotency-Key": f"{action}-{item['id']}"}
    )
    assert answer.status_code == 200, answer.text
    return answer.json()


def rename(admin: httpx.Client, item: dict, customer: str | None) -> None:
    headers = {"If-Match": f'"{item["revision"]}"', "Idempotency-Key": f"rename-{item['id']}"}
    answer = admin.patch(f"/workitems/{item['id']}", json={"attributes": {"customer": customer}}, headers=headers)
    assert answer.status_code == 200, answer.text


def letter(database: psycopg.Connection, tenant: Tenant, value: bytes) -> uuid.UUID:
    """Lays a message aside, as capture does."""
    number = uuid.uuid4()
    database.execute(
        "INSERT INTO dead_letter (tenant, id, topic, partition, position, digest, key, value, reason, at)"
        " SELECT id, %s, 'workitems.commands', 0, %s, '', 'key', %s, 'told why', extract(epoch FROM now()) * 1000"
        " FROM tenant WHERE name = %s",
        (number, number.int % 2**62, value, tenant.name),
    )
    return number


def letters(admin: httpx.Client) -> dict[str, str]:
    return {entry["id"]: entry["text"] for entry in admin.get("/dead").json()["items"]}


def stored(database: psycopg.Connection, tenant: Tenant, table: str) -> str:
    rows = database.execute(
        f"SELECT t::text FROM {table} t WHERE tenant = (SELECT id FROM tenant WHERE name = %s)", (tenant.name,)
    )
    return "\n".join(text for (text,) in rows)


def feed(admin: httpx.Client) -> list[dict]:
    return admin.get("/events", params={"limit": 5000}).json()["items"]


def counts(database: psycopg.Connection, tenant: Tenant) -> dict[str, int]:
    return dict(
        database.execute(
            "SELECT status, count(*) FROM work_item WHERE tenant = (SELECT id FROM tenant WHERE name = %s) GROUP BY status",
            (tenant.name,),
        ).fetchall()
    )


def unfinished(database: psycopg.Connection, tenant: Tenant) -> int:
    """Batches that have not reached topic and lanes: they stay however old they are."""
    return database.execute(
        "SELECT count(*) FROM outbox o JOIN relay r ON r.tenant = o.tenant"
        " WHERE o.tenant = (SELECT id FROM tenant WHERE name = %s)"
        " AND (NOT o.laned OR o.position IS NULL OR o.position + o.events - 1 > r.published)",
        (tenant.name,),
    ).fetchone()[0]


def test_a_customer_is_erased_everywhere_and_nobody_else(
    privacy: World, tenant: Tenant, admin: httpx.Client, database: psycopg.Connection
) -> None:
    waiting = submit(admin, CUSTOMER, note="calls at night")
    done = do(admin, submit(admin, CUSTOMER), "hold", reason=f"{CUSTOMER} asked for it")
    do(admin, done, "complete", result={"told": CUSTOMER})
    # Both were the customer's once: one is nobody's now, the other another customer's.
    nobodys, anothers = submit(admin, CUSTOMER), submit(admin, CUSTOMER, note="keeps")
    rename(admin, nobodys, None)
    rename(admin, anothers, SIMILAR)
    similar = do(admin, submit(admin, SIMILAR), "hold", reason="later")
    erased = {item["id"] for item in (waiting, done, nobodys, anothers)}
    before = counts(database, tenant)

    assert admin.post("/customers/erase", json={"customer": CUSTOMER}).json() == {"erasedWorkItems": 4}

    for table in ("work_item", "event", "command_answer"):
        text = stored(database, tenant, table)
        assert not NAMED.search(text), table
        assert not [item for item in (waiting, done, nobodys) if item["captureId"] in text], table
    assert counts(database, tenant) == before
    assert "calls at night" not in stored(database, tenant, "event")
    for kept in (similar, anothers):
        assert admin.get(f"/workitems/{kept['id']}").json()["attributes"]["customer"] == SIMILAR
    assert admin.get(f"/workitems/{anothers['id']}").json()["captureId"] == anothers["captureId"]
    # Others' answers are kept.
    kept_answers = stored(database, tenant, "command_answer")
    assert f"hold-{similar['id']}" in kept_answers
    assert f"hold-{done['id']}" not in kept_answers

    def told() -> list[dict]:
        found = [event["data"] for event in feed(admin) if event["type"] == "millrace.workitem.erase"]
        return found if len(found) >= len(erased) else []

    events = wait_until(told, what="the events of the erasure")
    assert sorted(event["workItemId"] for event in events) == sorted(erased)
    for event in events:
        now = admin.get(f"/workitems/{event['workItemId']}").json()
        assert (event["revision"], event["from"], event["to"]) == (now["revision"], now["status"], now["status"])
        assert event["attributes"] == now["attributes"]
        assert event["actor"]["kind"] == "user"
    assert admin.post("/customers/erase", json={"customer": CUSTOMER}).json() == {"erasedWorkItems": 0}

    # They go on as what they were, although nothing tells any more what they are.
    taken = admin.post("/agents/anna/next").json()
    assert (taken["id"], taken["category"]) == (waiting["id"], waiting["category"])
    do(admin, nobodys, "hold")
    for item, action in ((nobodys, "resume"), (done, "restart")):
        again = do(admin, item, action)
        assert (again["status"], again["category"]) == ("queued", item["category"])
    for item in (waiting, nobodys, done, anothers, similar):
        do(admin, item, "cancel")
    wait_until(lambda: unfinished(database, tenant) == 0, what="every event in the feed")
    check(gather(privacy.admin_url, tenant.name, admin)).assert_clean()


def test_a_customers_dead_letters_lose_their_bytes_and_no_other_does(
    tenant: Tenant, admin: httpx.Client, database: psycopg.Connection
) -> None:
    def message(**attributes: object) -> dict:
        return {"source": "vinst", "data": {"captureId": "", "attributes": attributes}}

    texts = [
        json.dumps(message(customer=CUSTOMER), ensure_ascii=False),
        json.dumps(message(customer=CUSTOMER)),
        json.dumps(message(contacts=["Bo", CUSTOMER])),
        # No JSON: a quote too many, and a number beyond all.
        f'{{"data": {{"note": "12" wide", "customer": "{CUSTOMER}"}}}}',
        f'{{"data": {{"amount": 1e400, "customer": {json.dumps(CUSTOMER)}}}}}',
    ]
    others = [
        json.dumps(message(customer=SIMILAR), ensure_ascii=False),
        json.dumps(message(customer=SIMILAR)),
        json.dumps(message(customer="Bo", note=f"not for {CUSTOMER}"), ensure_ascii=False),
        json.dumps(message(customer=4711, amount=42)),
    ]
    naming = [str(letter(database, tenant, text.encode())) for text in texts]
    kept = {str(letter(database, tenant, text.encode())): text for text in others}
    numbered = str(letter(database, tenant, json.dumps(message(customer=42)).encode()))
    assert admin.post("/customers/erase", json={"customer": CUSTOMER}).status_code == 200
    assert admin.post("/customers/erase", json={"customer": "42"}).status_code == 200
    assert letters(admin) == {**kept, **dict.fromkeys([*naming, numbered], "")}


def test_configurations_go_when_nothing_refers_to_them_and_they_are_old(
    privacy: World, tenant: Tenant, admin: httpx.Client, database: psycopg.Connection
) -> None:
    def schemas(points: list) -> list[dict]:
        return [{**schema, "points": points} for schema in tenant.configuration["schemas"]]

    def apply(points: list, **calendar: object) -> int:
        days = [{"name": "always", **(calendar or {"always": True})}]
        document = {**tenant.configuration, "schemas": schemas(points), "calendars": days}
        return admin.put("/configuration", json=document).raise_for_status().json()["version"]

    def versions() -> list[int]:
        rows = database.execute(
            "SELECT version FROM configuration WHERE tenant = (SELECT id FROM tenant WHERE name = %s) ORDER BY 1",
            (tenant.name,),
        )
        return [version for (version,) in rows]

    # One version is that of an item, one that of a decision, the last is in force; the second and the third are nobody's.
    holding = do(admin, submit(admin), "hold")
    (first,) = versions()
    nobodys = apply([[0, 21]])
    closed = apply([[0, 22]], timeZone="UTC", weekly={"mon": ["08:00-09:00"]})
    decision = apply([[0, 23]])
    decided = submit(admin)
    # Lanes follow the rows within moments.
    taken = wait_until(lambda: (answer := admin.post("/agents/anna/next")).status_code == 200 and answer, what="the item")
    assert taken.json()["id"] == decided["id"]
    superseded = apply([[0, 24]])
    do(admin, decided, "takeback")
    young, active = apply([[0, 25]]), apply([[0, 26]])
    wait_until(
        lambda: admin.get(f"/workitems/{decided['id']}").json()["configurationVersion"] == active, what="the new rank"
    )
    assert versions() == [first, nobodys, closed, decision, superseded, young, active]
    week = "interval '7 days 1 minute'"
    database.execute(
        f"UPDATE configuration SET applied_at = applied_at - {week} WHERE version <= %s"
        " AND tenant = (SELECT id FROM tenant WHERE name = %s)", (young, tenant.name),
    )  # fmt: skip
    database.execute(f"UPDATE work_item SET received_at = received_at - %s WHERE id = %s", (7 * DAY + 60_000, decided["id"]))
    privacy.cores.stop_all()
    later = privacy.http(tenant.admin_key)
    wait_until(lambda: versions() == [first, decision, young, active], what="the end of what nobody needs", seconds=15)

    assert later.get("/configuration", params={"version": nobodys}).status_code == 404
    explained = later.get(f"/workitems/{decided['id']}/explanation").json()["items"][0]
    assert explained["ranking"]["points"] == [[0, 23]]
    texts = stored(database, tenant, "schema_version")
    assert all(f"[0,{priority}" in texts for priority in (23, 25, 26)), texts
    assert not any(f"[0,{priority}" in texts for priority in (21, 22, 24)), texts
    assert stored(database, tenant, "calendar_version").count(",always,") == 1
    # What is held is placed as before.
    assert later.post(f"/workitems/{holding['id']}/resume").json()["configurationVersion"] == active


def test_letters_about_a_customers_items_lose_their_bytes_although_they_do_not_name_the_customer(
    tenant: Tenant, admin: httpx.Client, database: psycopg.Connection
) -> None:
    item, other = submit(admin, CUSTOMER), submit(admin, "Bo")

    def command(of: dict) -> str:
        return json.dumps({"source": "vinst", "type": "millrace.workitem.no", "data": {"captureId": of["captureId"]}})

    about = [command(item), command(item)[:-1], f'{{"captureId": "{item["captureId"]}", "amount": 1e400}}']
    others = [command(other), command(other)[:-1], json.dumps({"data": {"captureId": "x", "note": item["captureId"]}})]
    naming = [str(letter(database, tenant, text.encode())) for text in about]
    keyed = str(letter(database, tenant, b"not JSON"))
    database.execute("UPDATE dead_letter SET key = %s WHERE id = %s", (item["captureId"].encode(), keyed))
    kept = {str(letter(database, tenant, text.encode())): text for text in others}
    assert admin.post("/customers/erase", json={"customer": CUSTOMER}).json() == {"erasedWorkItems": 1}
    assert letters(admin) == {**kept, **dict.fromkeys([*naming, keyed], "")}


def test_an_erasure_reads_no_events_and_answers_of_others(
    tenant: Tenant, admin: httpx.Client, database: psycopg.Connection
) -> None:
    """Whoever read them would stumble over these: they hold the name and are no JSON."""
    mine, bystander = submit(admin, CUSTOMER), do(admin, submit(admin, "Bo"), "hold")
    for table, column, value in (("event", "subject", bystander["id"]), ("command_answer", "key", f"hold-{bystander['id']}")):
        changed = database.execute(
            f"UPDATE {table} SET body = %s || substr(body, 45) WHERE {column}::text = %s",
            (f'{{"id":"{bystander["id"]}" {CUSTOMER}', value),
        )
        assert changed.rowcount > 0
    assert admin.post("/customers/erase", json={"customer": CUSTOMER}).json() == {"erasedWorkItems": 1}
    assert "customer" not in admin.get(f"/workitems/{mine['id']}").json()["attributes"]


def test_an_erasure_that_was_killed_goes_on_with_what_is_left(
    privacy: World, tenant: Tenant, admin: httpx.Client, database: psycopg.Connection
) -> None:
    page, items = 200, 230
    with ThreadPoolExecutor(8) as sources:
        ids = sorted(item["id"] for item in sources.map(lambda _: submit(admin, CUSTOMER), range(items)))
    numbered = "SELECT count(*) FROM work_item WHERE id = ANY(%s) AND capture_id LIKE 'erased:%%'"
    with psycopg.connect(privacy.admin_url) as another, ThreadPoolExecutor(1) as beside:
        # Somebody is at work on an item of the second page.
        another.execute("SELECT FROM work_item WHERE id = %s FOR UPDATE", (ids[-1],))
        request = beside.submit(admin.post, "/customers/erase", json={"customer": CUSTOMER})
        wait_until(lambda: database.execute(numbered, (ids,)).fetchone() == (page,), what="the first page", every=0.005)
        for core in privacy.cores.running:
            core.kill()
        assert isinstance(request.exception(), httpx.TransportError)
    later = privacy.http(tenant.admin_key)
    again = wait_until(
        lambda: later.post("/customers/erase", json={"customer": CUSTOMER}), what="an answer", forgiving=(httpx.HTTPError,)
    )
    assert again.json() == {"erasedWorkItems": items - page}
    assert not NAMED.search(stored(database, tenant, "event"))
    erasures = database.execute("SELECT subject::text FROM event WHERE kind = 'workitem.erase' AND subject = ANY(%s)", (ids,))
    assert sorted(subject for (subject,) in erasures) == ids


def test_events_of_items_that_are_gone_are_erased_too(
    privacy: World, tenant: Tenant, admin: httpx.Client, database: psycopg.Connection
) -> None:
    gone = do(admin, submit(admin, CUSTOMER), "complete")
    database.execute("UPDATE work_item SET completed_at = 1 WHERE id = %s", (gone["id"],))
    privacy.cores.stop_all()
    later = privacy.http(tenant.admin_key)
    wait_until(lambda: later.get(f"/workitems/{gone['id']}").status_code == 404, what="the end of the item")
    assert NAMED.search(stored(database, tenant, "event"))
    assert later.post("/customers/erase", json={"customer": CUSTOMER}).json() == {"erasedWorkItems": 0}
    for table in ("event", "command_answer"):
        assert not NAMED.search(stored(database, tenant, table)), table

    def told() -> list[list[str]]:
        return [event["data"]["workItemIds"] for event in feed(later) if event["type"] == "millrace.workitems.erase"]

    # Whoever keeps facts longer than items learns of it, once.
    assert wait_until(told, what="the event of the erasure") == [[gone["id"]]]
    assert later.post("/customers/erase", json={"customer": CUSTOMER}).json() == {"erasedWorkItems": 0}
    wait_until(lambda: unfinished(database, tenant) == 0, what="every event in the feed")
    assert told() == [[gone["id"]]]


def test_what_is_older_than_the_tenant_keeps_it_goes(
    privacy: World, tenant: Tenant, admin: httpx.Client, database: psycopg.Connection
) -> None:
    old, young, still_open = submit(admin), submit(admin), submit(admin)
    for item in (old, young):
        do(admin, item, "complete")
    wait_until(lambda: unfinished(database, tenant) == 0, what="every event published and every lane changed")
    assert len(feed(admin)) == 5
    aged, fresh = str(letter(database, tenant, b"aged")), str(letter(database, tenant, b"fresh"))
    week = 7 * DAY + 60_000
    database.execute("UPDATE dead_letter SET at = at - %s WHERE id = %s", (week, aged))
    database.execute("UPDATE work_item SET completed_at = completed_at - %s WHERE id = %s", (week, old["id"]))
    # An open item stays however old it is.
    database.execute("UPDATE work_item SET received_at = received_at - %s WHERE id = %s", (week, still_open["id"]))
    database.execute(
        "UPDATE outbox SET written_at = written_at - %s WHERE batch IN (SELECT batch FROM event WHERE subject = %s)",
        (week, old["id"]),
    )
    database.execute("UPDATE command_answer SET at = at - %s WHERE key = %s", (week, f"complete-{old['id']}"))
    # Who takes a tenant over clears away at once.
    privacy.cores.stop_all()
    later = privacy.http(tenant.admin_key)

    wait_until(lambda: later.get(f"/workitems/{old['id']}").status_code == 404, what="the end of the old item")
    wait_until(lambda: letters(later).keys() == {fresh}, what="the end of the old letter")
    kept = [event for event in feed(later) if event["type"] != "millrace.workitems.remove"]
    assert sorted(event["subject"] for event in kept) == sorted([young["id"], young["id"], still_open["id"]])
    answers = stored(database, tenant, "command_answer")
    assert old["id"] not in answers and young["id"] in answers
    for item in (young, still_open):
        assert later.get(f"/workitems/{item['id']}").status_code == 200
