"""When messages go out, and that they go out once: the service hears what is due, and a lost answer sends nothing twice."""

import time
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest

from core_proxy import CoreProxy
from emails import Account, MailServers, Post, mailbox
from own_world import own_world
from smtp_sink import SmtpSink
from stack import Stack
from waiting import wait_until
from world import World


@pytest.fixture(scope="module")
def mail_world(stack: Stack) -> Iterator[World]:
    with own_world(stack, "email-sending") as world:
        yield world


@pytest.fixture(scope="module")
def servers(stack: Stack) -> MailServers:
    return MailServers.find(stack)


@pytest.fixture
def sink() -> Iterator[SmtpSink]:
    with SmtpSink() as sink:
        yield sink


@pytest.fixture
def post(mail_world: World, servers: MailServers) -> Iterator[Callable[..., Post]]:
    """Makes a tenant whose mailbox sends over a test's own server; its instances stop after the test."""
    made: list[Post] = []

    def make(sink: SmtpSink, count: int = 1, accounts: list[Account] | None = None, **more: object) -> Post:
        accounts = accounts or servers.accounts(count)
        boxes = []
        for index, account in enumerate(accounts):
            box = mailbox(f"m{index}", account, {"idle": True}, {"server": sink.outbound, "ratePerMinute": 6000, **more})
            del box["outbound"]["credentials"]
            boxes.append(box)
        made.append(Post(mail_world, servers, boxes))
        return made[-1]

    yield make
    for one in made:
        one.close()


def write(desk: Post, number: int = 0, **content: object) -> dict:
    body = {"mailbox": "m0", "to": ["kim@example.org"], "subject": f"number {number}", "text": "Hello.", **content}
    answer = desk.http.post("/emails", json=body)
    assert answer.status_code == 201, answer.text
    return answer.json()


def test_what_becomes_due_goes_at_once_and_nobody_asks_meanwhile(post: Callable[..., Post], sink: SmtpSink) -> None:
    desk = post(sink, count=3)
    with CoreProxy(desk.core.url) as proxy:
        desk.start(EMAIL_CORE=proxy.url)
        for index in range(3):
            desk.connected(f"m{index}", "outbound")
        # The first claims, and the close of what was opened for the test of the connection.
        wait_until(lambda: proxy.count("/outbound/claim") >= 3, what="the first claims")
        before, begin = proxy.count("/outbound/claim"), time.monotonic()
        waits: list[float] = []
        for number in range(8):
            write(desk, number)
            asked = time.monotonic()
            wait_until(lambda: len(sink.taken) == number + 1, every=0.005, what="the message at the server")
            waits.append(sink.taken[-1].at - asked)
            time.sleep(0.3)
        # Without the word from core the queue is looked at once a minute.
        assert sorted(waits)[len(waits) // 2] < 5 and max(waits) < 20, waits
        later = datetime.now(UTC) + timedelta(seconds=2)
        write(desk, 8, sendAt=later.isoformat())
        wait_until(lambda: len(sink.taken) == 9, every=0.01, what="the delayed message")
        late = (datetime.now(UTC) - later).total_seconds()
        assert -0.1 <= late < 10, late
        # Three mailboxes: a message costs a claim and one that finds no more; nobody claims without a reason.
        wait_until(lambda: time.monotonic() - begin > 8, seconds=10, what="some seconds of rest", every=0.1)
        claims = proxy.count("/outbound/claim") - before
        minutes = int((time.monotonic() - begin) / 60)
        assert claims <= 2 * 9 + 3 + 3 * minutes, claims
        told = sorted(round(wait * 1000) for wait in waits)
        print(f"POST to DATA: {told} ms; delayed: {late * 1000:.0f} ms late; {claims} claims")


def test_a_claim_whose_answer_is_lost_is_made_again(post: Callable[..., Post], sink: SmtpSink) -> None:
    desk = post(sink)
    with CoreProxy(desk.core.url) as proxy:
        proxy.lose("/outbound/claim$", '"attempt"')
        proxy.lose("/begin$")
        proxy.lose("/outcome$")
        desk.start(EMAIL_CORE=proxy.url)
        messages = [write(desk, number) for number in range(6)]
        for message in messages:
            settled = desk.email_in_state(message, "sent", seconds=20)
            assert settled["attempt"] <= 2
        assert proxy.lost == 3
    ids = Counter(message.message_id.strip("<>") for message in sink.taken)
    assert ids == Counter(message["messageId"] for message in messages), "none lost, none twice"


def test_what_was_claimed_by_one_who_died_before_it_began_is_sent_by_the_next(post: Callable[..., Post], sink: SmtpSink) -> None:
    desk = post(sink)
    # Nobody is told of the claim, and the holder dies before it can ask again.
    with CoreProxy(desk.core.url) as proxy:
        first = desk.email(EMAIL_CORE=proxy.url)
        first.start()
        desk.connected("m0", "outbound")
        for _ in range(50):
            proxy.lose("/outbound/claim$", '"attempt"')
        message = write(desk)
        wait_until(lambda: proxy.lost > 0, what="a claim in vain", every=0.01)
        first.kill()
    assert desk.http.get(f"/emails/{message['id']}").json()["state"] == "sending"
    desk.start()
    desk.email_in_state(message, "sent", seconds=15)
    assert len(sink.taken) == 1


def test_what_may_have_been_sent_is_for_a_person_to_decide(post: Callable[..., Post]) -> None:
    with SmtpSink(dies=True) as dying:
        desk = post(dying)
        desk.start()
        message = write(desk, text="Once only.")
        desk.email_in_state(message, "uncertain", seconds=30)
        # It is not claimed again when others are.
        dying.dies = False
        desk.email_in_state(write(desk, 1), "sent")
        assert len(dying.taken) == 2
        confirmed = desk.http.post(f"/emails/{message['id']}/confirm")
        assert confirmed.status_code == 200, confirmed.text
        assert confirmed.json()["state"] == "sent"


def test_what_was_under_way_in_a_crash_is_looked_for_in_the_sent_folder(
    post: Callable[..., Post], sink: SmtpSink, servers: MailServers
) -> None:
    """The server has the whole message, and its answer reaches nobody."""
    account = servers.account()
    desk = post(sink, accounts=[account])
    for number, is_kept in enumerate((True, False)):
        # As a provider's server does that keeps what is sent over it, before it answers.
        sink.whole = lambda taken: (account.append(taken.raw, "Sent") if is_kept else None, dying.kill())
        dying = desk.start(LEASE_TTL="1s")[0]
        desk.connected("m0", "outbound")
        message = write(desk, number)
        wait_until(lambda: not dying.is_running, what="the end of the instance", every=0.01)
        sink.whole = lambda taken: None
        assert desk.http.get(f"/emails/{message['id']}").json()["state"] == "sending"
        heir = desk.start(LEASE_TTL="1s")[0]
        settled = desk.email_in_state(message, "sent" if is_kept else "uncertain", seconds=20)
        assert ("Found in the sent folder" in (settled.get("reply") or settled.get("reason") or "")) == is_kept, settled
        # Whoever would send it again would do so before the next one.
        desk.email_in_state(write(desk, number + 10), "sent")
        heir.stop()
    ids = Counter(taken.message_id.strip("<>") for taken in sink.taken)
    assert len(ids) == 4 and set(ids.values()) == {1}, ids
    kept = Counter(message["Message-ID"] for message, _ in account.messages("Sent"))
    assert set(kept.values()) == {1}, kept


def test_a_server_that_is_full_is_asked_again_and_one_that_refuses_is_not(post: Callable[..., Post], sink: SmtpSink) -> None:
    desk = post(sink)
    desk.start()
    desk.connected("m0", "outbound")
    sink.answer("END", "452 4.2.2 mailbox full")
    message = write(desk)
    put_off = wait_until(
        lambda: found if (found := desk.http.get(f"/emails/{message['id']}").json()).get("reason") else None,
        what="the reason why it waits", every=0.05,
    )  # fmt: skip
    assert put_off["state"] == "queued" and "mailbox full" in put_off["reason"] and put_off["dueAt"] > put_off["updatedAt"]
    sink.answer("RCPT", "552 5.2.2 mailbox full for good")
    assert "for good" in desk.email_in_state(write(desk, 1), "failed")["reason"]
    sink.answer("END", "552 5.2.2 too full")
    assert "too full" in desk.email_in_state(write(desk, 2), "failed")["reason"]
