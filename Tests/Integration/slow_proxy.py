"""A way to a mail server that becomes slow: a byte a second, or nothing more, from a command on."""

import socket
import threading

from tcp_proxy import TCPProxy, end


class SlowProxy(TCPProxy):
    """Stands between a client and the plain port of a server. What answers a connection's first command that holds a text,
    and all that follows, comes slowly: so many bytes at once, then one each second, or none where it stops."""

    def __init__(self, port: int, holding: str, at_once: int, stops: bool) -> None:
        super().__init__()
        self._server = ("127.0.0.1", port)
        self._holding = holding.encode()
        self._at_once = at_once
        self._stops = stops
        self._hurry = threading.Event()
        #: Connections that were made, those among them that became slow, and bytes that were given slowly.
        self.connections, self.slow, self.dripped = 0, 0, 0

    def hurry(self) -> None:
        """What is under way is given at once, and so is everything later."""
        self._hurry.set()

    def __exit__(self, *_: object) -> None:
        self.hurry()
        super().__exit__()

    def _serve(self, client: socket.socket) -> None:
        self.connections += 1
        server = socket.create_connection(self._server)
        asked = threading.Event()

        def forward() -> None:
            try:
                while data := client.recv(65536):
                    if self._holding in data and not self._hurry.is_set():
                        asked.set()
                    server.sendall(data)
            except OSError:
                pass
            finally:
                end(server)

        threading.Thread(target=forward, daemon=True).start()
        try:
            while data := server.recv(65536):
                if asked.is_set():
                    client.sendall(data[: self._at_once])
                    self.slow += 1
                    client.sendall(self._drip(client, data[self._at_once :]))
                    asked.clear()
                else:
                    client.sendall(data)
        except OSError:
            pass
        finally:
            end(client)
            end(server)

    def _drip(self, client: socket.socket, data: bytes) -> bytes:
        """Gives slowly; returns what is left as soon as it is to hurry."""
        while not self._hurry.wait(1):
            if not self._stops:
                client.sendall(data[:1])
                data = data[1:]
                self.dripped += 1
        return data
