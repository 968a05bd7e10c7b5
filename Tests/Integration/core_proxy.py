"""A way to core that counts what is asked and can lose an answer: what was asked has its effect, and nobody hears of it. Or
whoever asked hears that it is too large."""

import re
import socket
import threading
from collections import Counter
from urllib.parse import urlsplit

from tcp_proxy import TCPProxy, end

TOO_LARGE = b"HTTP/1.1 413 Content Too Large\r\ncontent-type: application/problem+json\r\ncontent-length: 2\r\n\r\n{}"


class CoreProxy(TCPProxy):
    """Stands between an instance of the email service and core, by TCP."""

    def __init__(self, core_url: str) -> None:
        super().__init__()
        parts = urlsplit(core_url)
        self._core = (parts.hostname, parts.port)
        self._to_lose: list[tuple[re.Pattern[bytes], bytes]] = []
        self._refused: re.Pattern[bytes] | None = None
        self.asked: Counter[str] = Counter()
        self.lost = 0
        self.url = f"http://127.0.0.1:{self.port}"

    def lose(self, path: str, holding: str = "") -> None:
        """Loses the next answer to a request whose path matches and that holds a text."""
        with self._lock:
            self._to_lose.append((re.compile(path.encode()), holding.encode()))

    def heal(self) -> None:
        """No further answer is lost."""
        with self._lock:
            self._to_lose.clear()

    def refuse(self, path: str) -> None:
        """Answers 413 to every request whose path matches from now on."""
        with self._lock:
            self._refused = re.compile(path.encode())

    def count(self, end: str) -> int:
        """How many requests there were whose path ends so."""
        with self._lock:
            return sum(number for path, number in self.asked.items() if path.endswith(end))

    def _serve(self, client: socket.socket) -> None:
        try:
            core = socket.create_connection(self._core, timeout=30)
        except OSError:
            client.close()
            return
        core.settimeout(None)
        present: list[bytes] = [b""]

        def forward() -> None:
            try:
                while data := client.recv(65536):
                    for line in re.findall(rb"(?:^|\n)[A-Z]+ (/[^ ]*) HTTP/1\.1\r\n", data):
                        present[0] = line.split(b"?")[0]
                        with self._lock:
                            self.asked[present[0].decode()] += 1
                    core.sendall(data)
            except OSError:
                pass
            finally:
                end(core)

        threading.Thread(target=forward, daemon=True).start()
        try:
            while data := core.recv(65536):
                if self._loses(present[0], data):
                    break
                client.sendall(TOO_LARGE if self._refuses(present[0]) else data)
        except OSError:
            pass
        finally:
            end(client)
            end(core)

    def _refuses(self, path: bytes) -> bool:
        with self._lock:
            return self._refused is not None and bool(self._refused.search(path))

    def _loses(self, path: bytes, data: bytes) -> bool:
        with self._lock:
            for index, (pattern, holding) in enumerate(self._to_lose):
                if pattern.search(path) and holding in data:
                    del self._to_lose[index]
                    self.lost += 1
                    return True
        return False
