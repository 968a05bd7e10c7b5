"""What core asks of the tables of mail is found by an index, however much lies there.

`MILLRACE_PLAN_ROWS=1000000` makes it as much as a large installation has; the plans are the same with less.
"""

import os
import time
import uuid
from collections.abc import Callable, Iterator

import psycopg
import pytest

from mail_room import SECRETS_KEY, MailRoom, configuration, mailbox
from own_world import own_world
from query_plans import Plan, QueryPlans
from stack import Stack
from waiting import wait_until
from world import World

ROWS = int(os.environ.get("MILLRACE_PLAN_ROWS", "20000"))
TABLES = {"email", "email_key", "email_thread", "email_token", "content", "content_chunk", "email_content", "email_automatic"}
FILL = """
    INSERT INTO email (tenant, id, revision, direction, state, mailbox, work_item, message_id, message, created_at, updated_at,
        due_at, content, correspondents)
    SELECT %(tenant)s, gen_random_uuid(), 3, CASE WHEN i %% 2 = 0 THEN 'in' ELSE 'out' END,
        CASE WHEN i %% 2 = 0 THEN 'received' WHEN i %% 1000 = 1 THEN 'failed' WHEN i %% 1000 = 3 THEN 'queued'
            WHEN i %% 1000 = 5 THEN 'bounced' ELSE 'sent' END,
        CASE WHEN i %% 50 = 0 THEN 'support' ELSE 'box-' || i %% 40 END, CASE WHEN i %% 20 = 0 THEN NULL ELSE gen_random_uuid() END,
        i || '@example.org', md5(i::text)::uuid, %(now)s - i, %(now)s - i,
        CASE WHEN i %% 1000 = 3 THEN %(now)s + 86400000 + i END, '{"subject": "My order", "text": "' || repeat('word ', 40) || '"}',
        ARRAY[encode(substr(sha256(convert_to('c' || i / 5 || '@example.org', 'UTF8')), 1, 16), 'hex')::uuid]
    FROM generate_series(1, %(rows)s) AS i;
    INSERT INTO email_key (tenant, mailbox, key, message, place, email, at)
    SELECT tenant, mailbox, gen_random_uuid(), message, gen_random_uuid(), id, created_at FROM email WHERE direction = 'in';
    INSERT INTO email_thread (tenant, message, work_item)
    SELECT tenant, message, work_item FROM email WHERE work_item IS NOT NULL;
    INSERT INTO email_token (tenant, token, work_item)
    SELECT tenant, md5(id::text), work_item FROM email WHERE work_item IS NOT NULL AND direction = 'out';
    INSERT INTO email_automatic (tenant, mailbox, correspondent, at)
    SELECT tenant, mailbox, correspondents[1], %(now)s FROM email WHERE direction = 'in' LIMIT 20000;
    INSERT INTO content (tenant, sha256, size, type, upload, created_at)
    SELECT tenant, sha256(id::text::bytea), 5, 'message/rfc822', id, created_at FROM email WHERE direction = 'in';
    INSERT INTO content_chunk (tenant, upload, place, bytes)
    SELECT tenant, id, 0, 'bytes' FROM email WHERE direction = 'in';
    INSERT INTO email_content (tenant, sha256, email)
    SELECT tenant, sha256(id::text::bytea), id FROM email WHERE direction = 'in'
"""


@pytest.fixture(scope="module")
def place(stack: Stack) -> Iterator[World]:
    """A world whose tables of mail are full."""
    with own_world(stack, "email-plans") as world:
        world.cores.start(1, SECRETS_KEY=SECRETS_KEY)
        yield world


@pytest.fixture(scope="module")
def room(place: World) -> MailRoom:
    boxes = [mailbox(f"box-{number}") for number in range(40)]
    room = MailRoom.open(place, configuration(mailbox(acknowledgement="received"), *boxes))
    with psycopg.connect(place.admin_url, autocommit=True) as connection:
        (tenant,) = connection.execute("SELECT id FROM tenant WHERE name = %s", (room.tenant.name,)).fetchone()
        values = {"tenant": tenant, "rows": ROWS, "now": time.time_ns() // 1_000_000}
        with psycopg.ClientCursor(connection) as cursor:
            cursor.execute(FILL, values)
        for table in TABLES:
            connection.execute(f"ANALYZE {table}")
    return room


def test_no_question_reads_a_table_from_end_to_end(place: World, room: MailRoom) -> None:
    plans = QueryPlans(place)
    # Sessions that began before know nothing of it.
    core = place.cores.running[0]
    core.stop()
    core.start()
    first = room.admin.get("/emails", params={"limit": 50}).json()
    known = next(email for email in first["items"] if email.get("workItemId"))
    seen: list[Plan] = []

    def asked(what: str, ask: Callable[[], object]) -> None:
        plans.taken()
        ask()
        made = plans.taken()
        seen.extend(made)
        assert made, f"{what}: nothing was told"
        slow = [(plan.query, scan) for plan in made for scan in plan.scans(TABLES, ROWS // 20)]
        assert not slow, f"{what}: {slow}"

    def listed(**filters: object) -> None:
        page = room.admin.get("/emails", params={"limit": 50, **filters}).raise_for_status().json()
        if page["next"]:
            room.admin.get("/emails", params={"limit": 50, **filters, "cursor": page["next"]}).raise_for_status()

    for filters in (
        {}, {"mailbox": "support"}, {"mailbox": "nobody"}, {"workItemId": known["workItemId"]},
        {"workItemId": str(uuid.uuid4())}, {"state": "received"}, {"state": "sent"}, {"state": "queued"},
        {"state": "failed,bounced,uncertain"}, {"state": "uncertain"}, {"mailbox": "support", "state": "queued"},
        {"mailbox": "box-3", "state": "failed"}, {"mailbox": "support", "state": "received"},
        {"workItemId": known["workItemId"], "state": "sent"}, {"mailbox": "support", "workItemId": known["workItemId"]},
        {"state": "reading"}, {"state": "delivered"}, {"state": "delivered,canceled"}, {"state": "received,delivered"},
        {"mailbox": "support", "state": "sent"}, {"mailbox": "support", "state": "delivered,bounced"},
    ):  # fmt: skip
        asked(f"the list {filters}", lambda filters=filters: listed(**filters))
    asked("one message", lambda: room.admin.get(f"/emails/{known['id']}").raise_for_status())
    asked("the mailboxes", lambda: room.admin.get("/mailboxes").raise_for_status())
    asked("the work", room.work)
    asked("a long poll", lambda: room.work(room.work(), wait=2))
    message = room.message()
    asked("a first message", lambda: room.receive(message))
    asked("a copy", lambda: room.receive(room.message(message["messageId"])))
    asked("an answer", lambda: room.receive(room.message(inReplyTo=[message["messageId"]], references=["7@example.org"])))
    status = {"originalMessageId": "7@example.org", "recipients": [{"address": "k@example.org", "action": "failed"}]}
    asked("a notification", lambda: room.receive(room.message(deliveryStatus=status, automatic="null-return-path")))
    asked("a token", lambda: room.receive(room.message(token="0" * 32)))
    bad = room.receive(room.message(failed="unreadable"))[0]["workItemId"]
    asked("a second reading", lambda: room.admin.post(f"/workitems/{bad}/resume").raise_for_status())
    item = room.receive(room.message())[0]["workItemId"]
    asked("a reply", lambda: room.reply(item))
    asked("claim, begin and outcome", room.send)
    digest = "encode(substr(sha256('c4@example.org'), 1, 16), 'hex')::uuid"
    theirs = f"SELECT count(*) FROM email WHERE correspondents @> ARRAY[{digest}]"
    with psycopg.connect(place.admin_url, autocommit=True) as connection:
        assert connection.execute(theirs).fetchone() == (5,)
        asked("an erasure", lambda: room.admin.post("/customers/erase", json={"customer": "c4@example.org"}).raise_for_status())
        # One of them belonged to no item; those of items that there are not do not say whom they are from.
        assert connection.execute(theirs).fetchone() == (4,)

    def cleared() -> None:
        core.stop()
        core.start()
        swept = lambda: any("email_key" in plan.query for plan in found())  # noqa: E731
        wait_until(swept, seconds=30, every=0.5, what="a round of the retention")

    rounds: list[Plan] = []

    def found() -> list[Plan]:
        rounds.extend(plans.taken())
        return rounds

    cleared()
    slow = [(plan.query, scan) for plan in rounds for scan in plan.scans(TABLES, ROWS // 20)]
    assert not slow, f"retention and timers: {slow}"
    print(f"{ROWS} rows, {len(seen) + len(rounds)} plans, the slowest: {max(plan.milliseconds for plan in seen + rounds):.1f} ms")
