"""Faults done to the data mart under load; afterwards every table is what an independent recomputation gives.

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
from mart.check import assert_complete
from mart.faults import CATALOGUE
from mart.mail import assert_seen
from mart.scene import MartScene
from mart_site import attached, secrets_key
from stack import Stack
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


@pytest.mark.soak
@pytest.mark.timeout(0)
def test_soak_of_the_mart(stack: Stack) -> None:
    """As many seeded faults as MART_FAULTS says, 54 unless said otherwise, six to a run."""
    soak(stack, "mart", CATALOGUE, int(os.environ.get("MART_FAULTS", "54")), SEED, run_faults)
