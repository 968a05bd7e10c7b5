"""A way to PostgreSQL that can lose the answer to a COMMIT: the change is there, and nobody hears of it."""

import socket
import threading
from urllib.parse import urlsplit, urlunsplit

# What PostgreSQL says at the end of a transaction (CommandComplete).
_COMMITTED = b"C\x00\x00\x00\x0bCOMMIT\x00"


class DatabaseProxy:
    """Stands between core and PostgreSQL, by TCP."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._database = (parts.hostname, parts.port)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._lock = threading.Lock()
        self._to_lose: list[bytes] = []
        self.lost = 0
        account = parts.netloc.rpartition("@")[0]
        self.url = urlunsplit(parts._replace(netloc=f"{account}@127.0.0.1:{self._listener.getsockname()[1]}"))

    def __enter__(self) -> "DatabaseProxy":
        threading.Thread(target=self._run, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.close()

    def lose(self, holding: str) -> None:
        """Cuts the next connection that sends this text, as soon as the transaction in which it did is committed."""
        with self._lock:
            self._to_lose.append(holding.encode())

    def _run(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

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
                _end(database)

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
            _end(client)
            _end(database)


def _end(connection: socket.socket) -> None:
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass
    connection.close()
