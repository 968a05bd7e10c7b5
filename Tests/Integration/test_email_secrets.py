"""Passwords, client secrets and tokens of mailboxes: in no log at debug level and in no answer, whatever goes wrong."""

import base64
from collections.abc import Callable, Iterator

import httpx
import pytest

import provider_mail
from emails import SECRETS_KEY, MailServers, Post, mailbox, posts
from own_world import own_world
from provider_mail import message
from secret_forms import found
from smtp_sink import SmtpSink
from stack import Stack
from standins.gmail import Gmail
from standins.graph import Graph
from standins.imap import Imap
from standins.provider import CLIENT
from waiting import wait_until

#: Has what protocols and addresses write otherwise.
SPOKEN = 'open "sesame"\\7 ä+&'


@pytest.fixture
def servers(stack: Stack) -> MailServers:
    return MailServers.find(stack)


@pytest.fixture
def post(stack: Stack, servers: MailServers) -> Iterator[Callable[..., Post]]:
    with own_world(stack, "email-secrets") as world, posts(world, servers) as make:
        yield make


@pytest.fixture
def gmail() -> Iterator[Gmail]:
    provider = Gmail()
    yield provider
    provider.close()


@pytest.fixture
def graph() -> Iterator[Graph]:
    provider = Graph()
    yield provider
    provider.close()


@pytest.fixture
def telling() -> Iterator[Imap]:
    """Repeats the passwords that it is given."""
    server = Imap()
    quoted = SPOKEN.replace("\\", "\\\\").replace('"', '\\"')
    server.trouble(f'NO [AUTHENTICATIONFAILED] I know no LOGIN m "{quoted}" ({SPOKEN})', lambda said: said.startswith("LOGIN"))
    yield server
    server.close()


@pytest.fixture
def telling_smtp() -> Iterator[SmtpSink]:
    """Repeats what it is signed in with."""
    with SmtpSink() as sink:
        for _ in range(50):
            sink.answer("EHLO", "250-here\r\n250 AUTH PLAIN")
            sink.answer("AUTH", f"535 5.7.8 no {SPOKEN} or {plain('telling', SPOKEN)} is known here")
        yield sink


def plain(user: str, password: str) -> str:
    """As SASL PLAIN sends it."""
    return base64.b64encode(f"\0{user}\0{password}".encode()).decode()


def test_secrets_are_in_no_log_and_in_no_answer(
    post: Callable[..., Post], servers: MailServers, gmail: Gmail, graph: Graph, telling: Imap, telling_smtp: SmtpSink
) -> None:
    account, customer = servers.accounts(2)
    name = {"user": account.address}

    def signing(**credentials: str) -> dict:
        return {"credentials": {**name, **credentials}}

    spoken, told = {"user": "telling", "secret": "spoken"}, {"server": telling_smtp.outbound}
    desk = post(
        mailbox("good", account),
        mailbox("refused", account, signing(secret="wrong"), signing(secret="wrong")),
        mailbox("telling", account, telling.inbound(credentials=spoken), {**told, "credentials": spoken}),
        mailbox("token", account, *(signing(secret="provider", method="xoauth2") for _ in range(2))),
        provider_mail.mailbox(gmail, name="gmail"),
        provider_mail.mailbox(graph, name="client", secret="bad-client"),
        provider_mail.mailbox(gmail, name="revoked", secret="revoked"),
        LOG_LEVEL="debug",
    )
    answers: list[str] = []

    def keep(answer: httpx.Response) -> None:
        answer.read()
        answers.append(f"{answer.headers} {answer.text}")

    desk.http.event_hooks["response"] = [keep]
    secrets = {
        "password": servers.password, "wrong password": "not-the-password-at-all", "spoken password": SPOKEN,
        "client secret": CLIENT["clientSecret"], "wrong client secret": "a-client-secret-nobody-knows",
        "refresh token": gmail.refresh_token, "withdrawn refresh token": "a-refresh-token/of-before",
        "key of the secrets": SECRETS_KEY, "key of the service": desk.mail_key,
    }  # fmt: skip
    desk.secret("wrong", secrets["wrong password"])
    desk.secret("spoken", SPOKEN)
    provider = {
        "provider": gmail.secret,
        "bad-client": {**graph.secret, "clientSecret": secrets["wrong client secret"]},
        "revoked": {**gmail.secret, "refreshToken": secrets["withdrawn refresh token"]},
    }
    for secret, body in provider.items():
        assert desk.http.put(f"/mailboxes/secrets/{secret}", json=body).status_code == 204
    # What is put where it does not belong is refused, and not repeated.
    assert desk.http.put("/mailboxes/secrets/wrong", json={"pasword": SPOKEN}).status_code == 422
    assert desk.http.patch("/mailboxes/good", json={"inbound": {"credentials": {"password": SPOKEN}}}).status_code == 422

    email = desk.start()[0]
    for box in ("good", "gmail"):
        desk.connected(box)
        desk.connected(box, "outbound")
    failing = ("refused", "telling", "token", "client", "revoked")
    for box in failing:
        for side in ("inbound", "outbound"):
            state = desk.until(box, lambda shown: shown[side]["state"] == "failing", f"{box}'s {side} to fail")
            assert state[side]["error"]
    customer.send(account.address, "Question")
    gmail.arrive(message("Another question"))
    first, other = desk.has_items(2)
    tokens = dict(enumerate(gmail.tokens))
    gmail.expire_tokens()
    for item in (first, other):
        desk.email_in_state(desk.reply(item), "sent")
    tokens |= {len(tokens) + index: token for index, token in enumerate(gmail.tokens)}
    secrets |= {f"access token {index}": token for index, token in tokens.items()}
    assert len(tokens) >= 2
    for box in (*failing, "good", "gmail"):
        test = desk.http.post(f"/mailboxes/{box}/test").json()["id"]
        wait_until(lambda: desk.http.get(f"/mailboxes/tests/{test}").json()["done"], what=f"the test of {box}", every=0.1)

    lists = ("access", "agents", "configuration", "dead", "emails", "events", "keys", "mailboxes", "workitems")
    for place in (*lists, "mailboxes/secrets", *(f"mailboxes/{box}" for box in (*failing, "good", "gmail"))):
        assert desk.http.get(f"/{place}").status_code == 200, place
    for item in (first, other):
        desk.http.get(f"/workitems/{item['id']}/history").raise_for_status()
    work = httpx.get(f"{desk.core.url}/iwd/v3/mailboxes/work", headers={"Authorization": f"Bearer {desk.mail_key}"})
    assert "sealed" in work.text
    answers.append(work.text)
    # Of both: health and metrics as well.
    for instance in (email, desk.core):
        answers += [instance.metrics(), instance.health().text]

    assert [(names, answer[:300]) for answer in answers if (names := found(secrets, answer))] == []
    email.stop()
    for log in (email.log_text, desk.core.log_text):
        assert '"level":"debug"' in log and found(secrets, log) == []
    # They were used: the check looks for what there is to be seen.
    assert found(secrets, "".join(telling.commands)) == ["spoken password"]
    form = next(request.body.decode() for request in gmail.requests if request.path == "/token")
    assert set(found(secrets, form)) & {"client secret", "refresh token"}
