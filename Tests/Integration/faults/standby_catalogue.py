"""Faults done to whatever projection has a hot standby; what is its own only, its folder adds."""

import os
import random
import shutil
import signal
import time
from collections.abc import Callable

import redis

from faults.standby import StandbyScene


def kill_holder(scene: StandbyScene, chance: random.Random) -> None:
    """kill -9 of the holder in the middle of its work; the other one goes on."""
    victim = scene.wait_for_holder()
    scene.positions_pass(chance.randrange(1, 200))
    term = scene.term()
    victim.kill()
    scene.await_switch(f"kill -9 of the holder {victim.name}", time.monotonic(), term)
    victim.start()


def kill_both(scene: StandbyScene, chance: random.Random) -> None:
    """kill -9 of both at once; events pile up; both come back."""
    scene.positions_pass(chance.randrange(1, 200))
    term = scene.term()
    for instance in scene.instances:
        instance.kill()
    scene.arena.await_offers(chance.randrange(20, 200))
    for instance in scene.instances:
        instance.launch()
    for instance in scene.instances:
        instance.wait_ready()
    # The lease of the dead may have to run out first.
    scene.await_switch("kill -9 of both", time.monotonic(), term)


def pause_holder(scene: StandbyScene, chance: random.Random) -> None:
    """SIGSTOP of the holder past its lease, wherever it is; the other goes on; then it goes on with a term that has passed."""
    victim = scene.wait_for_holder()
    scene.positions_pass(chance.randrange(1, 200))
    time.sleep(chance.random() * 0.05)
    term = scene.term()
    victim.pause()
    moment = time.monotonic()
    try:
        # What it has locked in a database goes with its transaction, two seconds later.
        scene.await_switch(f"SIGSTOP of the holder {victim.name}", moment, term, more=2)
        scene.positions_pass(chance.randrange(1, 100))
    finally:
        victim.resume()
    scene.positions_pass(50)


def two_holders(scene: StandbyScene, chance: random.Random) -> None:
    """The lease's key is taken away while its holder works: both believe that they hold, and the terms tell them apart."""
    scene.wait_for_holder()
    with redis.Redis.from_url(scene.arena.world.stack.redis_url) as client:
        for _ in range(2):
            scene.positions_pass(chance.randrange(1, 60))
            assert client.exists(scene.lease_key), f"{scene.lease_key} is not the lease's key"
            term = scene.term()
            client.delete(scene.lease_key)
            client.publish(f"{scene.lease_key}:released", "")
            scene.await_switch("two holders", time.monotonic(), term)


def restart_postgres(scene: StandbyScene, chance: random.Random) -> None:
    """PostgreSQL is stopped at once, without finishing anything, and recovers."""
    scene.positions_pass(chance.randrange(1, 200))
    server = scene.arena.world.stack.postgres
    os.kill(server.pid, signal.SIGQUIT)
    server.restart()
    scene.positions_pass(50)


def forget_broker(scene: StandbyScene, chance: random.Random) -> None:
    """The broker is killed and comes back without messages and topics."""
    scene.arena.broker_forgot = True
    stack = scene.arena.world.stack
    scene.positions_pass(chance.randrange(1, 200))
    stack.broker.kill()
    shutil.rmtree(stack.folder / "kafka")
    # Meanwhile the feed has everything.
    scene.positions_pass(chance.randrange(50, 200))
    stack.broker.start()
    scene.positions_pass(100)


def flush_redis(scene: StandbyScene, chance: random.Random) -> None:
    """FLUSHALL: the lease is gone, and whoever is quicker has it."""
    scene.positions_pass(chance.randrange(1, 100))
    with redis.Redis.from_url(scene.arena.world.stack.redis_url) as client:
        client.flushall()
    scene.positions_pass(50)


def stop_holder(scene: StandbyScene, chance: random.Random) -> None:
    """A graceful stop hands over at once."""
    victim = scene.wait_for_holder()
    scene.positions_pass(chance.randrange(1, 100))
    term = scene.term()
    moment = time.monotonic()
    victim.stop()
    scene.await_switch(f"a graceful stop of {victim.name}", moment, term)
    victim.start()


STANDBY_FAULTS = (
    kill_holder, kill_both, pause_holder, two_holders, restart_postgres, forget_broker, flush_redis, stop_holder,
)  # fmt: skip


def catalogue(*faults: Callable) -> dict[str, Callable]:
    """Faults by their names."""
    return {fault.__name__: fault for fault in faults}
