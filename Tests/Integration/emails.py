"""Mail for tests: accounts at the stack's Dovecot and Exim, instances of `millrace email`, and a tenant with mailboxes."""

import base64
import hashlib
import imaplib
import os
import re
import secrets
import smtplib
import ssl
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from email.message import EmailMessage, Message
from email.parser import BytesParser
from email.policy import default
from email.utils import formatdate
from pathlib import Path

import httpx
import pytest

from cores import Core
from desks import Floor, desk, desks
from stack import Server, Stack
from waiting import wait_until
from world import Tenant, World

DOMAIN = "example.test"
SECRETS_KEY = base64.b64encode(hashlib.sha256(b"the key of the tests' mailboxes").digest()).decode()


class Email(Core):
    """An instance of `millrace email`. Its health is told at the port of its metrics."""

    command = "email"

    @property
    def health_url(self) -> str:
        return f"http://127.0.0.1:{self.metrics_port}/health/ready"

    def errors(self, *codes: str) -> int:
        """How many errors of these kinds it has counted."""
        found = re.findall(rf'email_errors_total\{{[^}}]*code="(?:{"|".join(codes)})"[^}}]*\}} (\d+)', self.metrics())
        return sum(map(int, found))


@dataclass(frozen=True)
class MailServers:
    """Dovecot and Exim of the test stack."""

    home: Path
    password: str
    authority: str
    imap_port: int
    imaps_port: int
    smtp_port: int
    smtps_port: int
    dovecot: Server
    exim: Server

    @staticmethod
    def find(stack: Stack) -> "MailServers":
        """Those of the environment; without them the test is skipped."""
        if "MILLRACE_TEST_IMAP_PORT" not in os.environ:
            pytest.skip("no mail server was started")
        ports = {name: int(os.environ[f"MILLRACE_TEST_{name}_PORT"]) for name in ("IMAP", "IMAPS", "SMTP", "SMTPS")}
        return MailServers(
            home=Path(os.environ["MILLRACE_TEST_MAIL_HOME"]),
            password=os.environ["MILLRACE_TEST_MAIL_PASSWORD"],
            authority=os.environ["MILLRACE_TEST_MAIL_CA"],
            imap_port=ports["IMAP"],
            imaps_port=ports["IMAPS"],
            smtp_port=ports["SMTP"],
            smtps_port=ports["SMTPS"],
            dovecot=Server("dovecot", stack.folder, True),
            exim=Server("exim", stack.folder, True),
        )

    @property
    def tls(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=self.authority)

    def account(self, kind: str = "m", quota: str = "") -> "Account":
        """A new account that nobody else uses."""
        return self.accounts(1, kind, quota)[0]

    def accounts(self, count: int, kind: str = "m", quota: str = "") -> list["Account"]:
        """New accounts that nobody else uses; `quota` is how much each holds, as `64K`."""
        made = [Account(self, f"{kind}-{secrets.token_hex(4)}") for _ in range(count)]
        rule = f"userdb_quota_rule=*:storage={quota}" if quota else ""
        with (self.home / "users").open("a") as users:
            users.writelines(f"{account.address}:{{PLAIN}}{self.password}::::::{rule}\n" for account in made)
        with (self.home / "passwords").open("a") as passwords:
            passwords.writelines(f"{account.address}: {self.password}\n" for account in made)
        # Dovecot looks at its list of accounts once a second.
        wait_until(lambda: made[-1].imap().logout(), what="the new accounts", every=0.1, forgiving=(imaplib.IMAP4.error,))
        return made


@dataclass(frozen=True)
class Account:
    """An account at the mail server, as its owner uses it."""

    servers: MailServers
    name: str

    @property
    def address(self) -> str:
        return f"{self.name}@{DOMAIN}"

    @property
    def maildir(self) -> Path:
        return self.servers.home / "accounts" / self.name / "Maildir"

    def imap(self) -> imaplib.IMAP4_SSL:
        """A session; the caller leaves it by `with`."""
        session = imaplib.IMAP4_SSL("localhost", self.servers.imaps_port, ssl_context=self.servers.tls, timeout=20)
        session.login(self.address, self.servers.password)
        return session

    def send(self, to: str, subject: str = "Hello", text: str = "Hello.", **headers: str) -> str:
        """Sends a message over Exim and returns its Message-ID."""
        message = self.message(to, subject, text, **headers)
        self.send_message(message)
        return message["Message-ID"]

    def message(self, to: str, subject: str = "Hello", text: str = "Hello.", **headers: str) -> EmailMessage:
        message = EmailMessage()
        message["From"] = self.address
        message["To"] = to
        message["Subject"] = subject
        message["Date"] = formatdate()
        message["Message-ID"] = f"<{secrets.token_hex(8)}@{DOMAIN}>"
        for name, value in headers.items():
            message[name.replace("_", "-")] = value
        message.set_content(text)
        return message

    def send_message(self, message: EmailMessage) -> None:
        with smtplib.SMTP_SSL("localhost", self.servers.smtps_port, context=self.servers.tls, timeout=20) as server:
            server.login(self.address, self.servers.password)
            server.send_message(message)

    def append(self, message: bytes | Message, folder: str = "INBOX", at: float | None = None) -> None:
        """Puts a message into a folder, as if it had arrived at that time."""
        with self.imap() as session:
            self.append_all(session, [message], folder, at)

    @staticmethod
    def append_all(
        session: imaplib.IMAP4, messages: list[bytes | Message], folder: str = "INBOX", at: float | None = None
    ) -> None:
        for message in messages:
            raw = message if isinstance(message, bytes) else message.as_bytes().replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
            date = imaplib.Time2Internaldate(at if at is not None else time.time())
            status, answer = session.append(folder, "", date, raw)
            assert status == "OK", answer

    def lay(self, messages: list[bytes]) -> list[Path]:
        """Lays messages into the inbox as files, much faster than by IMAP: as if they had waited there."""
        with self.imap() as session:
            # Makes the folder.
            session.select("INBOX")
        owner = self.maildir.stat()
        files = []
        begin = int(time.time())
        for index, message in enumerate(messages):
            name = f"{begin}.M{index:06}P{os.getpid()}Q{secrets.token_hex(3)}.test,S={len(message)},W={len(message)}:2,"
            files.append(self.maildir / "cur" / name)
            files[-1].write_bytes(message)
            os.chown(files[-1], owner.st_uid, owner.st_gid)
        return files

    def kept(self) -> list[Path]:
        """The files of the inbox, whether the mail server can read them or not."""
        return [file for part in ("cur", "new") for file in (self.maildir / part).iterdir()]

    def messages(self, folder: str = "INBOX") -> list[tuple[Message, set[str]]]:
        """All messages of a folder with their flags."""
        with self.imap() as session:
            status, count = session.select(folder, readonly=True)
            if status != "OK" or count == [b"0"]:
                return []
            _, answer = session.fetch("1:*", "(FLAGS BODY.PEEK[])")
            return [
                (
                    BytesParser(policy=default).parsebytes(part[1]),
                    {flag.decode() for flag in imaplib.ParseFlags(part[0])},
                )
                for part in answer
                if isinstance(part, tuple)
            ]

    def arrived(self, fits: Callable[[Message], bool], what: str, seconds: float = 40) -> Message:
        """The first message that fits, as soon as it has arrived."""
        return wait_until(
            lambda: next((message for message, _ in self.messages() if fits(message)), None),
            seconds=seconds,
            what=f"{what} at {self.address}",
            every=0.2,
        )


class Post:
    """A tenant with mailboxes, core, and any number of instances of the email service."""

    def __init__(self, world: World, servers: MailServers, mailboxes: list[dict], **core: str) -> None:
        self.world = world
        self.servers = servers
        settings = {"SECRETS_KEY": SECRETS_KEY, "OUTBOUND_ALLOW": "127.0.0.0/8", **core}
        # One that runs with these settings serves all tenants of its world.
        running = [one for one in world.cores.running if one.settings == settings]
        self.core = running[0] if running else world.cores.start(1, **settings)[0]
        mail = desk("mail", {"anna": {"capacity": 500}})
        mail["category"]["when"] = {"all": [{"attribute": "channel", "is": "email"}]}
        self.tenant: Tenant = world.tenant(
            desks(mail, sources=[{"name": "vinst"}, {"name": "post"}], mailboxes=mailboxes, templates=[ACKNOWLEDGEMENT])
        )
        self.floor = Floor(world, self.tenant, self.core)
        self.http = self.floor.http
        self.secret("mail", servers.password)
        key = self.http.post("/keys", json={"name": "mail", "roles": ["mail"]})
        assert key.status_code == 201, key.text
        self.mail_key = key.json()["key"]
        self.emails: list[Email] = []

    def secret(self, name: str, password: str) -> None:
        answer = self.http.put(f"/mailboxes/secrets/{name}", json={"password": password})
        assert answer.status_code in (200, 201, 204), answer.text

    def email(self, **settings: str) -> Email:
        """A new instance that is not started yet."""
        name = f"email-{len(self.emails) + 1}"
        # Instances of other tenants, which may run meanwhile, have the same names.
        spool = self.world.folder / f"{self.tenant.name}-{name}-spool"
        spool.mkdir(exist_ok=True)
        environment = {
            "MILLRACE_REDIS_URL": self.world.stack.redis_url,
            "MILLRACE_REDIS_PREFIX": self.world.redis_prefix,
            "MILLRACE_SECRETS_KEY": SECRETS_KEY,
            "MILLRACE_OUTBOUND_ALLOW": "127.0.0.0/8",
            "MILLRACE_EMAIL_CORE": self.core.url,
            "MILLRACE_EMAIL_KEYS": self.mail_key,
            "MILLRACE_EMAIL_SPOOL": str(spool),
            "MILLRACE_EMAIL_CERTIFICATES": self.servers.authority,
            "MILLRACE_LOG_LEVEL": "debug",
            **{f"MILLRACE_{key}": value for key, value in settings.items()},
        }
        email = Email(self.world.stack.executable, name, environment, self.world.folder / f"{name}.log")
        self.emails.append(email)
        return email

    def start(self, count: int = 1, **settings: str) -> list[Email]:
        """Starts new instances and waits until they are ready."""
        emails = [self.email(**settings).launch() for _ in range(count)]
        for email in emails:
            email.wait_ready()
        return emails

    def close(self) -> None:
        """Stops the instances; one that does not stop is an error."""
        for email in self.emails:
            email.ask_to_stop()
        failures = []
        for email in self.emails:
            try:
                email.stop()
            except AssertionError as error:
                failures.append(str(error))
        assert not failures, "\n".join(failures)

    def mailbox(self, name: str) -> dict:
        return self.http.get(f"/mailboxes/{name}").raise_for_status().json()

    def connected(self, name: str, side: str = "inbound", seconds: float = 30) -> dict:
        """The mailbox as soon as that side is connected."""
        return self.until(name, lambda mailbox: mailbox[side]["state"] == "connected", f"{side} connected", seconds)

    def until(self, name: str, fits: Callable[[dict], bool], what: str, seconds: float = 30) -> dict:
        """The mailbox as soon as it fits."""
        last: dict = {}

        def probe() -> dict | None:
            last.update(self.mailbox(name))
            return dict(last) if fits(last) else None

        try:
            return wait_until(probe, seconds=seconds, what=what, every=0.1)
        except AssertionError as error:
            raise AssertionError(f"{error}\n{last}") from None

    def items(self) -> list[dict]:
        """All work items from mail."""
        found: list[dict] = []
        cursor = None
        while True:
            query = {"limit": 200, "source": "post", **({"cursor": cursor} if cursor else {})}
            page = self.http.get("/workitems", params=query).raise_for_status().json()
            found += page["items"]
            cursor = page.get("next")
            if not cursor:
                return found

    def subjects(self) -> list[str]:
        """Subjects of all items, sorted."""
        return sorted(item["attributes"].get("subject", "") for item in self.items())

    def has_each_once(self, subjects: list[str]) -> None:
        """There is one item of each of these messages, and no other."""
        found, wanted = Counter(self.subjects()), Counter(subjects)
        lost, extra = wanted - found, found - wanted
        told = f"lost {list(lost)[:5]} ({lost.total()}), twice or foreign {list(extra)[:5]} ({extra.total()})"
        assert not lost and not extra, told

    def has_items(self, count: int, seconds: float = 40) -> list[dict]:
        """The items, as soon as there are so many."""
        return wait_until(
            lambda: found if len(found := self.items()) >= count else None, seconds=seconds, what=f"{count} items", every=0.2
        )

    def email_in_state(self, email: dict, state: str, seconds: float = 40) -> dict:
        """An email as soon as it is in that state."""
        last: dict = {}

        def probe() -> dict | None:
            last.update(self.http.get(f"/emails/{email['id']}").raise_for_status().json())
            return dict(last) if last["state"] == state else None

        try:
            return wait_until(probe, seconds=seconds, what=f"state {state} of the message", every=0.1)
        except AssertionError as error:
            raise AssertionError(f"{error}\n{last}") from None

    def reply(self, item: dict, text: str = "An answer.", **content: object) -> dict:
        """A reply to an item's message, queued."""
        answer = self.http.post(f"/workitems/{item['id']}/replies", json={"kind": "reply", "text": text, **content})
        assert answer.status_code == 201, answer.text
        return answer.json()


@contextmanager
def posts(world: World, servers: MailServers) -> Iterator[Callable[..., Post]]:
    """Makes tenants with mailboxes; their instances stop in the end."""
    with ExitStack() as made:

        def make(*mailboxes: dict, **core: str) -> Post:
            post = Post(world, servers, list(mailboxes), **core)
            made.callback(post.close)
            return post

        yield make


ACKNOWLEDGEMENT = {"name": "thanks", "subject": "We have your message", "text": "Your number is {{workItem.captureId}}."}


def mailbox(name: str, account: Account, inbound: dict | None = None, outbound: dict | None = None, **rest: object) -> dict:
    """A mailbox's part of the configuration."""
    servers = account.servers
    credentials = {"user": account.address, "secret": "mail"}
    return {
        "name": name,
        "source": "post",
        "address": account.address,
        "inbound": {
            "server": {"host": "localhost", "port": servers.imaps_port, "security": "tls"},
            "credentials": credentials,
            **(inbound or {}),
        },
        "outbound": {
            "server": {"host": "localhost", "port": servers.smtps_port, "security": "tls"},
            "credentials": credentials,
            "from": {"name": "Support", "address": account.address},
            **(outbound or {}),
        },
        **rest,
    }


def http_error(answer: httpx.Response) -> str:
    return f"{answer.status_code} {answer.text}"
