"""Search servers of the tests' own: noida-db speaks Elasticsearch 8, osmem OpenSearch 3; and a way there that can be slow."""

import os
import shutil
import signal
import socket
import subprocess
import sysconfig
import threading
import time
from contextlib import suppress
from pathlib import Path

import httpx
import pytest

from cores import Core, free_port
from waiting import wait_until

_WITH_PARENT = ("setpriv", "--pdeathsig", "KILL", "--")


class SearchServer:
    """One server on a port of its own. What noida-db has written outlives its end; osmem forgets everything."""

    def __init__(self, kind: str, folder: Path) -> None:
        self.kind = kind
        self.port = free_port()
        self.folder = folder
        self._process: subprocess.Popen | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def _command(self) -> list[str]:
        packages = Path(sysconfig.get_paths()["purelib"])
        if self.kind == "elasticsearch":
            binary = Path(os.environ.get("MILLRACE_TEST_NOIDA_DB", packages / "noida_db/noida-db"))
            options = [
                "start", "--only", "elasticsearch", "--host", "127.0.0.1", "--elasticsearch-port", str(self.port),
                "--data-dir", str(self.folder),
            ]  # fmt: skip
        else:
            binary = packages / "osmem_server/bin/osmem-server"
            options = ["-addr", f"127.0.0.1:{self.port}", "-no-stdin-watch"]
        if not binary.exists():
            pytest.skip(f"{binary} is not installed")
        return [str(binary), *options]

    def start(self) -> "SearchServer":
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder.parent / f"{self.folder.name}.log").open("ab") as log:
            self._process = subprocess.Popen(
                [*_WITH_PARENT, *self._command()], stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT
            )
        wait_until(lambda: self.get("/").status_code == 200, seconds=20, what=self.kind, forgiving=(httpx.HTTPError,))
        return self

    def get(self, path: str) -> httpx.Response:
        return httpx.get(self.url + path, timeout=5, trust_env=False)

    def call(self, method: str, path: str, body: object = None) -> httpx.Response:
        return httpx.request(method, self.url + path, json=body, timeout=10, trust_env=False)

    def kill(self) -> None:
        """Ends it at once."""
        assert self._process is not None
        self._process.kill()
        self._process.wait(10)

    def pause(self) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)

    def close(self) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(signal.SIGCONT)
            self._process.terminate()
            try:
                self._process.wait(10)
            except subprocess.TimeoutExpired:
                self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    # What is in it.

    def indices(self, alias: str) -> list[str]:
        answer = self.get(f"/_alias/{alias}")
        return sorted(answer.json()) if answer.status_code == 200 else []

    def count(self, alias: str) -> int:
        self.call("POST", f"/{alias}/_refresh")
        answer = self.get(f"/{alias}/_count")
        return answer.json()["count"] if answer.status_code == 200 else -1

    def contents(self, alias: str) -> str:
        """Everything that is stored in an index."""
        self.call("POST", f"/{alias}/_refresh")
        return self.call("POST", f"/{alias}/_search", {"size": 10_000, "query": {"match_all": {}}}).text

    def named(self, alias: str) -> list[str]:
        """Indices that were made for an alias, whether it stands for them or not."""
        answer = self.get(f"/_alias/{alias}-*-write")
        return sorted(answer.json()) if answer.status_code == 200 else []

    def documents(self, index: str) -> dict[str, dict]:
        """All documents by their ids."""
        self.call("POST", f"/{index}/_refresh")
        found: dict[str, dict] = {}
        after: dict = {}
        while True:
            body = {"size": 1000, "query": {"match_all": {}}, "sort": [{"id": "asc"}], **after}
            hits = self.call("POST", f"/{index}/_search", body).raise_for_status().json()["hits"]["hits"]
            found |= {hit["_id"]: hit["_source"] for hit in hits}
            if len(hits) < 1000:
                return found
            after = {"search_after": hits[-1]["sort"]}

    def ids(self, alias: str) -> set[str]:
        self.call("POST", f"/{alias}/_refresh")
        body = {"size": 10_000, "_source": False, "query": {"match_all": {}}}
        answer = self.call("POST", f"/{alias}/_search", body)
        return {hit["_id"] for hit in answer.json()["hits"]["hits"]} if answer.status_code == 200 else set()


class SlowWay:
    """Passes everything on to a server, later by as much as is said."""

    def __init__(self, port: int) -> None:
        self.delay = 0.0
        # Nobody gets through.
        self.is_cut = False
        self._target = port
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port = self._listener.getsockname()[1]
        self._sockets: set[socket.socket] = set()
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def cut(self) -> None:
        """Ends what goes on, and lets nobody through until `mend`."""
        self.is_cut = True
        for end in list(self._sockets):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def mend(self) -> None:
        self.is_cut = False

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            if self.is_cut:
                client.close()
                continue
            try:
                server = socket.create_connection(("127.0.0.1", self._target), timeout=5)
            except OSError:
                client.close()
                continue
            server.settimeout(None)
            self._sockets |= {client, server}
            threading.Thread(target=self._pass, args=(client, server, True), daemon=True).start()
            threading.Thread(target=self._pass, args=(server, client, False), daemon=True).start()

    def _pass(self, source: socket.socket, target: socket.socket, delayed: bool) -> None:
        try:
            while data := source.recv(65536):
                if delayed and self.delay:
                    time.sleep(self.delay)
                target.sendall(data)
        except OSError:
            pass
        for end in (source, target):
            self._sockets.discard(end)
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            end.close()

    def close(self) -> None:
        self._listener.close()
        for end in list(self._sockets):
            end.close()


class Search(Core):
    """An instance of `millrace search`. Its health is told at the port of its metrics."""

    command = "search"

    @property
    def health_url(self) -> str:
        return f"http://127.0.0.1:{self.metrics_port}/health/ready"

    @property
    def is_holder(self) -> bool:
        """Whether it writes an index."""
        return self.metric("projection_holder") == 1

    def metric(self, name: str, **labels: str) -> float:
        """The sum of a metric's series that have these labels; 0 when there is none."""
        return super().metric(name, **labels) or 0.0
