"""Faults done to the data mart under load; each measures how long the mart stood still."""

import os
import random
import shutil
import signal
import time
from collections.abc import Callable

import psycopg
import redis

from mart.migrating import migrate_schema
from mart.scene import SWITCH_WITHIN, MartScene
from mart_site import Standby
from waiting import wait_until

Fault = Callable[[MartScene, random.Random], None]


def kill_holder(scene: MartScene, chance: random.Random) -> None:
    """kill -9 of the holder in the middle of its work; the other one goes on."""
    victim = scene.mart.wait_for_holder()
    scene.positions_pass(chance.randrange(1, 200))
    term = scene.term()
    victim.kill()
    scene.await_switch(f"kill -9 of the holder {victim.name}", time.monotonic(), term)
    victim.start()


def kill_both(scene: MartScene, chance: random.Random) -> None:
    """kill -9 of both at once; events pile up; both come back."""
    scene.positions_pass(chance.randrange(1, 200))
    term = scene.term()
    for instance in scene.mart.instances:
        instance.kill()
    scene.arena.await_offers(chance.randrange(20, 200))
    for instance in scene.mart.instances:
        instance.launch()
    for instance in scene.mart.instances:
        instance.wait_ready()
    # The lease of the dead may have to run out first.
    scene.await_switch("kill -9 of both", time.monotonic(), term)


def pause_holder(scene: MartScene, chance: random.Random) -> None:
    """SIGSTOP of the holder past its lease, wherever it is; the other one goes on; then it goes on with a term that has passed."""
    victim = scene.mart.wait_for_holder()
    scene.positions_pass(chance.randrange(1, 200))
    time.sleep(chance.random() * 0.05)
    term = scene.term()
    victim.pause()
    moment = time.monotonic()
    try:
        # What it has locked goes with its transaction, two seconds later.
        scene.await_switch(f"SIGSTOP of the holder {victim.name}", moment, term, within=SWITCH_WITHIN + 2)
        scene.positions_pass(chance.randrange(1, 100))
    finally:
        victim.resume()
    scene.positions_pass(50)


def two_holders(scene: MartScene, chance: random.Random) -> None:
    """The lease's key is taken away while its holder works: both believe that they hold, and the terms tell them apart."""
    scene.mart.wait_for_holder()
    key = f"{scene.mart.world.redis_prefix}lease:mart:{scene.mart.tenant.name}"
    with redis.Redis.from_url(scene.mart.world.stack.redis_url) as client:
        for _ in range(2):
            scene.positions_pass(chance.randrange(1, 60))
            assert client.exists(key), f"{key} is not the lease's key"
            term = scene.term()
            client.delete(key)
            client.publish(f"{key}:released", "")
            scene.await_switch("two holders", time.monotonic(), term)


def restart_postgres(scene: MartScene, chance: random.Random) -> None:
    """PostgreSQL is stopped at once, without finishing anything, and recovers."""
    scene.positions_pass(chance.randrange(1, 200))
    server = scene.mart.world.stack.postgres
    os.kill(server.pid, signal.SIGQUIT)
    server.restart()
    scene.positions_pass(50)


def forget_broker(scene: MartScene, chance: random.Random) -> None:
    """The broker is killed and comes back without messages and topics."""
    scene.arena.broker_forgot = True
    broker = scene.mart.world.stack.broker
    scene.positions_pass(chance.randrange(1, 200))
    broker.kill()
    shutil.rmtree(scene.mart.world.stack.folder / "kafka")
    # Meanwhile the feed has everything.
    scene.positions_pass(chance.randrange(50, 200))
    broker.start()
    scene.positions_pass(100)


def flush_redis(scene: MartScene, chance: random.Random) -> None:
    """FLUSHALL: the lease is gone, and whoever is quicker has it."""
    scene.positions_pass(chance.randrange(1, 100))
    with redis.Redis.from_url(scene.mart.world.stack.redis_url) as client:
        client.flushall()
    scene.positions_pass(50)


def rebuild(scene: MartScene, chance: random.Random) -> None:
    """A rebuild under load whose holder is killed on the way; the next one carries it out."""
    with scene.mart.sql() as connection:
        number = connection.execute("INSERT INTO rebuild_request (asked_by) VALUES ('a fault') RETURNING id").fetchone()["id"]
    scene.positions_pass(chance.randrange(1, 300))
    victim: Standby = scene.mart.wait_for_holder()
    victim.kill()
    victim.start()

    def done() -> bool:
        with scene.mart.sql() as connection:
            row = connection.execute("SELECT done_at FROM rebuild_request WHERE id = %s", [number]).fetchone()
            return row["done_at"] is not None

    wait_until(done, seconds=120, every=0.1, what="the rebuild", forgiving=(psycopg.Error,))
    scene.positions_pass(50)


def stop_holder(scene: MartScene, chance: random.Random) -> None:
    """A graceful stop hands over at once."""
    victim = scene.mart.wait_for_holder()
    scene.positions_pass(chance.randrange(1, 100))
    term = scene.term()
    moment = time.monotonic()
    victim.stop()
    scene.await_switch(f"a graceful stop of {victim.name}", moment, term)
    victim.start()


CATALOGUE: dict[str, Fault] = {
    fault.__name__: fault
    for fault in (
        kill_holder, kill_both, pause_holder, two_holders, restart_postgres, forget_broker, flush_redis, rebuild, stop_holder,
        migrate_schema,
    )
}  # fmt: skip
