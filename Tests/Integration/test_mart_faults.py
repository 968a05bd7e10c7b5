"""Faults done to the data mart under load; afterwards every table is what an independent recomputation gives.

`make soak` does many more of them in random order. The seed decides order and moments.
"""

import os
import random
import secrets
import shutil
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import psycopg
import pytest
from psycopg import sql

from faults.arena import arena
from faults.mail import MailLoad
from faults.standby import quiet
from faults.standby_run import do_faults, soak
from mart.check import assert_complete
from mart.faults import CATALOGUE
from mart.mail import assert_seen
from mart.scene import MartScene
from mart_site import Site, attached, secrets_key, site
from own_world import own_world
from stack import Stack
from waiting import wait_until
from world import World

pytestmark = [pytest.mark.faults, pytest.mark.timeout(600)]
SEED = os.environ.get("SEED", "1")


@contextmanager
def mart_scene(world: World, seed: object, rate: int = 30) -> Iterator[MartScene]:
    """A mart with two instances in an arena under load, with mail; at the end of the block it must be complete."""
    key = secrets_key(world)
    world.environment["MILLRACE_OUTBOUND_ALLOW"] = "127.0.0.0/8"
    with arena(world, seed, rate, verifies=False) as running, attached(world, running.tenant, running.cores[0], key) as mart:
        mail = MailLoad(world, running.tenant, running.cores[0], seed)
        mart.start(2)
        mail.start()
        scene = MartScene(running, mart)
        try:
            yield scene
        finally:
            mail.stop()
        quiet(running)
        begin = time.monotonic()
        last = assert_complete(mart, 120)
        assert_seen(mail, mart)
        print(f"    {last} events in the mart are what a recomputation gives ({time.monotonic() - begin:.1f} s)", flush=True)
        scene.assert_promises()


def run_faults(world: World, names: list[str], seed: object) -> list[float]:
    """One run with these faults one after the other; how long each switch took."""
    chance = random.Random(f"mart {seed}")
    print(f"\n  seed {seed}: {', '.join(names)}", flush=True)
    with mart_scene(world, seed) as scene:
        return do_faults(scene, CATALOGUE, names, chance)


def test_instances_of_the_mart_die_and_sleep(private_world: World) -> None:
    """What happens to instances: killed, both at once, stopped past the lease, two that believe they hold."""
    run_faults(private_world, ["kill_holder", "two_holders", "kill_both", "pause_holder"], f"{SEED}-instances")


def test_servers_of_the_mart_forget_and_restart(private_world: World) -> None:
    """What happens to servers: PostgreSQL restarted, a broker that forgets; a rebuild whose holder is killed; new schemas."""
    run_faults(private_world, ["restart_postgres", "rebuild", "migrate_schema", "forget_broker"], f"{SEED}-servers")


@contextmanager
def slow_disk(world: World) -> Iterator[None]:
    """What is committed without waiting stays in the server's memory for seconds, as it may for moments at any time."""
    settings = {"wal_writer_delay": "10s", "wal_writer_flush_after": "1GB"}

    def alter(action: str) -> None:
        with psycopg.connect(world.stack.admin_url, autocommit=True) as connection:
            for name, value in settings.items():
                connection.execute(f"ALTER SYSTEM {action} {name}" + (f" = '{value}'" if action == "SET" else ""))
            connection.execute("SELECT pg_reload_conf()")

    alter("SET")
    try:
        yield
    finally:
        alter("RESET")


def never_wait(world: World, database: str) -> None:
    """Sessions of a database that begin from now on wait for no disk, nor take what others committed to it."""
    with psycopg.connect(world.stack.admin_url, autocommit=True) as connection:
        connection.execute(sql.SQL("ALTER DATABASE {} SET synchronous_commit = off").format(sql.Identifier(database)))


def crash_after_a_full_batch(world: World, mart: Site) -> bool:
    """2000 events wait while the mart cannot write, are applied at once, and PostgreSQL dies; whether it has lost them."""
    producer = world.producer(mart.tenant)
    with mart.sql() as keeper, keeper.transaction():
        keeper.execute("LOCK TABLE agg_15m IN EXCLUSIVE MODE")
        begin = mart.position()
        for _ in range(2000):
            producer.submit(secrets.token_hex(8), attributes={"channel": "incident"})
        producer.flush()
        wait_until(lambda: mart.last_position() >= begin + 2000, seconds=60, what="2000 events in the feed")
        last = mart.last_position()
        # What has happened until now is safe.
        with psycopg.connect(world.stack.admin_url, autocommit=True) as connection:
            connection.execute("CHECKPOINT")
    server = world.stack.postgres
    # Looked up before: each moment counts below.
    pid = server.pid
    with mart.sql() as observer:
        position = "SELECT position FROM projection_progress"
        wait_until(
            lambda: observer.execute(position).fetchone()["position"] >= last,
            seconds=60, every=0.005, what="all of them in the mart",
        )  # fmt: skip
        os.kill(pid, signal.SIGQUIT)
    server.restart()
    return mart.position() < last


def test_a_full_batch_that_a_crash_took_is_applied_again(private_world: World) -> None:
    """Though nothing more happens, and though the holder remembers what is no longer there."""
    never_wait(private_world, private_world.name)
    with slow_disk(private_world), site(private_world) as mart:
        never_wait(private_world, mart.database)
        (instance,) = mart.start()
        mart.submit(3)
        mart.catch_up()
        assert any(crash_after_a_full_batch(private_world, mart) for _ in range(4)), "the server has lost nothing"
        assert_complete(mart, 60)
        told = lambda: instance.metric("projection_position", tenant=mart.tenant.name)  # noqa: E731
        wait_until(lambda: told() == mart.position(), what="the position that is told to be that of the tables")


@pytest.mark.soak
@pytest.mark.timeout(0)
def test_soak_of_the_mart(stack: Stack) -> None:
    """As many seeded faults as MART_FAULTS says, 54 unless said otherwise, six to a run."""
    soak(stack, "mart", CATALOGUE, int(os.environ.get("MART_FAULTS", "54")), SEED, run_faults)
