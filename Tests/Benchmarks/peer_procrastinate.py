"""procrastinate on the same PostgreSQL: batched enqueue, and jobs finished by two worker processes.

Run as a program it is one worker: peer_procrastinate.py DATABASE_URL
"""

import asyncio
import subprocess
import sys
import time
from pathlib import Path

import procrastinate
import psycopg
from psycopg import sql
import scene  # noqa: F401  (makes the modules of the integration tests known)
from stack import Stack, with_database

DATABASE = "bench_procrastinate"
BATCH = 500
CONCURRENCY = 10


def application(url: str, *, synchronous: bool = False) -> procrastinate.App:
    """The application with its one task, which does nothing with what it is given."""
    connector = procrastinate.SyncPsycopgConnector if synchronous else procrastinate.PsycopgConnector
    app = procrastinate.App(connector=connector(conninfo=url))

    @app.task(name="handle", queue="work")
    async def handle(**_: object) -> None:
        return None

    return app


class Procrastinate:
    """A database of its own on the server of the stack."""

    def __init__(self, stack: Stack) -> None:
        self._admin = stack.admin_url
        self.url = with_database(stack.admin_url, DATABASE)

    def __enter__(self) -> "Procrastinate":
        self._drop()
        with psycopg.connect(self._admin, autocommit=True) as connection:
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(DATABASE)))
        app = application(self.url, synchronous=True)
        with app.open():
            app.schema_manager.apply_schema()
        return self

    def __exit__(self, *_: object) -> None:
        self._drop()

    def _drop(self) -> None:
        with psycopg.connect(self._admin, autocommit=True) as connection:
            connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(DATABASE)))

    def enqueue(self, payloads: list[dict]) -> float:
        """Jobs a second, deferred in batches."""
        app = application(self.url, synchronous=True)
        with app.open():
            begin = time.monotonic()
            for start in range(0, len(payloads), BATCH):
                app.tasks["handle"].batch_defer(*payloads[start : start + BATCH])
            return len(payloads) / (time.monotonic() - begin)

    def empty(self) -> None:
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute("TRUNCATE procrastinate_jobs CASCADE")

    def whole_life(self, payloads: list[dict], seconds: float = 300) -> float:
        """Jobs a second from the first enqueue to the last one done, with two workers that run already."""
        self.empty()
        workers = [
            subprocess.Popen([sys.executable, Path(__file__), self.url], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
            for _ in range(2)
        ]
        try:
            for worker in workers:
                assert worker.stdout is not None
                worker.stdout.readline()
            begin = time.monotonic()
            self.enqueue(payloads)
            with psycopg.connect(self.url, autocommit=True) as connection:
                while self._done(connection) < len(payloads):
                    if time.monotonic() - begin > seconds:
                        raise RuntimeError(f"procrastinate did not finish its jobs within {seconds:g} s")
                    time.sleep(0.1)
            return len(payloads) / (time.monotonic() - begin)
        finally:
            for worker in workers:
                worker.terminate()
            for worker in workers:
                try:
                    worker.wait(15)
                except subprocess.TimeoutExpired:
                    worker.kill()
                    worker.wait()

    @staticmethod
    def _done(connection: psycopg.Connection) -> int:
        return connection.execute("SELECT count(*) FROM procrastinate_jobs WHERE status = 'succeeded'").fetchone()[0]


async def work(url: str) -> None:
    """One worker, until it is told to stop."""
    app = application(url)
    async with app.open_async():
        print("ready", flush=True)
        await app.run_worker_async(queues=["work"], concurrency=CONCURRENCY, fetch_job_polling_interval=0.5)


if __name__ == "__main__":
    asyncio.run(work(sys.argv[1]))
