"""A stack as `make up` brings it up, in a folder of its own: servers, two instances of core, tenant demo."""

import json
import os
import re
import socket
import subprocess
from dataclasses import dataclass
from pathlib import Path

import httpx

from stack import ROOT

_SERVERS = (
    "postgres", "redis", "kafka", "dovecot", "exim", "elasticsearch", "core-1", "core-2", "email-1", "datamart-1", "search-1",
)  # fmt: skip


@dataclass(frozen=True)
class Made:
    """How a command of make ended and all that it printed."""

    code: int
    text: str


class OwnStack:
    """Runs make's commands as somebody does who has just fetched the repository; the executable is there already."""

    def __init__(self, folder: Path, executable: Path) -> None:
        self.folder = folder
        self.credentials_file = folder / "credentials.json"
        self._clients: list[httpx.Client] = []
        self._began: dict[int, str] = {}
        # Nothing that the tests' own stack says of itself may reach this one, nor what an outer make says.
        foreign = re.compile("MILLRACE_|DEMO_|STACK_LOCK_HELD$|MAKE|MFLAGS$")
        self._environment = {key: value for key, value in os.environ.items() if not foreign.match(key)}
        self.contents = folder / "contents"
        self._environment |= {
            "MILLRACE_LOCAL": str(folder),
            "MILLRACE_EXECUTABLE": str(executable),
            "MILLRACE_CONTENT_FOLDER": str(self.contents),
        }

    def run(self, *goal: str, **more: str) -> Made:
        """Runs `make` with this goal; `more` are environment variables."""
        return self._call(["make", "--no-print-directory", *goal], **more)

    def make(self, *goal: str, **more: str) -> str:
        """Runs a goal that must succeed and returns what it printed."""
        made = self.run(*goal, **more)
        assert made.code == 0, f"make {' '.join(goal)} ended with {made.code}:\n{made.text}"
        return made.text

    def remove(self) -> None:
        """Stops whatever runs and removes PostgreSQL's data, wherever it lies; logs stay."""
        for client in self._clients:
            client.close()
        script = f"source {ROOT}/deploy/local/lib/all.sh; {ROOT}/deploy/local/down.sh; load_ports; erase_postgres; erase_mail"
        script += '; rm -rf "$local_dir"/{redis,kafka,contents,credentials.json,ports.env,mail.key,mart.key,secrets.key,postgres.env}'
        made = self._call(["bash", "-c", script])
        assert made.code == 0, made.text

    def _call(self, command: list[str], **more: str) -> Made:
        result = subprocess.run(
            command,
            cwd=ROOT,
            env={**self._environment, **more},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=300,
        )
        return Made(result.returncode, result.stdout)

    @property
    def credentials(self) -> dict[str, str]:
        return json.loads(self.credentials_file.read_text())

    def http(self, key: str) -> httpx.Client:
        """A client of the API with one of the keys of the credentials: `adminKey` or `sourceKey`."""
        credentials = self.credentials
        headers = {"Authorization": f"Bearer {credentials[key]}"}
        self._clients.append(httpx.Client(base_url=f"{credentials['baseUrl']}/iwd/v3", headers=headers, timeout=20))
        return self._clients[-1]

    def pids(self) -> dict[str, int]:
        """What the stack says that it started."""
        found = {file.stem: file.read_text().split() for file in (self.folder / "run").glob("*.pid")}
        # A number may be another's by the time it is looked at again.
        self._began.update((int(pid), began) for pid, began, *_ in found.values())
        return {name: int(words[0]) for name, words in found.items()}

    def ports(self) -> dict[str, int]:
        """The ports that it settled."""
        lines = (self.folder / "ports.env").read_text().splitlines()
        return {name: int(number) for name, number in (line.split("=") for line in lines)}

    def status(self) -> tuple[int, dict[str, str]]:
        """The exit code of `make status`, and the state of each server and service."""
        made = self.run("status")
        states = dict(re.findall(rf"^({'|'.join(_SERVERS)}) +[\d-]+ +(\w+(?: \w+)*)", made.text, re.MULTILINE))
        assert set(states) == set(_SERVERS), made.text
        return made.code, states

    def left_over(self, pids: dict[str, int]) -> list[str]:
        """Which of these processes, of the stack's pid files and of its ports are still there."""
        processes = [f"process {name}" for name, pid in pids.items() if _lives(pid, self._began[pid])]
        files = [f"pid file of {name}" for name in self.pids()]
        return processes + files + [f"port {name}" for name, port in self.ports().items() if _listens(port)]


def _lives(pid: int, began: str) -> bool:
    """Whether the process that began at that time (field 22 of its `stat`) is there, and not only its remains."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()
        return fields[0] != "Z" and fields[19] == began
    except (FileNotFoundError, ProcessLookupError):
        return False


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
