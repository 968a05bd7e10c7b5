"""Mail while things die: nothing is lost and nothing comes twice. A checker compares what lay in Dovecot with the items."""

import os
import random
import re
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator

import pytest

from emails import Account, Email, MailServers, Post, mailbox
from own_world import own_world
from stack import Stack
from waiting import wait_until
from world import World

pytestmark = pytest.mark.faults


@pytest.fixture
def post(stack: Stack, request: pytest.FixtureRequest) -> Iterator[Callable[..., Post]]:
    with own_world(stack, f"email-{request.node.name}"[:60].replace("[", "-").replace("]", "")) as world:
        yield from _posts(world, MailServers.find(stack))


def _posts(world: World, servers: MailServers) -> Iterator[Callable[..., Post]]:
    made: list[Post] = []

    def make(*mailboxes: dict, **core: str) -> Post:
        made.append(Post(world, servers, list(mailboxes), **core))
        return made[-1]

    yield make
    for one in made:
        one.close()


@pytest.fixture
def servers(stack: Stack) -> MailServers:
    return MailServers.find(stack)


def fill(account: Account, count: int, prefix: str = "n") -> list[str]:
    """Puts messages into a mailbox; returns their subjects."""
    chance = random.Random(count)
    subjects = [f"{prefix}{number:05}" for number in range(count)]
    with account.imap() as session:
        Account.append_all(
            session,
            [
                account.message(account.address, subject, "word " * chance.randrange(50, 4000)).as_bytes().replace(b"\n", b"\r\n")
                for subject in subjects
            ],
        )
    return subjects


def check(desk: Post, subjects: list[str], seconds: float = 60) -> None:
    """None lost, none twice."""
    desk.has_items(len(subjects), seconds)
    # Whatever would come twice has had its chance.
    time.sleep(1.5)
    found = Counter(desk.subjects())
    wanted = Counter(subjects)
    lost, extra = wanted - found, found - wanted
    assert not lost and not extra, f"lost {list(lost)[:5]} ({lost.total()}), twice or foreign {list(extra)[:5]} ({extra.total()})"


def flagged(account: Account) -> int:
    with account.imap() as session:
        session.select("INBOX", readonly=True)
        return len(session.search(None, "KEYWORD", "$MillraceTaken")[1][0].split())


def test_killed_during_fetch_and_between_commit_and_flag(post: Callable[..., Post], servers: MailServers) -> None:
    account = servers.account()
    desk = post(mailbox("m", account, {"since": "2020-01-01T00:00:00Z"}))
    subjects = fill(account, 600)
    chance = random.Random(7)
    # The next one need not wait long for the dead one's lease.
    email = desk.email(LEASE_TTL="1s")
    taken = 0
    for _ in range(6):
        email.launch()
        before = taken
        wait_until(
            lambda: (desk.mailbox("m").get("taken") or 0) >= min(before + 1, 600),
            seconds=30, what="some messages to be taken", every=0.02,
        )  # fmt: skip
        time.sleep(chance.random() * 0.2)
        email.kill()
        taken = desk.mailbox("m").get("taken") or 0
    email.start()
    check(desk, subjects)
    wait_until(lambda: flagged(account) == 600, seconds=30, what="all marks", every=0.5)


def test_dovecot_is_restarted_and_killed_meanwhile(post: Callable[..., Post], servers: MailServers) -> None:
    account = servers.account()
    desk = post(mailbox("m", account))
    email = desk.start()[0]
    desk.connected("m")
    subjects = []
    for round_number, action in enumerate(("restart", "kill", "pause")):
        subjects += fill(account, 100, f"r{round_number}-")
        getattr(servers.dovecot, action)()
        if action == "kill":
            servers.dovecot.start()
        if action == "pause":
            time.sleep(1)
            servers.dovecot.resume()
        subjects += fill(account, 20, f"a{round_number}-")
    check(desk, subjects, seconds=90)
    desk.connected("m")
    # Its sessions ended each time, and it connected again.
    assert lost_connections(email) >= 2
    assert desk.mailbox("m")["holder"] == email.instance


def lost_connections(email: Email) -> int:
    codes = "connectionLost|closed|unreachable|timedOut"
    found = re.findall(rf'email_errors_total\{{[^}}]*code="(?:{codes})"[^}}]*\}} (\d+)', email.metrics())
    return sum(int(number) for number in found)


def test_ten_thousand_messages_that_wait_are_all_taken_once(post: Callable[..., Post], servers: MailServers) -> None:
    account = servers.account()
    subjects = [f"n{number:05}" for number in range(10_000)]
    head = f"From: kim@example.org\r\nTo: {account.address}\r\nDate: Mon, 02 Nov 2026 08:00:00 +0000\r\n"
    account.lay(
        [
            f"{head}Subject: {subject}\r\nMessage-ID: <{subject}.{account.name}@example.org>\r\n\r\nHello.\r\n".encode()
            for subject in subjects
        ]
    )
    desk = post(mailbox("m", account, {"since": "2020-01-01T00:00:00Z"}))
    desk.start()
    wait_until(lambda: (desk.mailbox("m").get("taken") or 0) >= 10_000, seconds=60, what="all to be taken", every=0.2)
    wait_until(lambda: flagged(account) == 10_000, seconds=30, what="all marks", every=0.5)
    found = Counter(desk.subjects())
    assert found == Counter(subjects)
    kept = desk.until("m", lambda box: box.get("takenCount") == 10_000, "the reconciliation", 30)
    assert kept["taken"] == 10_000 and kept["folderCount"] == 10_000


def holders(desk: Post, names: list[str]) -> list[str]:
    return [desk.mailbox(name).get("holder") or "" for name in names]


def test_mailboxes_are_shared_and_move_quickly(post: Callable[..., Post], servers: MailServers) -> None:
    names = [f"m{number}" for number in range(6)]
    accounts = {name: servers.account() for name in names}
    desk = post(*(mailbox(name, account) for name, account in accounts.items()))
    first, second = desk.start(2)
    both = {first.instance, second.instance}
    wait_until(
        lambda: sorted(Counter(holders(desk, names)).values()) == [3, 3] and set(holders(desk, names)) == both,
        seconds=20, what="three mailboxes for each", every=0.2,
    )  # fmt: skip
    for name in names:
        desk.connected(name)
    second.kill()
    begin = time.monotonic()
    wait_until(lambda: set(holders(desk, names)) == {first.instance}, what="all at the one that is left", every=0.05)
    # Presence ends after 3 s, and is looked at every 0.75 s.
    assert time.monotonic() - begin < 15
    for name, account in accounts.items():
        account.append(account.message(account.address, name))
    check(desk, names)
    # A third one gets its share.
    third = desk.start(1)[0]
    wait_until(
        lambda: Counter(holders(desk, names)) == Counter({first.instance: 3, third.instance: 3}),
        what="a share for the new one", every=0.2,
    )  # fmt: skip


def test_two_instances_that_both_believe_to_hold_a_mailbox(post: Callable[..., Post], servers: MailServers) -> None:
    account = servers.account()
    desk = post(mailbox("m", account, {"since": "2020-01-01T00:00:00Z"}))
    subjects = fill(account, 400)
    first, second = desk.email(), desk.email()
    first.start()
    wait_until(lambda: (desk.mailbox("m").get("taken") or 0) > 0, seconds=30, what="the first messages", every=0.02)
    first.pause()
    second.start()
    wait_until(lambda: desk.mailbox("m").get("holder") == second.instance, what="another holder", every=0.05)
    first.resume()
    check(desk, subjects)


def test_replies_survive_a_kill_without_being_sent_twice(post: Callable[..., Post], servers: MailServers) -> None:
    account, customer = servers.account(), servers.account("customer")
    desk = post(mailbox("m", account, outbound={"ratePerMinute": 6000}))
    email = desk.start()[0]
    desk.connected("m", "outbound")
    customer.send(account.address, "Question")
    item = desk.has_items(1)[0]
    replies = [desk.reply(item, f"Answer {number}.", subject=f"answer-{number:02}") for number in range(30)]

    def states() -> Counter:
        return Counter(desk.http.get(f"/emails/{reply['id']}").json()["state"] for reply in replies)

    wait_until(lambda: states()["sent"] >= 8, seconds=30, what="some to be sent", every=0.05)
    os.kill(email.pid, signal.SIGKILL)
    email.kill()
    email.start()
    wait_until(lambda: states()["sent"] + states()["uncertain"] == 30, seconds=60, what="all to be settled", every=0.3)
    assert states()["uncertain"] <= 1

    def subjects() -> Counter:
        return Counter(message["Subject"] for message, _ in customer.messages())

    wait_until(lambda: subjects().total() >= states()["sent"], seconds=30, what="the answers to arrive", every=0.5)
    time.sleep(2)
    assert max(subjects().values()) == 1, "sent twice"
    assert subjects().total() in (states()["sent"], 30)


def test_memory_stays_small(post: Callable[..., Post], servers: MailServers) -> None:
    account = servers.account()
    desk = post(mailbox("m", account, {"since": "2020-01-01T00:00:00Z"}))
    large = account.message(account.address, "large")
    large.add_attachment(os.urandom(36_000_000), maintype="application", subtype="octet-stream", filename="x.bin")
    account.append(large)
    subjects = ["large", *fill(account, 300)]
    email: Email = desk.email()
    email.start()
    most = 0

    def probe() -> bool:
        nonlocal most
        most = max(most, email.resident_bytes())
        return len(desk.items()) >= len(subjects)

    wait_until(probe, seconds=60, what="all to be taken", every=0.05)
    check(desk, subjects)
    assert most < 150 << 20, f"{most >> 20} MiB"
