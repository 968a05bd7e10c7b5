"""A way to a search server at which something is done at a named moment: when a request that fits comes for the n-th time."""

import http.client
import re
import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field

from tcp_proxy import TCPProxy, end

# Of the connection between two, not of the request.
_HOP = {"connection", "content-length", "host", "transfer-encoding"}
_TOO_MUCH = (429, "application/json", b"{}")


@dataclass(frozen=True)
class Request:
    """What is asked of the search server."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Moment:
    """The `number`-th request that `fits`. `do` is called when it has come, or, where it is `answered`, when the server has
    answered; whoever asked hears nothing of it. One that is held goes on when it is let go."""

    fits: Callable[[Request], bool]
    do: Callable[[], object] = lambda: None
    number: int = 1
    answered: bool = False
    is_held: bool = False
    reached: threading.Event = field(default_factory=threading.Event)
    let_go: threading.Event = field(default_factory=threading.Event)
    # Whether the server has answered what was held.
    done: threading.Event = field(default_factory=threading.Event)

    def wait(self, seconds: float = 30) -> None:
        assert self.reached.wait(seconds), "the request that was waited for did not come"


class Gate(TCPProxy):
    """Passes requests on to a search server, one by one."""

    def __init__(self, port: int) -> None:
        super().__init__()
        self._server_port = port
        self._moments: list[Moment] = []
        self._clients: set[socket.socket] = set()
        self._refused: Callable[[Request], bool] | None = None
        self._is_cut = False
        self.url = f"http://127.0.0.1:{self.port}"

    def refuse(self, fits: Callable[[Request], bool] | None) -> None:
        """What fits is answered that there is too much to do, until something else is said."""
        with self._lock:
            self._refused = fits

    def at(self, moment: Moment) -> Moment:
        with self._lock:
            self._moments.append(moment)
        return moment

    def passing(self, fits: Callable[[Request], bool]) -> Moment:
        """The next request that fits; nothing is done to it."""
        moment = Moment(fits, is_held=True)
        moment.let_go.set()
        return self.at(moment)

    def cut(self) -> None:
        """Nobody gets through until `mend`, and what is under way ends."""
        with self._lock:
            self._is_cut = True
            clients = list(self._clients)
        for client in clients:
            with suppress(OSError):
                client.shutdown(socket.SHUT_RDWR)

    def mend(self) -> None:
        with self._lock:
            self._is_cut = False

    def _serve(self, client: socket.socket) -> None:
        with self._lock:
            self._clients.add(client)
        try:
            with client.makefile("rb") as stream:
                while not self._is_cut and (request := _read(stream)) and self._pass(client, request):
                    pass
        except (OSError, ValueError, http.client.HTTPException):
            pass
        finally:
            with self._lock:
                self._clients.discard(client)
            end(client)

    def _pass(self, client: socket.socket, request: Request) -> bool:
        moment = self._due(request)
        if moment and moment.is_held:
            moment.reached.set()
            moment.let_go.wait(60)
        elif moment and not moment.answered:
            return self._end(moment)
        refused = self._refused
        status, content_type, body = _TOO_MUCH if refused and refused(request) else self._ask(request)
        if moment and moment.answered:
            return self._end(moment)
        if moment:
            moment.done.set()
        head = f"HTTP/1.1 {status} OK\r\nContent-Type: {content_type}\r\nContent-Length: {len(body)}\r\n\r\n"
        client.sendall(head.encode() + (b"" if request.method == "HEAD" else body))
        return True

    def _end(self, moment: Moment) -> bool:
        moment.do()
        moment.reached.set()
        return False

    def _due(self, request: Request) -> Moment | None:
        with self._lock:
            for moment in self._moments:
                if moment.fits(request):
                    moment.number -= 1
                    if moment.number == 0:
                        self._moments.remove(moment)
                        return moment
        return None

    def _ask(self, request: Request) -> tuple[int, str, bytes]:
        server = http.client.HTTPConnection("127.0.0.1", self._server_port, timeout=60)
        try:
            server.request(request.method, request.path, request.body or None, request.headers)
            answer = server.getresponse()
            return answer.status, answer.headers.get("Content-Type", "application/json"), answer.read()
        finally:
            server.close()


def _read(stream) -> Request | None:
    """The next request; None at the end of the connection."""
    line = stream.readline().decode("latin-1")
    if not (found := re.match(r"([A-Z]+) (\S+) HTTP/1\.1\r\n", line)):
        return None
    headers: dict[str, str] = {}
    while (line := stream.readline().decode("latin-1").strip()):
        name, _, value = line.partition(":")
        headers[name.lower()] = value.strip()
    body = b""
    if headers.get("transfer-encoding", "").lower() == "chunked":
        while size := int(stream.readline().split(b";")[0], 16):
            body += stream.read(size)
            stream.readline()
        stream.readline()
    elif length := int(headers.get("content-length", "0")):
        body = stream.read(length)
    kept = {name: value for name, value in headers.items() if name not in _HOP}
    return Request(found[1], found[2], kept, body)
