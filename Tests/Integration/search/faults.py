"""Faults done to the search index under load."""

import random
import shutil
import time

import psycopg

from faults.standby_catalogue import STANDBY_FAULTS, catalogue
from search.scene import IndexScene
from waiting import wait_until


def kill_standby(scene: IndexScene, chance: random.Random) -> None:
    """kill -9 of the instance that waits; nobody misses it, and it takes over as soon as it is back."""
    holder = scene.wait_for_holder()
    victim = next(instance for instance in scene.instances if instance is not holder)
    victim.kill()
    scene.positions_pass(chance.randrange(1, 200))
    victim.start()


def kill_core(scene: IndexScene, chance: random.Random) -> None:
    """kill -9 of the steward among the instances of core; who takes over clears away what is old."""
    victim = scene.arena.steward()
    scene.positions_pass(chance.randrange(1, 100))
    with psycopg.connect(scene.arena.world.admin_url, autocommit=True) as connection:
        some = "SELECT id FROM work_item WHERE completed_at IS NOT NULL ORDER BY random() LIMIT 20"
        old = connection.execute(f"UPDATE work_item SET completed_at = 1 WHERE id IN ({some}) RETURNING id").fetchall()
        victim.kill()
        ids = [identifier for (identifier,) in old]
        left = "SELECT FROM work_item WHERE id = ANY(%s)"
        wait_until(lambda: not connection.execute(left, [ids]).rowcount, seconds=60, every=0.1, what="the end of what is old")
    victim.start()
    scene.positions_pass(50)


def lose_server(scene: IndexScene, chance: random.Random) -> None:
    """kill -9 of the search server, which comes back without its last writes."""
    scene.positions_pass(chance.randrange(1, 200))
    scene.search.server.kill()
    scene.arena.await_offers(chance.randrange(1, 50))
    scene.search.server.start()
    scene.positions_pass(50)


def lose_server_twice(scene: IndexScene, chance: random.Random) -> None:
    """The same again some seconds later: the check that the first time leads to passes over what was new at the second."""
    lose_server(scene, chance)
    time.sleep(chance.uniform(2, 12))
    lose_server(scene, chance)


def empty_server(scene: IndexScene, chance: random.Random) -> None:
    """The search server comes back with nothing at all."""
    scene.positions_pass(chance.randrange(1, 200))
    scene.search.server.kill()
    shutil.rmtree(scene.search.server.folder)
    scene.search.server.start()
    scene.positions_pass(50)


def cut_way(scene: IndexScene, chance: random.Random) -> None:
    """Nobody gets through to the search server for seconds, whatever was under way."""
    scene.positions_pass(chance.randrange(1, 200))
    scene.way.cut()
    try:
        scene.arena.await_offers(chance.randrange(20, 200))
    finally:
        scene.way.mend()
    scene.positions_pass(50)


def slow_way(scene: IndexScene, chance: random.Random) -> None:
    """Every packet to the search server is late."""
    scene.way.delay = chance.uniform(0.1, 1)
    try:
        scene.arena.await_offers(chance.randrange(20, 200))
    finally:
        scene.way.delay = 0.0
    scene.positions_pass(50)


def rebuild(scene: IndexScene, chance: random.Random) -> None:
    """A rebuild under load whose holder is killed on the way; the next one carries it out."""
    number = _ask(scene)
    time.sleep(chance.random() * 0.5)
    victim = scene.wait_for_holder()
    victim.kill()
    victim.start()
    _await_rebuilt(scene, number)


def lose_rebuild(scene: IndexScene, chance: random.Random) -> None:
    """A rebuild under load during which the search server is killed."""
    number = _ask(scene)
    time.sleep(chance.random() * 0.5)
    scene.search.server.kill()
    scene.search.server.start()
    _await_rebuilt(scene, number)


def _ask(scene: IndexScene) -> int:
    """Asks for a rebuild, and waits until it has begun."""
    with scene.arena.client() as http:
        number = http.post("/search/rebuild").raise_for_status().json()["rebuilds"]

    def has_begun() -> bool:
        told = scene.search.control()
        return "next" in told or told["rebuilt"] == number

    wait_until(has_begun, every=0.005, what="a rebuild", forgiving=scene.away)
    return number


def _await_rebuilt(scene: IndexScene, number: int) -> None:
    def is_done() -> bool:
        told = scene.search.control()
        return told["rebuilt"] == number and "next" not in told

    wait_until(is_done, seconds=120, every=0.1, what="a new index", forgiving=scene.away)
    scene.positions_pass(50)


CATALOGUE = catalogue(
    *STANDBY_FAULTS, kill_standby, kill_core, lose_server, lose_server_twice, empty_server, cut_way, slow_way, rebuild,
    lose_rebuild,
)  # fmt: skip
