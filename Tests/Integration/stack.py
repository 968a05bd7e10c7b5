"""The servers that the tests run against: a stack of deploy/local, started by `make test`."""

import os
import shlex
import subprocess
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

ROOT = Path(__file__).resolve().parents[2]


def read_exports(file: Path) -> dict[str, str]:
    """The variables of a file of `export NAME=value` lines, as deploy/local writes it."""
    values = {}
    for line in file.read_text().splitlines():
        words = shlex.split(line)
        if len(words) == 2 and words[0] == "export" and "=" in words[1]:
            name, _, value = words[1].partition("=")
            values[name] = value
    return values


def with_database(url: str, name: str) -> str:
    """The same server and role, another database."""
    return urlunsplit(urlsplit(url)._replace(path=f"/{name}"))


@dataclass(frozen=True)
class Server:
    """One server of the stack, to be stopped, killed, paused and started again by fault tests."""

    name: str
    folder: Path
    own: bool

    def _run(self, action: str) -> str:
        if not self.own:
            raise RuntimeError(f"{self.name} is not this stack's own server; it is left alone")
        environment = {**os.environ, "MILLRACE_LOCAL": str(self.folder)}
        # The addresses in the environment are this stack's own; they must not read as somebody else's.
        for key in ("MILLRACE_DATABASE_URL", "MILLRACE_REDIS_URL", "MILLRACE_KAFKA_BOOTSTRAP"):
            environment.pop(key, None)
        result = subprocess.run(
            [ROOT / "deploy/local/server.sh", self.name, action],
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=120,
        )
        if result.returncode != 0:
            raise RuntimeError(f"{self.name} {action}: {result.stdout}{result.stderr}")
        return result.stdout

    @property
    def pid(self) -> int:
        """The process id of the server."""
        return int(self._run("pid"))

    def start(self) -> None:
        """Starts it and waits until it answers."""
        self._run("start")

    def stop(self) -> None:
        """Stops it gracefully."""
        self._run("stop")

    def restart(self) -> None:
        """Stops it gracefully and starts it again."""
        self._run("restart")

    def kill(self) -> None:
        """Ends it at once, without a chance to write anything."""
        self._run("kill")

    def pause(self) -> None:
        """SIGSTOP: it keeps its connections and answers nothing."""
        self._run("pause")

    def resume(self) -> None:
        """SIGCONT."""
        self._run("continue")


@dataclass(frozen=True)
class Stack:
    """Addresses of the servers, and the executable under test."""

    folder: Path
    executable: Path
    admin_url: str
    owner_url: str
    service_url: str
    redis_url: str
    kafka: str
    postgres: Server
    redis: Server
    broker: Server

    @staticmethod
    def find() -> "Stack | str":
        """The running stack, or why there is none."""
        folder = Path(os.environ.get("MILLRACE_TEST_LOCAL", ROOT / ".local-test"))
        executable = Path(os.environ.get("MILLRACE_TEST_EXECUTABLE", ROOT / ".build/release/millrace"))
        if not (folder / "env").exists():
            return f"no stack was started in {folder}; run make test, or MILLRACE_LOCAL={folder} deploy/local/start.sh"
        if not executable.exists():
            return f"there is no executable {executable}; run make build"
        values = read_exports(folder / "env")
        admin = os.environ.get("MILLRACE_TEST_DATABASE_URL") or Stack._admin_url(folder, values)
        own = {name: (folder / "run" / f"{name}.pid").exists() for name in ("postgres", "redis", "kafka")}
        return Stack(
            folder=folder,
            executable=executable,
            admin_url=admin,
            owner_url=values["MILLRACE_DATABASE_OWNER_URL"],
            service_url=values["MILLRACE_DATABASE_URL"],
            redis_url=os.environ.get("MILLRACE_TEST_REDIS_URL", values["MILLRACE_REDIS_URL"]),
            kafka=os.environ.get("MILLRACE_TEST_KAFKA_BOOTSTRAP", values["MILLRACE_KAFKA_BOOTSTRAP"]),
            postgres=Server("postgres", folder, own["postgres"]),
            redis=Server("redis", folder, own["redis"]),
            broker=Server("kafka", folder, own["kafka"]),
        )

    @staticmethod
    def _admin_url(folder: Path, values: dict[str, str]) -> str:
        passwords = folder / "postgres.env"
        if not passwords.exists():
            return values["MILLRACE_DATABASE_OWNER_URL"]
        password = dict(line.split("=", 1) for line in passwords.read_text().split())["ADMIN_PASSWORD"]
        server = urlsplit(values["MILLRACE_DATABASE_OWNER_URL"])
        return f"postgres://millrace_admin:{password}@{server.hostname}:{server.port}/postgres"
