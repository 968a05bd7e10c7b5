"""Instances of `millrace core` under test: own ports, known by process id, gone when the tests are."""

import os
import signal
import socket
import subprocess
from pathlib import Path

import httpx

from waiting import wait_until

# Linux ends what runs under it when the test process ends, however that happens. It becomes the program itself.
_WITH_PARENT = ("setpriv", "--pdeathsig", "KILL", "--")

# What a process says that crashes.
_CRASHED = '"message":"crashed'


# Workers of one run share the machine's ports, a stretch of 16 to each in turn. (The kernel gives odd ones out, as a rule.)
_WORKERS = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
_WORKER = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
_given: set[int] = set()


def free_port() -> int:
    """A port that nothing listens on now, and that nobody was given before: who was may not listen yet."""
    while True:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        if port // 16 % _WORKERS == _WORKER and port not in _given:
            _given.add(port)
            return port


class Core:
    """One instance. It can be stopped, killed, paused and started again under the same name and ports."""

    # The command of the executable that runs it.
    command = "core"

    def __init__(self, executable: Path, name: str, environment: dict[str, str], log: Path) -> None:
        self.executable = executable
        self.name = name
        self.port = free_port()
        self.metrics_port = free_port()
        self.log = log
        self._environment = environment
        # What it was started with beside what its world gives.
        self.settings: dict[str, str] = {}
        self._process: subprocess.Popen | None = None
        self._asked = False
        self._launches = 0

    @property
    def url(self) -> str:
        """`http://127.0.0.1:PORT`; the API is under /iwd/v3."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def instance(self) -> str:
        """What it calls itself: another name each time that it is launched."""
        return f"{self.name}.{self._launches}"

    @property
    def metrics_url(self) -> str:
        return f"http://127.0.0.1:{self.metrics_port}/metrics"

    @property
    def pid(self) -> int:
        assert self._process is not None, f"{self.name} was never started"
        return self._process.pid

    @property
    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    @property
    def exit_code(self) -> int | None:
        """As it ended last; the negative number of a signal."""
        return self._process.poll() if self._process else None

    @property
    def log_text(self) -> str:
        return self.log.read_text(errors="replace") if self.log.exists() else ""

    def launch(self) -> "Core":
        """Starts the process without waiting for it."""
        assert not self.is_running, f"{self.name} runs already"
        self._asked = False
        self._launches += 1
        environment = {
            **{key: value for key, value in os.environ.items() if not key.startswith("MILLRACE_")},
            **self._environment,
            "MILLRACE_HTTP_HOST": "127.0.0.1",
            "MILLRACE_HTTP_PORT": str(self.port),
            "MILLRACE_METRICS_PORT": str(self.metrics_port),
            "MILLRACE_INSTANCE": self.instance,
        }
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [*_WITH_PARENT, self.executable, self.command],
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        return self

    def start(self, seconds: float = 30) -> "Core":
        """Starts the process and waits until it is ready."""
        return self.launch().wait_ready(seconds)

    @property
    def health_url(self) -> str:
        """Where it tells how it is."""
        return f"{self.url}/health/ready"

    def health(self) -> httpx.Response:
        """What it says about itself, ready or not."""
        return self._get(self.health_url)

    def is_ready(self) -> bool:
        return self.health().status_code == 200

    @staticmethod
    def _get(url: str) -> httpx.Response:
        # Plain HTTP: reading the system's certificates for each question would cost more than the answer.
        return httpx.get(url, timeout=5, verify=False, trust_env=False)

    def wait_ready(self, seconds: float = 30) -> "Core":
        def probe() -> bool:
            assert self.is_running, f"{self.name} ended while starting:\n{self.log_text[-4000:]}"
            return self.is_ready()

        wait_until(probe, seconds=seconds, what=f"readiness of {self.name}", every=0.1, forgiving=(httpx.HTTPError,))
        return self

    def ask_to_stop(self) -> None:
        """SIGTERM, once: a second one would mean at once. A paused process goes on first."""
        if self.is_running and not self._asked:
            self._asked = True
            self._process.send_signal(signal.SIGCONT)
            self._process.terminate()

    def stop(self, seconds: float = 40) -> int:
        """Asks it to stop, waits, and returns its exit code. It must end within the bound, and have crashed at no time."""
        if self._process is None:
            return 0
        self.ask_to_stop()
        try:
            code = self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"{self.name} did not stop within {seconds:g} s:\n{self.log_text[-4000:]}") from None
        log = self.log_text
        assert (crash := log.find(_CRASHED)) < 0, f"{self.name}:\n{log[max(0, crash - 1000) : crash + 6000]}"
        return code

    def kill(self) -> None:
        """kill -9."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(30)

    def pause(self) -> None:
        """SIGSTOP."""
        os.kill(self.pid, signal.SIGSTOP)

    def resume(self) -> None:
        """SIGCONT."""
        os.kill(self.pid, signal.SIGCONT)

    def metrics(self) -> str:
        """The Prometheus text."""
        return self._get(self.metrics_url).raise_for_status().text

    def metric(self, name: str, **labels: str) -> float | None:
        """The sum of a metric's series with these labels; None when there is none."""
        found: float | None = None
        for line in self.metrics().splitlines():
            rest = line.removeprefix(f"millrace_{name}").removeprefix(name)
            if rest == line or rest[0] not in "{ ":
                continue
            if all(f'{key}="{value}"' in rest for key, value in labels.items()):
                found = (found or 0) + float(line.rsplit(" ", 1)[1])
        return found

    def resident_bytes(self) -> int:
        """Memory held now."""
        for line in Path(f"/proc/{self.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) * 1024
        raise AssertionError(f"{self.name} does not run")


class CoreGroup:
    """The instances of one world."""

    def __init__(self, executable: Path, environment: dict[str, str], logs: Path) -> None:
        self._executable = executable
        self._environment = environment
        self._logs = logs
        self._count = 0
        self.all: list[Core] = []

    def add(self, **settings: str) -> Core:
        """A new instance that is not started yet; settings are keys without MILLRACE_, such as LEASE_TTL="2"."""
        self._count += 1
        name = f"core-{self._count}"
        environment = {**self._environment, **{f"MILLRACE_{key}": value for key, value in settings.items()}}
        core = Core(self._executable, name, environment, self._logs / f"{name}.log")
        core.settings = settings
        self.all.append(core)
        return core

    def start(self, count: int = 1, **settings: str) -> list[Core]:
        """Starts new instances side by side and waits until all are ready."""
        cores = [self.add(**settings).launch() for _ in range(count)]
        for core in cores:
            core.wait_ready()
        return cores

    def ensure(self, count: int) -> list[Core]:
        """At least so many instances that run; the first ones of them."""
        missing = count - len(self.running)
        if missing > 0:
            self.start(missing)
        return self.running[:count]

    @property
    def running(self) -> list[Core]:
        return [core for core in self.all if core.is_running]

    def stop_all(self) -> None:
        """Asks all to stop, then waits for each; what does not stop is killed, and that is an error."""
        for core in self.running:
            core.ask_to_stop()
        failures = []
        for core in self.all:
            try:
                core.stop()
            except AssertionError as error:
                failures.append(str(error))
        assert not failures, "\n".join(failures)
