"""A way to PostgreSQL that can lose the answer to a COMMIT: the change is there, and nobody hears of it."""

import socket
import threading
from urllib.parse import urlsplit, urlunsplit

from tcp_proxy import TCPProxy, end

# What PostgreSQL says at the end of a transaction (CommandComplete).
_COMMITTED = b"C\x00\x00\x00\x0bCOMMIT\x00"


class DatabaseProxy(TCPProxy):
    """Stands between core and PostgreSQL, by TCP."""

    def __init__(self, url: str) -> None:
        super().__init__()
        parts = urlsplit(url)
        self._database = (parts.hostname, parts.port)
        self._to_lose: list[bytes] = []
        self.lost = 0
        account = parts.netloc.rpartition("@")[0]
        self.url = urlunsplit(parts._replace(netloc=f"{account}@127.0.0.1:{self.port}"))

    def lose(self, holding: str) -> None:
        """Cuts the next connection that sends this text, as soon as the transaction in which it did is committed."""
        with self._lock:
            self._to_lose.append(holding.encode())

    def _serve(self, client: socket.socket) -> None:
        database = socket.create_connection(self._database)
        losing = threading.Event()

        def forward() -> None:
            try:
                while data := client.recv(1 << 20):
                    with self._lock:
                        for text in self._to_lose:
                            if text in data:
                                self._to_lose.remove(text)
                                losing.set()
                                break
                    database.sendall(data)
            except OSError:
                pass
            finally:
                end(database)

        threading.Thread(target=forward, daemon=True).start()
        kept = b""
        try:
            while data := database.recv(1 << 20):
                if not losing.is_set():
                    client.sendall(data)
                    continue
                kept += data
                if _COMMITTED in kept:
                    with self._lock:
                        self.lost += 1
                    break
        except OSError:
            pass
        finally:
            end(client)
            end(database)
