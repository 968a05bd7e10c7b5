"""Faults done to the search index under load; afterwards every document is what core's own tables say, to the last item.

`make soak` does many more of them in random order. The seed decides order and moments.
"""

import os
import random
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from faults.arena import arena
from faults.mail import MailLoad
from faults.standby import quiet
from faults.standby_run import do_faults, soak
from mail_room import SECRETS_KEY
from search.changes import Changes
from search.check import assert_complete, assert_found, assert_tidy
from search.faults import CATALOGUE
from search.scene import IndexScene, indexed
from stack import Stack
from world import World

pytestmark = [pytest.mark.faults, pytest.mark.timeout(600)]
SEED = os.environ.get("SEED", "1")


@contextmanager
def index_scene(world: World, seed: object, rate: int = 10) -> Iterator[IndexScene]:
    """An index with two instances in an arena under load, with mail and changes; at the end of the block it must be complete."""
    world.environment |= {"MILLRACE_OUTBOUND_ALLOW": "127.0.0.0/8", "MILLRACE_SECRETS_KEY": SECRETS_KEY}
    with arena(world, seed, rate, verifies=False) as running, indexed(world, running.tenant, running.cores[0]) as (search, way):
        loads = (MailLoad(world, running.tenant, running.cores[0], seed), Changes(running, seed))
        search.start(2)
        for load in loads:
            load.start()
        scene = IndexScene(running, search, way)
        try:
            yield scene
        finally:
            for load in loads:
                load.stop()
        quiet(running)
        begin = time.monotonic()
        number = assert_complete(search)
        print(f"    {number} items are in the index as they are ({time.monotonic() - begin:.1f} s)", flush=True)
        assert_found(search, random.Random(f"words {seed}"))
        for load in loads:
            load.assert_went_on()
        scene.assert_promises()
        # Leftovers go at the second check that meets them, an hour later: these check all the time.
        search.replace(SEARCH_CHECK_EVERY="1s")
        assert_tidy(search)
        assert_complete(search)


def run_faults(world: World, names: list[str], seed: object) -> list[float]:
    """One run with these faults one after the other; how long each switch took."""
    chance = random.Random(f"search {seed}")
    print(f"\n  seed {seed}: {', '.join(names)}", flush=True)
    with index_scene(world, seed) as scene:
        return do_faults(scene, CATALOGUE, names, chance)


def test_what_befalls_instances_and_servers_of_the_index(private_world: World) -> None:
    """Two holders, a rebuild whose holder is killed, one that sleeps past its lease, core killed, a server that is out of reach,
    and one that forgets."""
    run_faults(private_world, ["two_holders", "rebuild", "pause_holder", "kill_core", "cut_way", "lose_server"], SEED)


@pytest.mark.soak
@pytest.mark.timeout(0)
def test_soak_of_the_index(stack: Stack) -> None:
    """As many seeded faults as SEARCH_FAULTS says, 54 unless said otherwise, six to a run."""
    soak(stack, "search", CATALOGUE, int(os.environ.get("SEARCH_FAULTS", "54")), SEED, run_faults)
