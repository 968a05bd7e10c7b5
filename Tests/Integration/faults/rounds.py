"""Something that is done again and again beside faults, in a thread of its own."""

import threading
from typing import ClassVar


class Rounds:
    """Does one round after the other until it is stopped. What fails because a server is away at the moment is left, and the
    next round is another one."""

    # What a server that is being restarted makes of a round.
    forgiven: ClassVar[tuple[type[BaseException], ...]]

    def __init__(self, name: str) -> None:
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self.failures: list[str] = []

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._ended.set()
        if self._thread.is_alive():
            self._thread.join(60)

    def round(self) -> None:
        """One of them."""
        raise NotImplementedError

    def left(self) -> None:
        """A round was left where it was."""

    def _run(self) -> None:
        while not self._ended.wait(0.05):
            try:
                self.round()
            except self.forgiven as error:
                self.failures.append(f"{type(error).__name__}: {str(error)[:200]}")
                self.left()
                self._ended.wait(0.2)
