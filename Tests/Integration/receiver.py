"""A receiver of webhooks that does as it is told."""

import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Receiver:
    """Keeps what it takes; `answer` says with which status, and may take its time."""

    def __init__(self, answer: Callable[[bytes], int] = lambda body: 204, port: int = 0) -> None:
        self.taken: list[tuple[dict[str, str], bytes]] = []
        self.refused: list[bytes] = []
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                status = answer(body)
                if status < 300:
                    receiver.taken.append(({name.lower(): value for name, value in self.headers.items()}, body))
                else:
                    receiver.refused.append(body)
                self.send_response(status)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}/hook"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
