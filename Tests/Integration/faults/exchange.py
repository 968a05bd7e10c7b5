"""A small HTTP client for hundreds of simulated callers in one event loop: keep-alive, time-outs, nothing else."""

import asyncio
import json
from collections import defaultdict
from dataclasses import dataclass


class Unreachable(Exception):
    """No answer: whether the request took effect is not known."""


@dataclass(frozen=True, slots=True)
class Answer:
    """Status and body of an answer."""

    status: int
    body: bytes

    @property
    def is_success(self) -> bool:
        return 200 <= self.status < 300

    @property
    def is_passing(self) -> bool:
        """The same request may succeed a moment later: something is away, or the quota is used up."""
        return self.status in (429, 503)

    def json(self) -> dict:
        return json.loads(self.body)


class Exchange:
    """Sends requests to services on this machine by their port, and keeps connections open between them."""

    def __init__(self) -> None:
        self._idle: dict[int, list[tuple[asyncio.StreamReader, asyncio.StreamWriter]]] = defaultdict(list)

    async def send(
        self, port: int, method: str, path: str, key: str, body: dict | None = None, *,
        seconds: float = 4, headers: str = "",
    ) -> Answer:  # fmt: skip
        """One request and its answer. `path` is below /iwd/v3, `headers` are whole lines."""
        content = json.dumps(body).encode() if body is not None else b""
        if content:
            headers += "Content-Type: application/json\r\n"
        head = (
            f"{method} /iwd/v3{path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nAuthorization: Bearer {key}\r\n"
            f"Content-Length: {len(content)}\r\n{headers}\r\n"
        )
        try:
            async with asyncio.timeout(seconds):
                return await self._exchange(port, head.encode() + content)
        except (OSError, EOFError, TimeoutError, ValueError) as error:
            raise Unreachable(f"{method} {path} at {port}: {error!r}") from error

    async def _exchange(self, port: int, request: bytes) -> Answer:
        reader, writer = await self._connection(port)
        try:
            writer.write(request)
            head = await reader.readuntil(b"\r\n\r\n")
            status, length, closes = _read_head(head)
            answer = Answer(status, await reader.readexactly(length))
        except BaseException:
            writer.close()
            raise
        if closes:
            writer.close()
        else:
            self._idle[port].append((reader, writer))
        return answer

    async def _connection(self, port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        idle = self._idle[port]
        while idle:
            reader, writer = idle.pop()
            if not reader.at_eof() and not writer.is_closing():
                return reader, writer
            writer.close()
        return await asyncio.open_connection("127.0.0.1", port, limit=1 << 22)

    def forget(self, port: int) -> None:
        """Closes the idle connections to a service that did not answer."""
        for _, writer in self._idle.pop(port, []):
            writer.close()

    def close(self) -> None:
        for port in list(self._idle):
            self.forget(port)


def _read_head(head: bytes) -> tuple[int, int, bool]:
    lines = head.decode("latin-1").split("\r\n")
    length, closes = 0, False
    for line in lines[1:]:
        name, _, value = line.partition(":")
        match name.lower():
            case "content-length":
                length = int(value)
            case "connection":
                closes = value.strip().lower() == "close"
            case "transfer-encoding":
                raise ValueError("an answer in chunks is not expected here")
    return int(lines[0].split(" ", 2)[1]), length, closes


class Front:
    """Which instance a caller asks, as a load balancer would choose: one that failed is left out for a moment."""

    REST = 1.0

    def __init__(self, ports: list[int], exchange: Exchange) -> None:
        self._ports = list(ports)
        self._exchange = exchange
        self._failed: dict[int, float] = {}
        self._next = 0

    def choose(self, home: int | None = None) -> int:
        """The caller's own instance while it answers; else the next one that does."""
        now = asyncio.get_running_loop().time()
        able = [port for port in self._ports if self._failed.get(port, 0) < now] or self._ports
        if home is not None and self._ports[home % len(self._ports)] in able:
            return self._ports[home % len(self._ports)]
        self._next += 1
        return able[self._next % len(able)]

    def failed(self, port: int) -> None:
        self._failed[port] = asyncio.get_running_loop().time() + self.REST
        self._exchange.forget(port)
