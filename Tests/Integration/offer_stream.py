"""Server-sent events of the offers to an agent, read in the background."""

import json
import socket
import threading

import httpx

from waiting import wait_until

EVENT_STREAM = {"Accept": "text/event-stream"}


class OfferStream:
    """What an agent is told from now until the end of the `with`."""

    def __init__(self, client: httpx.Client, agent: str) -> None:
        self._client = client
        self._agent = agent
        self._events: list[tuple[str, dict]] = []
        self._socket: socket.socket | None = None
        self._failure: Exception | None = None
        self._closing = False
        self._thread = threading.Thread(target=self._listen, daemon=True)

    def __enter__(self) -> "OfferStream":
        self._thread.start()
        wait_until(lambda: self._socket, what="the stream")
        return self

    def __exit__(self, *_: object) -> None:
        self._closing = True
        if self._socket:
            self._socket.shutdown(socket.SHUT_RDWR)
        self._thread.join(5)

    def told(self, kind: str) -> list[dict]:
        """The data of all events of that type, in their order."""
        return [data for name, data in list(self._events) if name == kind]

    def wait_for(self, kind: str, item: dict) -> dict:
        """The data of the event of that type about that item, as soon as it is there."""

        def probe() -> dict | None:
            assert self._failure is None, self._failure
            return next((data for data in self.told(kind) if data["workItemId"] == item["id"]), None)

        return wait_until(probe, what=f"{kind} of {item['id']}")

    def _listen(self) -> None:
        path = f"/agents/{self._agent}/offers"
        try:
            with self._client.stream("GET", path, headers=EVENT_STREAM) as answer:
                assert answer.headers["content-type"].startswith("text/event-stream")
                self._socket = answer.extensions["network_stream"].get_extra_info("socket")
                kind = ""
                for line in answer.iter_lines():
                    if line.startswith("event:"):
                        kind = line.removeprefix("event:").strip()
                    elif line.startswith("data:"):
                        self._events.append((kind, json.loads(line.removeprefix("data:"))))
        except (httpx.HTTPError, AssertionError) as error:
            if not self._closing:
                self._failure = error
