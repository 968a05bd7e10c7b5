"""Runs of a projection's faults: a few, or as many as are asked for."""

import random
import shutil
import time
from collections.abc import Callable, Mapping

from faults.schedule import rounds, shuffled
from faults.standby import StandbyScene
from own_world import own_world
from stack import Stack
from world import World

FAULTS_PER_RUN = 6
# Does faults of these names in a world, with a seed; tells how long each switch took.
Run = Callable[[World, list[str], object], list[float]]


def do_faults(scene: StandbyScene, catalogue: Mapping[str, Callable], names: list[str], chance: random.Random) -> list[float]:
    """These faults one after the other; how long each switch took."""
    scene.positions_pass(100)
    for name in names:
        begin = time.monotonic()
        catalogue[name](scene, chance)
        print(f"    {name} ({time.monotonic() - begin:.0f} s)", flush=True)
    return scene.switches


def soak(stack: Stack, label: str, catalogue: Mapping[str, Callable], number: int, seed: str, run: Run) -> None:
    """So many seeded faults, six to a run. It ends at the first one that leaves something wrong."""
    switches: list[float] = []
    for part, names in enumerate(rounds(shuffled(number, f"{label} {seed}", list(catalogue)), FAULTS_PER_RUN)):
        with own_world(stack, f"{label}-soak-{part}") as world:
            switches += run(world, names, f"{seed}-{part}")
        # What went well is not kept.
        shutil.rmtree(world.folder)
        print(f"  {min(number, (part + 1) * FAULTS_PER_RUN)} of {number} faults of the {label}, SEED={seed}", flush=True)
    longest = f", the longest {max(switches):.2f} s" if switches else ""
    print(f"  {number} faults, SEED={seed}; {len(switches)} switches{longest}", flush=True)
