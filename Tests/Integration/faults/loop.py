"""An event loop in a thread of its own, for the callers that go on while the test kills things."""

import asyncio
import threading
from collections.abc import Coroutine
from concurrent.futures import Future


class LoopThread:
    """Runs coroutines beside the test. What fails in one is kept in `failures`."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self.failures: list[str] = []
        self._tasks: set[asyncio.Task] = set()
        self._thread = threading.Thread(target=self.loop.run_forever, name="callers", daemon=True)
        self._thread.start()

    def start(self, work: Coroutine) -> Future:
        """Begins something from the test's thread."""
        return asyncio.run_coroutine_threadsafe(self._guarded(work), self.loop)

    def spawn(self, work: Coroutine) -> None:
        """Begins something from within the loop."""
        task = self.loop.create_task(self._guarded(work))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _guarded(self, work: Coroutine) -> object:
        try:
            return await work
        except Exception as error:
            self.failures.append(f"{type(error).__name__}: {error}")
            raise

    def close(self) -> None:
        """Ends everything."""

        async def end() -> None:
            tasks = asyncio.all_tasks() - {asyncio.current_task()}
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

        asyncio.run_coroutine_threadsafe(end(), self.loop).result(30)
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join(10)
        self.loop.close()
