"""A private RabbitMQ from Debian's package: own node name, ports and folders, stopped by its process id."""

import os
import secrets
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path

import pika

from waiting import wait_until

PROGRAM = Path("/usr/lib/rabbitmq/bin/rabbitmq-server")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class RabbitMQ:
    """One node. Erlang's name service runs inside it, so that no daemon stays behind."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "rabbitmq"
        self.port = free_port()
        self._process: subprocess.Popen | None = None

    def __enter__(self) -> "RabbitMQ":
        if not PROGRAM.exists():
            raise SystemExit("RabbitMQ is not installed; Tests/Benchmarks/run.sh installs it")
        shutil.rmtree(self.folder, ignore_errors=True)
        for name in ("data", "log", "home"):
            (self.folder / name).mkdir(parents=True)
        cookie = self.folder / "home" / ".erlang.cookie"
        cookie.write_text(secrets.token_hex(16))
        cookie.chmod(0o400)
        (self.folder / "enabled_plugins").write_text("[].\n")
        (self.folder / "rabbitmq.conf").write_text(f"listeners.tcp.1 = 127.0.0.1:{self.port}\nlog.console = false\n")
        environment = {
            "PATH": os.environ["PATH"],
            "LANG": "C.UTF-8",
            "HOME": str(self.folder / "home"),
            "RABBITMQ_NODENAME": f"millrace-bench-{self.port}@localhost",
            "RABBITMQ_NODE_PORT": str(self.port),
            "RABBITMQ_DIST_PORT": str(free_port()),
            "RABBITMQ_MNESIA_BASE": str(self.folder / "data"),
            "RABBITMQ_LOG_BASE": str(self.folder / "log"),
            "RABBITMQ_PID_FILE": str(self.folder / "node.pid"),
            "RABBITMQ_CONFIG_FILE": str(self.folder / "rabbitmq.conf"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(self.folder / "enabled_plugins"),
            "RABBITMQ_CONF_ENV_FILE": "/dev/null",
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "ERL_EPMD_PORT": str(free_port()),
        }
        with (self.folder / "output.log").open("ab") as log:
            self._process = subprocess.Popen(
                [PROGRAM], env=environment, cwd=self.folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                start_new_session=True,
            )  # fmt: skip
        wait_until(self._answers, seconds=60, what="RabbitMQ", every=0.5, forgiving=(Exception,))
        return self

    def _answers(self) -> bool:
        assert self._process is not None
        if self._process.poll() is not None:
            raise SystemExit(f"RabbitMQ ended: {(self.folder / 'output.log').read_text()[-2000:]}")
        self.connect().close()
        return True

    def connect(self) -> pika.BlockingConnection:
        return pika.BlockingConnection(self.parameters)

    @property
    def parameters(self) -> pika.ConnectionParameters:
        return pika.ConnectionParameters("127.0.0.1", self.port, heartbeat=0)

    def resident_bytes(self) -> int:
        """Memory of the Erlang node."""
        total = 0
        for pid in self._group():
            try:
                for line in Path(f"/proc/{pid}/status").read_text().splitlines():
                    if line.startswith("VmRSS:"):
                        total += int(line.split()[1]) * 1024
            except OSError:
                continue
        return total

    def _group(self) -> list[int]:
        """Every process of the session that this object started; epmd makes one of its own and is found by its port."""
        assert self._process is not None
        found = []
        for entry in Path("/proc").iterdir():
            if not entry.name.isdigit():
                continue
            try:
                if os.getsid(int(entry.name)) == self._process.pid:
                    found.append(int(entry.name))
                elif (entry / "comm").read_text() == "epmd\n" and str(self.folder).encode() in (entry / "environ").read_bytes():
                    found.append(int(entry.name))
            except OSError:
                continue
        return found

    def __exit__(self, *_: object) -> None:
        assert self._process is not None
        pids = self._group()
        # The shell script waits for the node; the node ends on TERM.
        for pid in pids:
            _signal(pid, signal.SIGTERM)
        end = time.monotonic() + 20
        while time.monotonic() < end and any(Path(f"/proc/{pid}").exists() and not _is_zombie(pid) for pid in pids):
            self._process.poll()
            time.sleep(0.1)
        for pid in pids:
            if Path(f"/proc/{pid}").exists() and not _is_zombie(pid):
                _signal(pid, signal.SIGKILL)
        self._process.wait(10)
        shutil.rmtree(self.folder, ignore_errors=True)


def _signal(pid: int, number: signal.Signals) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        pass


def _is_zombie(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z"
    except OSError:
        return True


class ConfirmedPublisher:
    """Publishes persistent messages to a durable priority queue, each hundred confirmed before the next."""

    WINDOW = 100

    def __init__(self, server: RabbitMQ, queue: str, bodies: list[bytes]) -> None:
        self._bodies = bodies
        self._queue = queue
        self._next = 0
        self._unconfirmed: set[int] = set()
        self.begin = 0.0
        self.end = 0.0
        self._connection = pika.SelectConnection(server.parameters, on_open_callback=self._opened)

    def run(self) -> float:
        """Messages a second."""
        self._connection.ioloop.start()
        return len(self._bodies) / (self.end - self.begin)

    def _opened(self, connection: pika.SelectConnection) -> None:
        connection.channel(on_open_callback=self._ready)

    def _ready(self, channel: object) -> None:
        self._channel = channel
        arguments = {"x-max-priority": 10}
        channel.queue_declare(self._queue, durable=True, arguments=arguments, callback=self._declared)

    def _declared(self, _: object) -> None:
        self._channel.confirm_delivery(self._confirmed, callback=lambda _: self._start())

    def _start(self) -> None:
        self.begin = time.monotonic()
        self._publish()

    def _publish(self) -> None:
        for _ in range(min(self.WINDOW, len(self._bodies) - self._next)):
            properties = pika.BasicProperties(delivery_mode=2, priority=self._next % 10)
            self._channel.basic_publish("", self._queue, self._bodies[self._next], properties)
            self._next += 1
            # Delivery tags count from 1.
            self._unconfirmed.add(self._next)

    def _confirmed(self, frame: object) -> None:
        if not isinstance(frame.method, pika.spec.Basic.Ack):
            raise RuntimeError("RabbitMQ refused a message")
        tag = frame.method.delivery_tag
        if frame.method.multiple:
            self._unconfirmed = {other for other in self._unconfirmed if other > tag}
        else:
            self._unconfirmed.discard(tag)
        if self._unconfirmed:
            return
        if self._next < len(self._bodies):
            self._publish()
        else:
            self.end = time.monotonic()
            self._connection.close()
            self._connection.ioloop.stop()
