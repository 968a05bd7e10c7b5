"""Mailboxes at Gmail and Microsoft Graph while instances die or sleep and the provider forgets: each message is one item."""

from collections import Counter
from collections.abc import Callable, Iterator

import pytest

from emails import Email, MailServers, Post
from own_world import own_world
from provider_mail import message, provider_posts
from stack import Stack
from standins.gmail import Gmail
from standins.graph import Graph
from standins.provider import BreakOff, Provider, Refusal, Request, Served
from waiting import wait_until
from world import World

pytestmark = pytest.mark.faults

#: The next one need not wait long for the dead one's lease.
QUICK = {"LEASE_TTL": "1s"}


@pytest.fixture(scope="module")
def mail_world(stack: Stack) -> Iterator[World]:
    with own_world(stack, "provider-faults") as world:
        yield world


@pytest.fixture
def post(mail_world: World, stack: Stack, provider: Provider) -> Iterator[Callable[..., Post]]:
    """Makes a tenant with the provider's mailbox `m`."""
    with provider_posts(mail_world, MailServers.find(stack), provider) as make:
        yield make


def is_download(request: Request) -> bool:
    return request.path.endswith("/$value") or request.one("format") == "raw"


def is_mark(request: Request) -> bool:
    return request.path.endswith("/batchModify") or request.method == "PATCH"


def is_look(request: Request) -> bool:
    """It asks for what is new."""
    return request.path.endswith("/history") or request.path.endswith("/delta")


def is_later_page(request: Request) -> bool:
    return is_look(request) and bool(request.one("pageToken") or request.one("$skiptoken"))


def is_send(request: Request) -> bool:
    return request.path.endswith("/messages/send") or request.path.endswith("/sendMail")


def at(number: int, fits: Callable[[Request], bool], act: Callable[[], object] = lambda: None) -> Callable[[Request], bool]:
    """Fits the request that is the `number`th of its kind from now on; does something first."""
    seen = Counter()

    def is_it(request: Request) -> bool:
        if not fits(request):
            return False
        seen["requests"] += 1
        if seen["requests"] != number:
            return False
        act()
        return True

    return is_it


def fill(provider: Provider, count: int, prefix: str) -> list[str]:
    """Puts messages into the mailbox; returns their subjects."""
    subjects = [f"{prefix} {number:02}" for number in range(count)]
    with provider.lock:
        for subject in subjects:
            provider.arrive(message(subject), provider.inbox)
    return subjects


def has_taken(desk: Post, provider: Provider, subjects: list[str]) -> None:
    """Each message is an item, and bears its mark."""
    desk.has_items(len(subjects))
    wait_until(
        lambda: all(provider.taken in provider.stored(subject).marks for subject in subjects), what="all marks", every=0.05
    )
    desk.has_each_once(subjects)


def has_each_once(desk: Post, provider: Provider, subjects: list[str]) -> None:
    """Each was taken, and the mailbox was looked at again without another item."""
    has_taken(desk, provider, subjects)
    rounds = sum(map(is_look, list(provider.requests)))
    wait_until(lambda: sum(map(is_look, list(provider.requests))) >= rounds + 2, what="two more looks", every=0.05)
    desk.has_each_once(subjects)


def test_a_kill_during_fetch_and_between_commit_and_mark(post: Callable[..., Post], provider: Gmail | Graph) -> None:
    desk = post()
    instance = desk.start(**QUICK)[0]
    desk.connected("m")
    subjects: list[str] = []
    # With a page taken and some of the next fetched; and when core has what the provider does not hear of.
    for number, fits in ((5, is_download), (1, is_mark)):
        provider.trouble(1, BreakOff(), at(number, fits, instance.kill))
        subjects += fill(provider, 7, f"death {len(subjects):02}")
        wait_until(lambda: not instance.is_running, what="the end of the instance", every=0.01)
        unmarked = [subject for subject in subjects if provider.taken not in provider.stored(subject).marks]
        assert fits is is_download or set(unmarked) & set(desk.subjects()), "core has some that bear no mark"
        instance = desk.start(**QUICK)[0]
        has_taken(desk, provider, subjects)
    has_each_once(desk, provider, subjects)


def test_what_comes_between_in_the_middle_of_a_page(post: Callable[..., Post], provider: Gmail | Graph) -> None:
    desk = post()
    desk.start()
    desk.connected("m")
    seen: set[str] = set()

    def comes(what: str, number: int, fits: Callable[[Request], bool], then: Exception | Callable[[], object]) -> None:
        """It comes with that request: in the place of its answer, or before."""
        is_answer = isinstance(then, Exception)

        def acts() -> None:
            seen.add(what)
            if not is_answer:
                then()

        provider.trouble(1, then if is_answer else Served(), at(number, fits, acts))

    slow = Refusal(429, {"error": {"code": "TooManyRequests", "message": "slow down"}}, {"retry-after": "1"})
    issued = provider.issued
    comes("no token any more", 2, is_download, provider.expire_tokens)
    comes("too many messages", 5, is_download, slow)
    subjects = fill(provider, 7, "first")
    has_taken(desk, provider, subjects)
    assert seen == {"no token any more", "too many messages"} and provider.issued > issued

    # The next page is asked for in vain: first for a moment, then for good, and the mailbox is read again.
    comes("too many pages", 1, is_later_page, slow)
    comes("history gone", 2, is_later_page, provider.forget)
    subjects += fill(provider, 7, "second")
    has_each_once(desk, provider, subjects)
    assert len(seen) == 4
    assert desk.mailbox("m")["inbound"]["state"] == "connected"


def test_one_that_sleeps_past_its_lease_takes_and_sends_nothing_twice(
    post: Callable[..., Post], provider: Gmail | Graph
) -> None:
    desk = post()
    desk.start(**QUICK)
    desk.connected("m")
    desk.connected("m", "outbound")
    subjects: list[str] = []

    asleep: list[Email] = []

    def sleeps(number: int, fits: Callable[[Request], bool]) -> None:
        """SIGSTOP to the holder as the provider answers to that request."""

        def pause() -> None:
            holder = desk.mailbox("m")["holder"]
            asleep.append(next(one for one in desk.emails if one.instance == holder))
            asleep[-1].pause()

        asleep.clear()
        provider.trouble(1, Served(), at(number, fits, pause))

    def is_asleep() -> None:
        wait_until(lambda: asleep, what="the holder to sleep", every=0.01)

    def passes_on() -> None:
        """Another one holds the mailbox meanwhile."""
        desk.until("m", lambda box: box["holder"] != asleep[0].instance, "another holder")

    # With messages in hand that nobody has been told of.
    sleeps(5, is_download)
    subjects += fill(provider, 7, "slept through")
    is_asleep()
    desk.start(**QUICK)
    passes_on()
    has_taken(desk, provider, subjects)
    asleep[0].resume()
    subjects += fill(provider, 3, "afterwards")
    has_each_once(desk, provider, subjects)

    # And with a message that the provider is sending.
    item = desk.items()[0]
    sleeps(1, is_send)
    first = desk.reply(item, "Once only.")
    is_asleep()
    passes_on()
    desk.email_in_state(first, "sent")
    asleep[0].resume()
    desk.email_in_state(desk.reply(item, "The second one."), "sent")
    assert Counter(sent["Message-ID"] for sent in provider.sent).most_common(1)[0][1] == 1
    assert len(provider.sent) == 2
