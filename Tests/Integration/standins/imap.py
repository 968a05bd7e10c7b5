"""A stand-in for a mail server that speaks IMAP as far as mailboxes are read, and errs as tests want."""

import re
import socketserver
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone

DAY = 86_400


@dataclass
class Mail:
    """A message in the one folder."""

    uid: int
    raw: bytes
    at: float
    flags: set[str] = field(default_factory=set)

    def internal_date(self) -> str:
        return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=self.at)).strftime("%d-%b-%Y %H:%M:%S +0000")


@dataclass
class Trouble:
    """What commands that fit get instead of their answer: `NO …`, `BAD …`, or the end of the connection."""

    fits: Callable[[str], bool]
    answer: str | None
    times: int


class Imap:
    """A server on a port of its own, without TLS. Its days are those of a zone."""

    def __init__(self, zone: timezone = UTC, pace: float | None = None) -> None:
        #: Seconds for a byte of a message.
        self.pace = pace
        self.closed = threading.Event()
        self.lock = threading.RLock()
        self.mails: list[Mail] = []
        self.folders = {"INBOX"}
        self.moved: list[Mail] = []
        self.uid_next, self.uid_validity = 1, 7
        self.zone = zone
        self.commands: list[str] = []
        self.epoch = 0
        self._troubles: list[Trouble] = []
        imap = self

        class Handler(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                epoch = imap.epoch
                self.say("* OK ready")
                while line := self.rfile.readline():
                    tag, _, command = line.decode().strip().partition(" ")
                    if epoch != imap.epoch:
                        return
                    trouble = imap.trouble_of(command)
                    if trouble and trouble.answer is None:
                        return
                    if trouble:
                        self.say(f"{tag} {trouble.answer}")
                        continue
                    with imap.lock:
                        parts = imap.answer(command)
                    for part in parts:
                        if isinstance(part, bytes) and imap.pace:
                            if not self.drip(part, imap.pace):
                                return
                        else:
                            self.wfile.write(part if isinstance(part, bytes) else part.encode() + b"\r\n")
                    self.say(f"{tag} OK done")
                    if command.upper() == "LOGOUT":
                        return

            def drip(self, part: bytes, pace: float) -> bool:
                """Writes byte by byte; false when nobody reads any more."""
                try:
                    for byte in part:
                        self.wfile.write(bytes([byte]))
                        if imap.closed.wait(pace):
                            return False
                except OSError:
                    return False
                return True

            def say(self, text: str) -> None:
                self.wfile.write(text.encode() + b"\r\n")

        socketserver.ThreadingTCPServer.allow_reuse_address = True
        self._server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    @property
    def port(self) -> int:
        return self._server.server_address[1]

    def close(self) -> None:
        self.closed.set()
        self._server.shutdown()
        self._server.server_close()

    # what tests do

    def inbound(self, **rest: object) -> dict:
        """The part of a mailbox's configuration that reads it."""
        return {
            "server": {"host": "127.0.0.1", "port": self.port, "security": "plain"},
            "idle": False,
            "pollEvery": "1s",
            **rest,
        }

    def arrive(self, raw: bytes, at: float | None = None) -> Mail:
        with self.lock:
            self.mails.append(Mail(self.uid_next, raw, time.time() if at is None else at))
            self.uid_next += 1
            return self.mails[-1]

    def trouble(self, answer: str | None, fits: Callable[[str], bool], times: int = 1_000_000) -> None:
        with self.lock:
            self._troubles.append(Trouble(fits, answer, times))

    def heal(self) -> None:
        with self.lock:
            self._troubles.clear()

    def hang_up(self) -> None:
        """Ends the connections there are, at their next command."""
        with self.lock:
            self.epoch += 1

    def there(self) -> dict[int, set[str]]:
        with self.lock:
            return {mail.uid: set(mail.flags) for mail in self.mails}

    # what it serves

    def trouble_of(self, command: str) -> Trouble | None:
        with self.lock:
            self.commands.append(command)
            found = next((trouble for trouble in self._troubles if trouble.times > 0 and trouble.fits(command)), None)
            if found:
                found.times -= 1
            return found

    def answer(self, command: str) -> list[str | bytes]:
        verb, _, rest = command.partition(" ")
        match verb.upper():
            case "CAPABILITY":
                return ["* CAPABILITY IMAP4rev1 UIDPLUS MOVE"]
            case "LIST":
                return [f'* LIST () "/" "{name}"' for name in sorted(self.folders)]
            case "CREATE":
                self.folders.add(rest.strip('"'))
                return []
            case "SELECT" | "EXAMINE":
                return [
                    f"* {len(self.mails)} EXISTS",
                    f"* OK [UIDVALIDITY {self.uid_validity}] UIDs",
                    f"* OK [UIDNEXT {self.uid_next}] next",
                    "* OK [PERMANENTFLAGS (\\Seen \\Flagged \\Deleted \\*)] flags",
                ]
            case "NOOP":
                return [f"* {len(self.mails)} EXISTS"]
            case "UID":
                return self.by_uid(*rest.split(" ", 1))
            case _:
                return []

    def by_uid(self, verb: str, rest: str) -> list[str | bytes]:
        if verb == "SEARCH":
            return ["* SEARCH" + "".join(f" {mail.uid}" for mail in self.mails if self.fits(mail, rest))]
        uids, _, rest = rest.partition(" ")
        mails = [mail for mail in self.mails if self.within(mail.uid, uids)]
        match verb:
            case "FETCH":
                return [part for mail in mails for part in self.fetched(mail, rest)]
            case "STORE":
                for mail in mails:
                    mail.flags |= set(re.search(r"\((.*)\)", rest)[1].split())
            case "MOVE":
                self.moved += mails
                self.mails = [mail for mail in self.mails if mail not in mails]
            case "EXPUNGE":
                self.mails = [mail for mail in self.mails if mail not in mails or "\\Deleted" not in mail.flags]
        return []

    def fetched(self, mail: Mail, wanted: str) -> list[str | bytes]:
        known = f"* {self.mails.index(mail) + 1} FETCH (UID {mail.uid} INTERNALDATE \"{mail.internal_date()}\""
        known += f" FLAGS ({' '.join(sorted(mail.flags))})"
        if "BODY.PEEK" not in wanted:
            return [f"{known} RFC822.SIZE {len(mail.raw)})"]
        section = "HEADER" if "[HEADER]" in wanted else ""
        body = mail.raw.partition(b"\r\n\r\n")[0] + b"\r\n\r\n" if section else mail.raw
        return [f"{known} BODY[{section}] {{{len(body)}}}\r\n".encode() + body + b")\r\n"]

    def within(self, uid: int, uids: str) -> bool:
        last = max((mail.uid for mail in self.mails), default=0)
        for part in uids.split(","):
            low, _, high = part.partition(":")
            ends = [last if end == "*" else int(end) for end in (low, high or low)]
            if min(ends) <= uid <= max(ends):
                return True
        return False

    def fits(self, mail: Mail, criteria: str) -> bool:
        words = criteria.split()
        day = datetime.fromtimestamp(mail.at, self.zone).date()
        while words:
            word = words.pop(0)
            match word:
                case "UID":
                    holds = self.within(mail.uid, words.pop(0))
                case "SINCE":
                    holds = day >= datetime.strptime(words.pop(0), "%d-%b-%Y").date()
                case "ON":
                    holds = day == datetime.strptime(words.pop(0), "%d-%b-%Y").date()
                case "UNKEYWORD":
                    holds = words.pop(0) not in mail.flags
                case "UNSEEN" | "UNDELETED" | "UNFLAGGED":
                    holds = "\\" + word[2:].capitalize() not in mail.flags
                case "ALL":
                    holds = True
                case _:
                    raise ValueError(criteria)
            if not holds:
                return False
        return True
