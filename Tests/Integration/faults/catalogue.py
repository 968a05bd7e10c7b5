"""The faults: each does its damage, waits for the signal that things work again, and measures how long that took."""

import json
import os
import random
import shutil
import signal
import time
from collections.abc import Callable
from pathlib import Path

import psycopg
import redis

from cores import Core
from faults.arena import DISTRIBUTION_WITHIN, Arena
from faults.migrating import migrate_schema
from waiting import wait_until

Fault = Callable[[Arena, random.Random], None]


def kill_core(arena: Arena, chance: random.Random) -> None:
    """kill -9 of one of two instances under load; the other takes everything over, then it comes back."""
    victim = chance.choice(arena.cores)
    name = f"kill -9 of {victim.name}"
    victim.kill()
    moment = time.monotonic()
    arena.await_distribution(name, moment)
    arena.await_capture(name, moment)
    victim.start()


def kill_steward(arena: Arena, chance: random.Random) -> None:
    """kill -9 of the instance that holds the lease, right after commits: what had not reached the lanes is swept up."""
    victim = arena.steward()
    name = f"kill -9 of the steward {victim.name}"
    arena.await_offers(chance.randrange(1, 50))
    victim.kill()
    moment = time.monotonic()
    arena.await_distribution(name, moment)
    arena.await_capture(name, moment)
    victim.start()


def crash_before_lane(arena: Arena, chance: random.Random) -> None:
    """Redis stands still, so that commits are done and their lane changes are not; then kill -9 of an instance: what it
    had committed is in no lane, and the other instance puts it there."""
    unlaned = "SELECT batch FROM outbox WHERE NOT laned"
    with psycopg.connect(arena.world.admin_url, autocommit=True) as connection:
        server, victim = arena.world.stack.redis, chance.choice(arena.cores)
        server.pause()
        try:
            stuck = wait_until(
                lambda: rows if len(rows := connection.execute(unlaned).fetchall()) >= 4 else None,
                seconds=10, every=0.02, what="commits whose lane changes wait for Redis",
            )  # fmt: skip
            victim.kill()
        finally:
            server.resume()
        moment = time.monotonic()
        name = f"kill -9 of {victim.name} between commit and lane"
        left = {batch for (batch,) in stuck}
        wait_until(
            lambda: not left & {batch for (batch,) in connection.execute(unlaned)},
            seconds=60, every=0.05, what="lane changes of the dead",
        )  # fmt: skip
        took = time.monotonic() - moment
        if took > DISTRIBUTION_WITHIN:
            arena.late.append(f"{len(left)} commits were in their lanes {took:.1f} s after: {name}")
        arena.await_distribution(name, moment)
        arena.await_capture(name, moment)
    victim.start()


def pause_core(arena: Arena, chance: random.Random) -> None:
    """SIGSTOP past lease and group session, then it goes on where it was, with a term that has passed."""
    victim = chance.choice([arena.steward(), *arena.cores])
    name = f"SIGSTOP of {victim.name}"
    moment = time.monotonic()
    victim.pause()
    try:
        arena.await_distribution(name, moment)
        arena.await_capture(name, moment)
        # The lease is 3 s long: by now somebody else has it.
        arena.steward([core for core in arena.cores if core is not victim])
    finally:
        victim.resume()
    name = f"SIGCONT of {victim.name}"
    arena.await_distribution(name, time.monotonic())


def forget_broker(arena: Arena, chance: random.Random) -> None:
    """The broker is killed and comes back without messages, topics and group offsets."""
    arena.broker_forgot = True
    broker = arena.world.stack.broker
    broker.kill()
    # The local broker writes everything to a file from time to time; with it, it would forget the last part only.
    shutil.rmtree(arena.world.stack.folder / "kafka")
    # Meanwhile REST, distribution and agents go on.
    arena.await_offers(chance.randrange(50, 200))
    broker.start()
    moment = time.monotonic()
    arena.await_distribution("a broker that forgot", moment)
    arena.await_capture("a broker that forgot", moment)


def flush_redis(arena: Arena, chance: random.Random) -> None:
    """FLUSHALL: lanes, leases, presence, all gone."""
    with _redis(arena) as client:
        client.flushall()
    arena.await_distribution("FLUSHALL", time.monotonic())


def restart_redis(arena: Arena, chance: random.Random) -> None:
    """Redis is killed and comes back empty."""
    server = arena.world.stack.redis
    server.kill()
    _snapshot(arena).unlink(missing_ok=True)
    server.start()
    arena.await_distribution("an empty Redis", time.monotonic())


def redis_from_snapshot(arena: Arena, chance: random.Random) -> None:
    """Redis comes back as it was some hundred offers ago."""
    server = arena.world.stack.redis
    with _redis(arena) as client:
        client.save()
    arena.await_offers(chance.randrange(100, 500))
    server.kill()
    server.start()
    moment = time.monotonic()
    _snapshot(arena).unlink()
    arena.await_distribution("a Redis from an old snapshot", moment)


def restart_postgres(arena: Arena, chance: random.Random) -> None:
    """PostgreSQL is stopped at once, without finishing anything, and recovers."""
    server = arena.world.stack.postgres
    os.kill(server.pid, signal.SIGQUIT)
    server.restart()
    moment = time.monotonic()
    arena.await_distribution("a restart of PostgreSQL", moment)
    arena.await_capture("a restart of PostgreSQL", moment)


def rebalance_storm(arena: Arena, chance: random.Random) -> None:
    """A third instance comes and goes every two seconds, gracefully and not."""
    third = arena.world.cores.add()
    for _ in range(4):
        third.launch()
        begin = time.monotonic()
        wait_until(lambda begin=begin: time.monotonic() - begin >= 2, seconds=5, what="two seconds of the storm")
        if chance.random() < 0.5:
            third.kill()
        else:
            third.stop()
    moment = time.monotonic()
    arena.await_distribution("a rebalance storm", moment)
    arena.await_capture("a rebalance storm", moment)
    # A second removal would make the group begin anew for nothing.
    removed = [member for core in [*arena.cores, third] for member in _removed_members(core)]
    again = {member for member in removed if removed.count(member) > 1}
    if again:
        arena.late.append(f"members were taken out of the group more than once in a rebalance storm: {sorted(again)}")


def _removed_members(core: Core) -> list[str]:
    """Ids of the members that an instance has taken out of the consumers' group, as its log tells."""
    lines = (json.loads(line) for line in core.log_text.splitlines() if "taken out of the group" in line)
    return [line["member"] for line in lines]


def two_rebuilders(arena: Arena, chance: random.Random) -> None:
    """FLUSHALL; the steward stops in the middle of its rebuild; the other one rebuilds; then the first goes on."""
    building, epoch = f"{arena.redis_base}building", f"{arena.redis_base}epoch"
    with _redis(arena) as client, psycopg.connect(arena.world.admin_url) as connection:
        # Rebuilders wait at this lock (for 2 s at most, then they begin anew), so that one can be caught at work.
        connection.execute("LOCK TABLE work_item IN ACCESS EXCLUSIVE MODE")
        holders = _holders(connection)
        client.flushall()
        term = int(wait_until(lambda: client.get(building), seconds=10, every=0.002, what="a rebuild that has begun"))
        # The lease is forgotten too, so it may be the steward of before or the next one.
        holders |= _holders(connection)
        first = next(core for core in arena.cores if core.instance == holders[term])
        first.pause()
        try:
            connection.rollback()
            moment = time.monotonic()
            wait_until(lambda: client.get(epoch), seconds=15, what="lanes rebuilt by the other one")
            arena.await_distribution(f"two rebuilders, {first.name} stopped at it", moment)
        finally:
            first.resume()
        arena.await_distribution(f"{first.name} goes on with its rebuild", time.monotonic())
        wait_until(lambda: client.get(epoch), seconds=10, what="lanes that are whole")
        whole = client.get(epoch)
        assert int(whole.rpartition(".")[2]) > term, f"the epoch {whole} is that of the rebuilder that was stopped ({term})"


def _holders(connection: psycopg.Connection) -> dict[int, str]:
    """Who drew the present term of each lease."""
    return dict(connection.execute("SELECT term, holder FROM lease").fetchall())


def _redis(arena: Arena) -> redis.Redis:
    return redis.Redis.from_url(arena.world.stack.redis_url, decode_responses=True)


def _snapshot(arena: Arena) -> Path:
    """Where Redis writes and finds what it saved."""
    return arena.world.stack.folder / "redis" / "dump.rdb"


CATALOGUE: dict[str, Fault] = {
    fault.__name__: fault
    for fault in (
        kill_core, kill_steward, crash_before_lane, pause_core, forget_broker, flush_redis, restart_redis,
        redis_from_snapshot, restart_postgres, rebalance_storm, two_rebuilders,
        migrate_schema,
    )
}  # fmt: skip
