"""Schema migrations under load: the last ones applied once more, and one of a version to come."""

import random
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager

import psycopg

from faults.arena import Arena
from waiting import wait_until

Connect = Callable[[], AbstractContextManager[psycopg.Connection]]

# The lock that `Migrations` of Shared/Storage takes, and its patience with what others hold.
LOCK = "SELECT pg_advisory_xact_lock(1835625586, hashtext(current_schema()))"
PATIENCE = "SET LOCAL lock_timeout = '1s'"
NEWER = 9000
# Tables that every step of an item goes through.
BUSY = ("work_item", "event", "outbox")


def migrate_schema(arena: Arena, chance: random.Random) -> None:
    """The last migrations are applied again while somebody reads for long; then a newer version's changes busy tables, and an
    instance of this version dies and comes back before it is replaced."""

    def connect() -> psycopg.Connection:
        return psycopg.connect(arena.world.admin_url)

    undo(connect, 14, ["DROP INDEX email_waiting"])
    # It only allows more.
    undo(connect, 13, [])
    undo(connect, 12, ["ALTER TABLE email DROP COLUMN sent_message"])
    undo(connect, 11, ["DROP TABLE command_topic"])
    undo(connect, 10, ["DROP INDEX past_customer_item", "ALTER TABLE past_customer DROP COLUMN is_last"])
    with ThreadPoolExecutor(1) as pool:
        with connect() as reader:
            # As a backup does.
            reader.execute(f"LOCK TABLE past_customer, {', '.join(BUSY)} IN ACCESS SHARE MODE")
            moment = time.monotonic()
            migrating = pool.submit(arena.world.run, "migrate")
            with psycopg.connect(arena.world.admin_url, autocommit=True) as observer:
                waiting = "SELECT FROM pg_locks WHERE NOT granted AND relation = 'past_customer'::regclass"
                wait_until(lambda: observer.execute(waiting).rowcount, what="a migration that waits for a reader")
            arena.await_distribution("a migration that waits for a reader", moment)
            arena.await_capture("a migration that waits for a reader", moment)
            assert not migrating.done(), migrating.result()
        assert "Applied 5 migrations, up to 14." in migrating.result().stdout
    moment = time.monotonic()
    column = "of_a_version_to_come"
    migrate_to_newer(
        connect,
        [
            *(f"ALTER TABLE {table} ADD COLUMN {column} int NOT NULL DEFAULT 7" for table in BUSY),
            f"CREATE INDEX {column} ON work_item (tenant, {column})",
        ],
    )
    arena.await_distribution("a newer version's migration", moment)
    arena.await_capture("a newer version's migration", moment)
    victim = chance.choice(arena.cores)
    victim.kill()
    victim.start()
    assert f"migration {NEWER} of a newer version" in victim.health().raise_for_status().text
    take_back(connect, [f"ALTER TABLE {table} DROP COLUMN {column}" for table in BUSY])
    arena.await_distribution("a newer version that was taken back", time.monotonic())


def undo(connect: Connect, version: int, statements: Iterable[str]) -> None:
    """Leaves the database as the version before had it."""
    _alter(connect, [*statements, f"DELETE FROM schema_migration WHERE version = {version}"])


def migrate_to_newer(connect: Connect, statements: Iterable[str]) -> None:
    """What a newer version's migration does: it waits as briefly for what others hold, and is tried again."""
    _alter(connect, [*statements, f"INSERT INTO schema_migration VALUES ({NEWER}, 'of a version to come', '', '')"])


def take_back(connect: Connect, statements: Iterable[str]) -> None:
    """The newer version goes again."""
    _alter(connect, [*statements, f"DELETE FROM schema_migration WHERE version = {NEWER}"])


def _alter(connect: Connect, statements: list[str]) -> None:
    def done() -> bool:
        with connect() as connection, connection.transaction():
            connection.execute(LOCK)
            connection.execute(PATIENCE)
            for statement in statements:
                connection.execute(statement)
        return True

    forgiving = (psycopg.errors.LockNotAvailable, psycopg.errors.DeadlockDetected)
    wait_until(done, seconds=60, every=2, what=f"the tables for {statements[0]}", forgiving=forgiving)
