"""An SMTP server for tests: takes messages and notes when, or breaks off where it is told to."""

import re
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass
class Taken:
    """A message that was begun: when its DATA came, and what it held."""

    at: float
    lines: list[bytes] = field(default_factory=list)

    @property
    def raw(self) -> bytes:
        """The message as it was sent."""
        return b"".join(line.removeprefix(b".") if line.startswith(b"..") else line for line in self.lines)

    @property
    def message_id(self) -> str:
        return next(line.split(b":", 1)[1].strip().decode() for line in self.lines if line.lower().startswith(b"message-id:"))


class SmtpSink:
    """Takes messages. With `dies` it ends the connection instead of answering to a whole message."""

    def __init__(self, dies: bool = False) -> None:
        self.dies = dies
        self.taken: list[Taken] = []
        self.answers: list[tuple[str, str]] = []
        #: Is handed a whole message before it is answered.
        self.whole: Callable[[Taken], None] = lambda taken: None
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]

    def __enter__(self) -> "SmtpSink":
        threading.Thread(target=self._run, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.close()

    @property
    def outbound(self) -> dict:
        """The server's part of a mailbox's `outbound`."""
        return {"host": "127.0.0.1", "port": self.port, "security": "plain"}

    def answer(self, command: str, reply: str) -> None:
        """The next time that a command begins so this is answered instead."""
        self.answers.append((command, reply))

    def _run(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with connection, connection.makefile("rb") as lines:
            connection.sendall(b"220 here\r\n")
            for line in lines:
                verb = line.decode(errors="replace").strip()
                if other := self._other(verb):
                    connection.sendall(f"{other}\r\n".encode())
                elif re.match("DATA", verb, re.IGNORECASE):
                    connection.sendall(b"354 go on\r\n")
                    message = Taken(time.monotonic())
                    while (part := lines.readline()).strip() != b".":
                        if not part:
                            return
                        message.lines.append(part)
                    self.taken.append(message)
                    self.whole(message)
                    if self.dies:
                        return
                    try:
                        connection.sendall(f"{self._other('END') or '250 taken'}\r\n".encode())
                    except OSError:
                        # Whoever sent it is gone.
                        return
                elif re.match("QUIT", verb, re.IGNORECASE):
                    connection.sendall(b"221 bye\r\n")
                    return
                else:
                    connection.sendall(b"250 ok\r\n")

    def _other(self, verb: str) -> str | None:
        for index, (command, reply) in enumerate(self.answers):
            if verb.upper().startswith(command):
                del self.answers[index]
                return reply
        return None
