"""A folder is compared with what was taken: what was passed over is found and taken, and a difference that stays is told."""

import time
from collections import Counter
from collections.abc import Callable, Iterator

import pytest

from emails import Email, MailServers, Post, posts
from emails import mailbox as imap_mailbox
from own_world import own_world
from provider_mail import mailbox, message
from stack import Stack
from standins.gmail import Gmail
from standins.graph import Graph
from standins.imap import Imap, Mail
from standins.provider import BreakOff, Refusal, Request, Stored
from test_email_refusals import asks_for
from test_email_refusals import message as mail
from waiting import wait_until
from world import World

#: The looks come one after the other.
OFTEN = {"EMAIL_RECONCILE_EVERY": "1s"}


@pytest.fixture(scope="module")
def mail_world(stack: Stack) -> Iterator[World]:
    with own_world(stack, "reconciliation") as world:
        yield world


@pytest.fixture
def imap() -> Iterator[Imap]:
    server = Imap()
    yield server
    server.close()


@pytest.fixture
def desks(mail_world: World, stack: Stack) -> Iterator[Callable[..., Post]]:
    """Makes a tenant with mailboxes."""
    with posts(mail_world, MailServers.find(stack)) as make:
        yield make


@pytest.fixture
def post(desks: Callable[..., Post], stack: Stack) -> Callable[..., Post]:
    """Makes a tenant with the mailbox `m`, at a stand-in of any kind."""
    servers = MailServers.find(stack)

    def make(server: Imap | Gmail | Graph, **inbound: object) -> Post:
        if isinstance(server, Imap):
            return desks(imap_mailbox("m", servers.account(), server.inbound(**inbound)))
        desk = desks(mailbox(server, inbound))
        answer = desk.http.put("/mailboxes/secrets/provider", json=server.secret)
        assert answer.status_code in (200, 201, 204), answer.text
        return desk

    return make


def day_ago() -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - 86_400))


def is_told(desk: Post, email: Email) -> None:
    """The difference of one message shows, at once and then for a person."""
    desk.until(
        "m", lambda box: (box.get("folderCount"), box.get("takenCount"), box.get("difference")) == (2, 1, 1), "the difference"
    )
    gauge = next(line for line in email.metrics().splitlines() if "email_mailbox_difference{" in line)
    assert gauge.endswith(" 1")
    desk.until("m", lambda box: "1 of the folder's 2 messages" in (box["inbound"].get("error") or ""), "the warning", seconds=90)
    assert desk.mailbox("m")["inbound"]["state"] == "connected"
    assert "are not taken, however often" in email.log.read_text()


def is_over(desk: Post, subjects: list[str]) -> None:
    desk.has_items(len(subjects))
    desk.until(
        "m", lambda box: box.get("folderCount") == len(subjects) and box.get("difference") == 0
        and not box["inbound"].get("error"), "the end of it",
    )  # fmt: skip
    assert desk.subjects() == sorted(subjects)


@pytest.mark.parametrize("action", ["none", "flag"])
def test_what_a_mail_server_shows_late_is_found(post: Callable[..., Post], imap: Imap, action: str) -> None:
    desk = post(imap, processed={"action": action})
    email = desk.start(**OFTEN)[0]
    desk.connected("m")
    imap.uid_next = 5
    imap.arrive(mail("told"))
    desk.has_items(1)
    imap.trouble("NO [LIMIT] not now", asks_for(3))
    with imap.lock:
        # Its UID lies below what was read.
        imap.mails.insert(0, Mail(3, mail("late"), time.time()))
    is_told(desk, email)
    imap.heal()
    is_over(desk, ["told", "late"])
    if action == "flag":
        wait_until(lambda: all("$MillraceTaken" in flags for flags in imap.there().values()), what="the marks")


def test_what_a_provider_does_not_tell_of_is_found(post: Callable[..., Post], provider: Gmail | Graph) -> None:
    desk = post(provider, since=day_ago(), processed={"action": "none"})
    email = desk.start(**OFTEN)[0]
    desk.connected("m")
    provider.arrive(message("told"), provider.inbox)
    desk.has_items(1)
    with provider.lock:
        refusal = Refusal(403, {"error": {"code": "ErrorInternal"}})
        if isinstance(provider, Graph):
            # A person moves mail of before into the folder: the delta's filter knows nothing of it.
            moved = provider.arrive(message("moved"), provider.inbox, at=time.time() - 5 * 3600)
            provider.arrive(message("archive"), provider.inbox, at=time.time() - 3 * 86_400)
        else:
            moved = "moved-1"
            provider.messages[moved] = Stored(moved, message("moved"), time.time() - 5 * 3600, {provider.inbox})
            provider.messages["archive"] = Stored("archive", message("archive"), time.time() - 3 * 86_400, {provider.inbox})
        provider.trouble(100_000, refusal, lambda request: moved in request.path)
    is_told(desk, email)
    provider.heal()
    is_over(desk, ["told", "moved"])


def is_mark(request: Request) -> bool:
    return request.method in ("PATCH", "DELETE") or request.path.endswith(("/batchModify", "/trash", "/move"))


@pytest.mark.parametrize("action", ["flag", "move", "delete"])
def test_marks_that_fail_for_a_moment_are_made_up_for(
    post: Callable[..., Post], provider: Gmail | Graph, action: str
) -> None:
    desk = post(provider, processed={"action": action, **({"folder": "Done"} if action == "move" else {})})
    provider.trouble(100_000, Refusal(403, {"error": {"code": "ErrorAccessDenied"}}), is_mark)
    desk.start(**OFTEN)
    desk.connected("m")
    # What arrives in the first round is told of twice.
    wait_until(lambda: provider.count("history" if provider.kind == "gmail" else "delta") >= 2, what="the second round")
    provider.arrive(message("one"), provider.inbox)
    desk.has_items(1)
    desk.until("m", lambda box: "cannot be marked" in (box["inbound"].get("error") or ""), "the trouble to be told")
    provider.heal()
    bin_name = "TRASH" if provider.kind == "gmail" else "deleteditems"
    places = {"flag": None, "move": {"Done"}, "delete": {bin_name}}
    if action == "flag":
        wait_until(lambda: provider.taken in provider.stored("one").marks, what="the mark")
    else:
        wait_until(lambda: provider.place("one") == places[action], what=f"the message to be treated by {action}")
    desk.until("m", lambda box: not box["inbound"].get("error"), "the end of the trouble")
    fetched = provider.count("messages/") if provider.kind == "gmail" else provider.count("/$value")
    assert fetched == 1 and len(desk.items()) == 1


def taken(desk: Post, least: int) -> None:
    desk.until("m", lambda box: box["taken"] >= least, f"{least} to be taken")


def test_a_first_read_that_another_holder_goes_on_with_fetches_nothing_twice(post: Callable[..., Post], imap: Imap) -> None:
    desk = post(imap, since="2026-01-01T00:00:00Z")
    subjects = [f"m{number:03}" for number in range(400)]
    for subject in subjects:
        imap.arrive(mail(subject))
    imap.trouble(None, asks_for(395))
    first = desk.start()[0]
    taken(desk, 100)
    first.kill()
    imap.heal()
    desk.start()
    desk.has_items(400, seconds=60)
    assert desk.subjects() == subjects
    asked = Counter(uid for command in imap.commands for uid in (1, 100) if asks_for(uid)(command))
    assert asked == {1: 1, 100: 1}


def test_a_provider_s_first_read_that_another_holder_goes_on_with_fetches_nothing_twice(
    post: Callable[..., Post], provider: Gmail | Graph
) -> None:
    ids = [provider.arrive(message(f"m{n:02}"), provider.inbox, at=time.time() - 7200 + n) for n in range(12)]
    if provider.kind == "gmail":
        # It tells of the newest first.
        ids.reverse()
    provider.trouble(100_000, BreakOff(), lambda request: ids[-1] in request.path)
    desk = post(provider, since=day_ago(), processed={"action": "none"})
    first = desk.start()[0]
    taken(desk, 9)
    first.kill()
    provider.heal()
    desk.start()
    desk.has_items(12)
    assert desk.subjects() == [f"m{n:02}" for n in range(12)]
    fetched = Counter(one for request in provider.requests for one in ids[:9] if fetches(request, one))
    assert fetched == dict.fromkeys(ids[:9], 1)


def fetches(request: Request, identifier: str) -> bool:
    return request.path.endswith((f"/{identifier}", f"/{identifier}/$value")) and "$select" not in request.query


def test_slow_mail_servers_hold_up_no_other(desks: Callable[..., Post], stack: Stack) -> None:
    accounts = MailServers.find(stack).accounts(6)
    slow = [Imap(pace=1) for _ in range(5)]
    good = Imap()
    try:
        boxes = [imap_mailbox(f"slow{n}", accounts[n], server.inbound()) for n, server in enumerate(slow)]
        desk = desks(*boxes, imap_mailbox("good", accounts[5], good.inbound()))
        desk.start()
        for name in [*(f"slow{n}" for n in range(5)), "good"]:
            desk.connected(name)
        for server in slow:
            server.arrive(mail("slow"))

        def dripping() -> int:
            return sum(any("BODY.PEEK" in command for command in server.commands) for server in slow)

        wait_until(lambda: dripping() >= 4, what="the slow ones to be in hand")
        begin = time.monotonic()
        good.arrive(mail("good"))
        desk.has_items(1, seconds=10)
        assert desk.subjects() == ["good"] and time.monotonic() - begin < 10
        wait_until(lambda: dripping() == 5, seconds=10, what="the fifth one's turn")
    finally:
        for server in [*slow, good]:
            server.close()


def test_a_message_that_was_gone_for_a_moment_is_taken(post: Callable[..., Post], provider: Gmail | Graph) -> None:
    """The provider told of it before it had it to give out."""
    desk = post(provider, processed={"action": "none"})
    desk.start(**OFTEN)
    desk.connected("m")
    provider.arrive(message("told"), provider.inbox)
    desk.has_items(1)
    gone = Refusal(404, {"error": {"code": "notFound", "message": "gone"}})
    provider.trouble(1, gone, lambda request: "/$value" in request.path or request.query.get("format") == ["raw"])
    provider.arrive(message("gone and back"), provider.inbox)
    is_over(desk, ["told", "gone and back"])
