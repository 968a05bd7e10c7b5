"""Mail servers that refuse, err and forget: no message is lost for it, and none stops the others."""

import hashlib
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import timedelta, timezone

import pytest

from core_proxy import CoreProxy
from emails import Account, MailServers, Post, mailbox, posts
from own_world import own_world
from slow_proxy import SlowProxy
from stack import Stack
from standins.imap import DAY, Imap
from waiting import wait_until
from world import World


@pytest.fixture(scope="module")
def mail_world(stack: Stack) -> Iterator[World]:
    with own_world(stack, "refusals") as world:
        yield world


@pytest.fixture(scope="module")
def servers(stack: Stack) -> MailServers:
    return MailServers.find(stack)


@pytest.fixture
def imaps() -> Iterator[Callable[[], Imap]]:
    """Makes stand-ins."""
    with ExitStack() as made:

        def make() -> Imap:
            imap = Imap()
            made.callback(imap.close)
            return imap

        yield make


@pytest.fixture
def imap(imaps: Callable[[], Imap]) -> Imap:
    return imaps()


@pytest.fixture
def post(mail_world: World, servers: MailServers) -> Iterator[Callable[..., Post]]:
    """Makes a tenant with the mailbox `m` that is read from a stand-in, or with several by their names."""
    with posts(mail_world, servers) as make:

        def make_some(read: Imap | dict[str, dict], **inbound: object) -> Post:
            boxes = read if isinstance(read, dict) else {"m": read.inbound(**inbound)}
            accounts = servers.accounts(len(boxes))
            return make(*(mailbox(name, account, boxes[name]) for name, account in zip(boxes, accounts, strict=True)))

        yield make_some


def message(subject: str, text: str = "Hello.", message_id: str | None = None) -> bytes:
    head = f"From: kim@example.org\r\nTo: m@example.test\r\nSubject: {subject}\r\n"
    return f"{head}{f'Message-ID: <{message_id}>{chr(13)}{chr(10)}' if message_id else ''}\r\n{text}\r\n".encode()


def asks_for(*uids: int) -> Callable[[str], bool]:
    """Commands that ask for the text of one of these messages."""

    def fits(command: str) -> bool:
        words = command.split()
        if words[:2] != ["UID", "FETCH"] or "BODY.PEEK" not in command:
            return False
        ranges = [part.partition(":") for part in words[2].split(",")]
        return any(int(low) <= uid <= int(high or low) for uid in uids for low, _, high in ranges)

    return fits


def by_status(desk: Post, name: str = "m") -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for item in desk.items():
        if item["attributes"]["mailbox"] != name:
            continue
        status = "errorheld" if item["status"] == "errorheld" else "taken"
        found.setdefault(status, []).append(item["attributes"].get("subject", ""))
    return {status: sorted(subjects) for status, subjects in found.items()}


@dataclass
class SlowScene:
    """A tenant with a mailbox whose server is as it should be, and others whose servers are in the middle of a message."""

    desk: Post
    account: Account
    slow: dict[str, SlowProxy]
    subjects: list[str]


DRIPPING, STOPPING = ("drip-0", "drip-1", "drip-2", "drip-3"), ("stop-0", "stop-1")


@pytest.fixture(scope="module")
def slow_scene(mail_world: World, servers: MailServers) -> Iterator[SlowScene]:
    """It takes a minute until a server that stands still is given up: the tests between its first and its last one."""
    with ExitStack() as made:
        account, *others = servers.accounts(1 + len(DRIPPING + STOPPING))
        accounts = dict(zip(DRIPPING + STOPPING, others, strict=True))
        # A kilobyte would be progress for a minute.
        slow = {
            name: made.enter_context(SlowProxy(servers.imap_port, "BODY.PEEK", at_once=200, stops=name in STOPPING))
            for name in accounts
        }
        ways = {name: {"server": {"host": "127.0.0.1", "port": slow[name].port, "security": "plain"}} for name in slow}
        boxes = (mailbox(name, account, ways[name]) for name, account in accounts.items())
        desk = made.enter_context(posts(mail_world, servers))(mailbox("good", account), *boxes)
        # Instances that see each other share their mailboxes out.
        desk.start(REDIS_PREFIX=f"{mail_world.redis_prefix}slow:")
        for name in ("good", *slow):
            desk.connected(name)
        subjects = []
        for name, other in accounts.items():
            for number in range(2):
                subjects.append(f"{name} {number}")
                other.append(other.message(other.address, subjects[-1], "word " * 4000))
        yield SlowScene(desk, account, slow, subjects)


def test_slow_servers_delay_no_others(slow_scene: SlowScene) -> None:
    desk, slow, account = slow_scene.desk, slow_scene.slow, slow_scene.account
    wait_until(lambda: all(way.slow for way in slow.values()), what="all slow ones to be read", every=0.05)
    quick = [f"quick {number}" for number in range(3)]
    for subject in quick:
        account.append(account.message(account.address, subject))
        wait_until(lambda: subject in desk.subjects(), seconds=15, what=f"{subject} beside the slow ones", every=0.1)
    # They were as slow as before meanwhile.
    assert desk.subjects() == quick
    wait_until(lambda: all(slow[name].dripped for name in DRIPPING), seconds=5, what="a byte a second", every=0.05)
    slow_scene.subjects += quick
    # One gives the rest after all: on the connection that it was.
    slow["drip-0"].hurry()
    rest = {"drip-0 0", "drip-0 1"}
    wait_until(lambda: rest <= set(desk.subjects()), what="what was only slow", every=0.1)
    assert slow["drip-0"].connections == 1


def test_a_short_refusal_loses_nothing(post: Callable[..., Post], imaps: Callable[[], Imap]) -> None:
    refusals = {"away": "NO [UNAVAILABLE] later", "err": "NO [SERVERBUG] internal error", "many": "NO [LIMIT] too much"}
    servers = {name: imaps() for name in refusals}
    desk = post({name: server.inbound(processed={"action": "delete"}) for name, server in servers.items()})
    desk.start()
    for name, server in servers.items():
        desk.connected(name)
        server.trouble(refusals[name], lambda command: "BODY.PEEK" in command, times=6)
        for number in range(3):
            server.arrive(message(f"{name} {number}"))
    desk.has_items(9)
    for name in servers:
        assert by_status(desk, name) == {"taken": [f"{name} {number}" for number in range(3)]}
    wait_until(lambda: not any(server.there() for server in servers.values()), what="the messages to be deleted", every=0.1)


def test_what_is_not_kept_whole_stays_at_the_server(post: Callable[..., Post], imap: Imap) -> None:
    desk = post(imap, processed={"action": "delete"}, greatestMessage=3000)
    desk.start()
    desk.connected("m")
    imap.trouble("NO it is broken", asks_for(1, 2))
    for subject, text in (("broken 1", "A."), ("broken 2", "B."), ("fine", "C."), ("large", "x" * 4000)):
        imap.arrive(message(subject, text))
    desk.has_items(4)
    assert by_status(desk) == {"taken": ["fine"], "errorheld": ["", "", "large"]}
    kept = {"\\Flagged", "$MillraceIncomplete"}
    wait_until(lambda: imap.there() == {1: kept, 2: kept, 4: kept}, what="the marks", every=0.1)

    # Who begins anew leaves them there, and makes nothing of them a second time.
    imap.hang_up()
    imap.arrive(message("later"))
    desk.has_items(5)
    assert imap.there().keys() >= {1, 2, 4}

    imap.heal()
    for item in desk.items():
        if item["status"] == "errorheld" and "subject" not in item["attributes"]:
            assert desk.http.post(f"/workitems/{item['id']}/resume").json()["status"] == "queued"
    wait_until(
        lambda: by_status(desk) == {"taken": ["broken 1", "broken 2", "fine", "later"], "errorheld": ["large"]},
        what="what was fetched again", every=0.2,
    )  # fmt: skip


def test_a_message_at_which_the_server_errs_stops_no_other(post: Callable[..., Post], imaps: Callable[[], Imap]) -> None:
    answers = {"bad": "BAD I do not understand", "ends": None}
    servers = {name: imaps() for name in answers}
    desk = post({name: server.inbound() for name, server in servers.items()})
    desk.start()
    for name, server in servers.items():
        desk.connected(name)
        server.trouble(answers[name], asks_for(2, 3))
        for number in range(1, 5):
            server.arrive(message(f"{name} {number}"))
    desk.has_items(8, seconds=60)
    for name, server in servers.items():
        assert by_status(desk, name) == {"taken": [f"{name} 1", f"{name} 4"], "errorheld": ["", ""]}
        server.arrive(message(f"{name} later"))
    desk.has_items(10)


def test_a_first_read_that_is_put_off_makes_no_work_of_the_archive(post: Callable[..., Post], imap: Imap) -> None:
    """A folder that was moved: UIDs do not follow the dates."""
    desk = post(imap, since="2026-01-01T00:00:00Z")
    for subject in ("one", "two"):
        imap.arrive(message(subject))
    imap.arrive(message("archive"), at=time.time() - 2000 * DAY)
    imap.trouble("NO [UNAVAILABLE] later", asks_for(2), times=2)
    desk.start()
    desk.has_items(2)
    imap.arrive(message("later"))
    desk.has_items(3)
    assert by_status(desk) == {"taken": ["later", "one", "two"]}


def test_others_go_past_what_the_server_cannot_give_out_now(post: Callable[..., Post], imap: Imap) -> None:
    desk = post(imap)
    desk.start()
    desk.connected("m")
    imap.trouble("NO [LIMIT] not now", asks_for(1))
    for number in range(1, 4):
        imap.arrive(message(f"m{number}"))
    desk.has_items(2)
    imap.arrive(message("later"))
    desk.has_items(3)
    assert by_status(desk) == {"taken": ["later", "m2", "m3"]}
    fetched = [command for command in imap.commands if "BODY.PEEK[]" in command and asks_for(3)(command)]
    assert len(fetched) == 1, "taken ahead once"
    imap.heal()
    desk.has_items(4, seconds=90)
    assert by_status(desk) == {"taken": ["later", "m1", "m2", "m3"]}


def test_marks_that_are_refused_keep_no_mail_from_coming_in(post: Callable[..., Post], imaps: Callable[[], Imap]) -> None:
    actions = {"flag": {}, "move": {"folder": "Done"}, "delete": {}}
    servers = {action: imaps() for action in actions}
    for server in servers.values():
        server.trouble("NO read only", lambda command: command.split()[:2] in (["UID", "STORE"], ["UID", "MOVE"]))
        server.trouble("NO read only", lambda command: command.startswith("CREATE"))
    desk = post({name: server.inbound(processed={"action": name, **actions[name]}) for name, server in servers.items()})
    desk.start()
    for name, server in servers.items():
        desk.connected(name)
        server.arrive(message(f"{name} 1"))
    desk.has_items(3)
    for name, server in servers.items():
        desk.until(name, lambda found: "cannot be marked" in (found["inbound"].get("error") or ""), "the trouble to be told")
        server.hang_up()
        server.arrive(message(f"{name} 2"))
    desk.has_items(6)
    for name, server in servers.items():
        assert desk.mailbox(name)["inbound"]["state"] == "connected"
        server.heal()
        server.arrive(message(f"{name} 3"))
    desk.has_items(9)
    for name in servers:
        desk.until(name, lambda found: not found["inbound"].get("error"), "the end of the trouble")
        assert by_status(desk, name) == {"taken": [f"{name} {number}" for number in (1, 2, 3)]}


def test_uids_that_are_given_a_second_time_hide_no_mail(post: Callable[..., Post], imap: Imap) -> None:
    desk = post(imap)
    desk.start()
    desk.connected("m")
    for number in range(5):
        imap.arrive(message(f"m{number}", message_id=f"{number}@{imap.port}"))
    desk.has_items(5)
    # As a server is that was restored from a backup: it knows of the first two messages only.
    with imap.lock:
        del imap.mails[2:]
        imap.uid_next = 3
        imap.hang_up()
        imap.arrive(message("after", message_id=f"after@{imap.port}"))
    desk.has_items(6)
    imap.arrive(message("last", message_id=f"last@{imap.port}"))
    desk.has_items(7)
    assert desk.subjects() == ["after", "last", *(f"m{number}" for number in range(5))]


@pytest.mark.parametrize("how", ["another date", "another head"])
def test_a_uid_that_is_given_a_second_time_is_not_fetched_for_the_first(
    post: Callable[..., Post], imap: Imap, how: str
) -> None:
    desk = post(imap, greatestMessage=3000)
    desk.start()
    desk.connected("m")
    kept = imap.arrive(message("large", "x" * 4000))
    (held,) = desk.has_items(1)
    assert held["status"] == "errorheld"
    # As a server is that was restored: another message of the same size has its UID, under the same UIDVALIDITY.
    with imap.lock:
        if how == "another date":
            kept.at -= 3600
        else:
            kept.raw = message("other", "x" * 4000)
    desk.http.patch("/mailboxes/m", json={"inbound": {"greatestMessage": 10_000}}).raise_for_status()
    assert desk.http.post(f"/workitems/{held['id']}/resume").json()["status"] == "queued"

    def again() -> dict | None:
        (found,) = desk.http.get("/emails", params={"workItemId": held["id"]}).json()["items"]
        return found if "no longer where it was" in (found.get("reason") or "") else None

    assert wait_until(again, what="the message to be read once more", every=0.1)["state"] == "failed"
    assert desk.subjects() == ["large"]


def test_dates_that_items_cannot_have_stop_nothing(post: Callable[..., Post], imap: Imap) -> None:
    desk = post(imap)
    desk.start()
    desk.connected("m")
    imap.arrive(message("long ago"), at=5 * 365 * DAY)
    imap.arrive(message("far ahead"), at=200 * 365 * DAY)
    imap.arrive(message("today"))
    desk.has_items(3)
    assert by_status(desk) == {"taken": ["far ahead", "long ago", "today"]}


def test_mail_of_a_day_that_the_server_counts_otherwise_is_taken(post: Callable[..., Post]) -> None:
    # Its day is ours of yesterday until far into our day.
    server = Imap(timezone(timedelta(hours=-12)))
    try:
        midnight = time.time() // DAY * DAY - 3 * DAY
        server.arrive(message("before"), at=midnight - 60)
        server.arrive(message("early"), at=midnight + 3600)
        server.arrive(message("late"), at=midnight + 20 * 3600)
        since = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(midnight))
        desk = post(server, since=since, processed={"action": "none"})
        desk.start()
        desk.has_items(2)
        desk.connected("m")
        assert desk.subjects() == ["early", "late"]
    finally:
        server.close()


def test_contents_that_core_does_not_take_stop_nothing(post: Callable[..., Post], imap: Imap) -> None:
    desk = post(imap, processed={"action": "delete"})
    page = message("page").replace(b"\r\nSubject", b"\r\nContent-Type: text/html\r\nSubject").replace(b"Hello.", b"<p>Hello.</p>")
    large, plain = message("large"), message("plain")
    known = [hashlib.sha256(raw).hexdigest() for raw in (page, plain, b"")]
    with CoreProxy(desk.core.url) as proxy:
        # The whole of one message, and the page of the other.
        proxy.refuse(f"/contents/(?!{'|'.join(known)})")
        desk.start(EMAIL_CORE=proxy.url)
        desk.connected("m")
        for raw in (page, large, plain):
            imap.arrive(raw)
        desk.has_items(3)
        assert by_status(desk) == {"taken": ["plain"], "errorheld": ["", ""]}
        reasons = [item["reason"] for item in desk.items() if item["status"] == "errorheld"]
        assert all("refuses" in reason for reason in reasons), reasons
        # Of the one whose bytes core has nothing is lost; the other is kept by the mail server.
        wait_until(lambda: list(imap.there()) == [2], what="what core has to be deleted", every=0.1)


def test_slow_servers_are_given_up_and_asked_again(slow_scene: SlowScene) -> None:
    desk, slow = slow_scene.desk, slow_scene.slow
    given_up = [way for name, way in slow.items() if name != "drip-0"]
    wait_until(lambda: all(way.connections > 1 for way in given_up), seconds=80, what="all to be given up", every=0.1)
    assert desk.emails[0].errors("timedOut") >= len(given_up)
    for way in given_up:
        way.hurry()
    desk.has_items(len(slow_scene.subjects), seconds=60)
    for name in slow:
        desk.connected(name)
    desk.has_each_once(slow_scene.subjects)
