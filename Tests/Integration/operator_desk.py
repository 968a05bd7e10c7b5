"""The operator's commands of the real executable, with the credentials of one tenant."""

import json
import os
import signal
import subprocess
from dataclasses import dataclass
from pathlib import Path

from world import Tenant, World


@dataclass(frozen=True)
class Said:
    """How a command ended and what it printed."""

    code: int
    out: str
    err: str

    @property
    def lines(self) -> list[str]:
        return self.out.splitlines()

    @property
    def json(self) -> list[dict]:
        """A JSON value a line, as --json prints."""
        return [json.loads(line) for line in self.lines]


class Started:
    """A command that runs in the background; its output goes to a file."""

    def __init__(self, command: list[str | Path], environment: dict[str, str], output: Path) -> None:
        self.output = output
        with output.open("wb") as file:
            self.process = subprocess.Popen(
                ["setpriv", "--pdeathsig", "KILL", "--", *command],
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
            )

    @property
    def text(self) -> str:
        return self.output.read_text()

    def end(self, number: signal.Signals = signal.SIGINT, seconds: float = 20) -> int:
        """Sends the signal and returns the exit code."""
        self.process.send_signal(number)
        return self.process.wait(seconds)

    def kill(self) -> None:
        """Whatever became of it: nothing is left behind."""
        self.process.kill()
        self.process.wait(10)


class OperatorDesk:
    """Runs commands as a person at a terminal would, in a folder of their own."""

    def __init__(self, world: World, tenant: Tenant, folder: Path) -> None:
        self.executable = world.stack.executable
        self.folder = folder
        self.tenant = tenant
        self.credentials = folder / "credentials.json"
        self.content = {
            "tenant": tenant.name,
            "baseUrl": world.cores.ensure(1)[0].url,
            "kafka": world.stack.kafka,
            "kafkaPrefix": world.kafka_prefix,
            "adminKey": tenant.admin_key,
            "sourceKey": tenant.source_key,
        }
        self.write_credentials(self.credentials)

    def write_credentials(self, file: Path, **changes: str | None) -> Path:
        """A file of credentials, with these members changed or, for None, left out."""
        content = {key: value for key, value in {**self.content, **changes}.items() if value is not None}
        file.touch(mode=0o600)
        file.write_text(json.dumps(content))
        return file

    def _environment(self, credentials: Path | None, more: dict[str, str]) -> dict[str, str]:
        environment = {key: value for key, value in os.environ.items() if not key.startswith("MILLRACE_")}
        merged = {**environment, "MILLRACE_CREDENTIALS": str(credentials or self.credentials), **more}
        # A service knows its own keys only; an empty one is not given at all.
        return {key: value for key, value in merged.items() if value}

    def run(
        self, *arguments: str | Path, input: str = "", credentials: Path | None = None, seconds: float = 60, **more: str
    ) -> Said:
        """Runs a command to its end; `more` are environment variables."""
        result = subprocess.run(
            [self.executable, *arguments],
            env=self._environment(credentials, more),
            cwd=self.folder,
            input=input,
            capture_output=True,
            text=True,
            timeout=seconds,
        )
        return Said(result.returncode, result.stdout, result.stderr)

    def do(self, *arguments: str | Path, **options: str) -> Said:
        """Runs a command that must succeed."""
        said = self.run(*arguments, **options)
        assert said.code == 0, f"{arguments} ended with {said.code}:\n{said.out}{said.err}"
        return said

    def start(self, *arguments: str | Path, **more: str) -> Started:
        """Starts a command in the background."""
        output = self.folder / f"{arguments[0]}.output"
        return Started([self.executable, *arguments], self._environment(None, more), output)
