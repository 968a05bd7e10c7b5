"""What the stand-ins for mail providers have in common: tokens, throttling, failures, and a mailbox in memory."""

import base64
import hashlib
import json
import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, parse_qsl, unquote, urlsplit

CLIENT = {"clientId": "millrace", "clientSecret": "client-secret-of-the-tests"}


class Refusal(Exception):
    """An answer that is not 2xx."""

    def __init__(self, status: int, body: dict, headers: dict[str, str] | None = None) -> None:
        super().__init__(status)
        self.status, self.body, self.headers = status, body, headers or {}


class BreakOff(Exception):
    """The connection ends without an answer."""


class Served(Exception):
    """No trouble: the request is served, and whoever watches knows of it."""


@dataclass
class Stored:
    """A message in the mailbox."""

    id: str
    raw: bytes
    received: float
    places: set[str] = field(default_factory=set)
    marks: set[str] = field(default_factory=set)
    unread: bool = True

    @property
    def parsed(self) -> Message:
        return message_from_bytes(self.raw)


@dataclass
class Request:
    """A request as the stand-in's routes see it."""

    method: str
    path: str
    query: dict[str, list[str]]
    headers: dict[str, str]
    body: bytes
    at: float

    def one(self, name: str, default: str | None = None) -> str | None:
        return self.query.get(name, [default])[0]

    @property
    def json(self) -> dict:
        return json.loads(self.body)


class Provider:
    """A provider's server on a port of its own. `arrive` puts a message into a folder; the rest makes trouble."""

    #: Entries of one page, so that few messages need many.
    page = 3

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.requests: list[Request] = []
        self.messages: dict[str, Stored] = {}
        self.sent: list[Message] = []
        self.refresh_token = secrets.token_urlsafe(24)
        self.codes: dict[str, str] = {}
        self.tokens: set[str] = set()
        #: When each token that was ever given ends.
        self.ends: dict[str, float] = {}
        #: Requests whose token had ended.
        self.late: list[Request] = []
        #: How often a refresh token was shown that was not the newest.
        self.stale = 0
        #: Whether the token server is in trouble.
        self.is_token_server_away = False
        self.issued = 0
        self.lifetime = 3600
        #: Whether each renewal gives a new refresh token and ends the one before.
        self.rotates = False
        #: Whether messages that are sent get a Message-ID of the provider's own.
        self.renames = False
        self._troubles: list[tuple[Callable[[Request], bool], Exception]] = []
        provider = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do(self) -> None:
                parts = urlsplit(self.path)
                length = int(self.headers.get("content-length") or 0)
                headers = {name.lower(): value for name, value in self.headers.items()}
                request = Request(
                    self.command, unquote(parts.path), parse_qs(parts.query), headers, self.rfile.read(length), time.monotonic()
                )
                try:
                    status, content, kind, more = 200, provider.serve(request), "application/json", {}
                    if isinstance(content, int):
                        status, content = content, b""
                    elif isinstance(content, bytes):
                        kind = "text/plain"
                    elif isinstance(content, tuple):
                        status, content = content[0], json.dumps(content[1]).encode()
                    else:
                        content = json.dumps(content).encode()
                except Refusal as refusal:
                    status, content, kind = refusal.status, json.dumps(refusal.body).encode(), "application/json"
                    more = refusal.headers
                except BreakOff:
                    self.close_connection = True
                    self.connection.close()
                    return
                self.send_response(status)
                for name, value in {"content-type": kind, "content-length": str(len(content)), **more}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(content)

            do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    # what tests do

    @property
    def secret(self) -> dict[str, str]:
        """What the tenant stores."""
        return {**CLIENT, "refreshToken": self.refresh_token, "tokenUrl": f"{self.url}/token"}

    def expire_tokens(self) -> None:
        with self.lock:
            self.tokens.clear()

    def revoke(self) -> str:
        """Withdraws consent; returns the refresh token that was good until now."""
        with self.lock:
            old, self.refresh_token = self.refresh_token, "revoked"
            self.tokens.clear()
            return old

    def throttle(self, times: int, seconds: int, path: str = "", status: int = 429) -> None:
        """The next requests whose path holds that text are asked to come later."""
        body = {"error": {"code": "TooManyRequests", "message": "slow down"}}
        self.trouble(times, Refusal(status, body, {"retry-after": str(seconds)}), lambda request: path in request.path)

    def trouble(self, times: int, what: Exception, fits: Callable[[Request], bool]) -> None:
        with self.lock:
            self._troubles += [(fits, what)] * times

    def heal(self) -> None:
        """No more trouble."""
        with self.lock:
            self._troubles.clear()

    def count(self, text: str, method: str = "GET") -> int:
        """How many requests had that in their path."""
        with self.lock:
            return sum(text in request.path and request.method == method for request in self.requests)

    def stored(self, subject: str) -> Stored:
        with self.lock:
            return next(message for message in self.messages.values() if message.parsed["Subject"] == subject)

    def as_sent(self, raw: bytes) -> bytes:
        """A message as it goes out."""
        if not self.renames:
            return raw
        message = message_from_bytes(raw)
        message.replace_header("Message-ID", f"<CA+{secrets.token_hex(12)}@mail.provider.example>")
        return message.as_bytes()

    # what it serves

    def serve(self, request: Request) -> object:
        with self.lock:
            self.requests.append(request)
            if request.path == "/token":
                return self._token(dict(parse_qsl(request.body.decode())))
            for index, (fits, what) in enumerate(self._troubles):
                if fits(request):
                    del self._troubles[index]
                    if isinstance(what, Served):
                        break
                    if getattr(what, "after", False):
                        self.route(request)
                    raise what
            if not self.is_signed_in(request):
                raise Refusal(401, {"error": {"code": "InvalidAuthenticationToken", "status": "UNAUTHENTICATED"}})
            return self.route(request)

    def is_signed_in(self, request: Request) -> bool:
        token = request.headers.get("authorization", "").removeprefix("Bearer ")
        if self.ends.get(token, request.at) < request.at:
            self.late.append(request)
            return False
        return token in self.tokens

    def new_token(self) -> str:
        return secrets.token_urlsafe(24)

    def route(self, request: Request) -> object:
        raise NotImplementedError

    def _token(self, form: dict[str, str]) -> dict:
        if self.is_token_server_away:
            raise Refusal(503, {"error": "temporarily_unavailable"})
        if (form.get("client_id"), form.get("client_secret")) != (CLIENT["clientId"], CLIENT["clientSecret"]):
            raise Refusal(401, {"error": "invalid_client"})
        match form.get("grant_type"):
            case "refresh_token":
                good = form.get("refresh_token") == self.refresh_token
                self.stale += not good
            case "authorization_code":
                digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
                challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
                good = self.codes.pop(form.get("code", ""), None) == challenge
            case "client_credentials":
                good = bool(form.get("scope"))
            case _:
                raise Refusal(400, {"error": "unsupported_grant_type"})
        if not good:
            raise Refusal(400, {"error": "invalid_grant", "error_description": "Token has been expired or revoked."})
        token = self.new_token()
        self.tokens.add(token)
        self.ends[token] = time.monotonic() + self.lifetime
        self.issued += 1
        answer = {"access_token": token, "token_type": "Bearer", "expires_in": self.lifetime}
        if self.rotates and form["grant_type"] == "refresh_token":
            self.refresh_token = secrets.token_urlsafe(24)
        if self.rotates or form["grant_type"] == "authorization_code":
            answer["refresh_token"] = self.refresh_token
        return answer


def deliver(raw: bytes) -> bytes:
    """The message as the recipients get it: without Bcc."""
    message = message_from_bytes(raw)
    del message["Bcc"]
    return message.as_bytes()
