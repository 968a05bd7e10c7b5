"""As many seeded faults as asked: FAULTS=200 SEED=1 make soak. It ends at the first violation and keeps the evidence."""

import os
import shutil

import pytest

from faults.schedule import rounds, run_faults, shuffled
from own_world import own_world
from stack import Stack

FAULTS_PER_RUN = 6


@pytest.mark.soak
@pytest.mark.faults
def test_soak(stack: Stack) -> None:
    number, seed = int(os.environ.get("FAULTS", "200")), os.environ.get("SEED", "1")
    done = 0
    for part, names in enumerate(rounds(shuffled(number, seed), FAULTS_PER_RUN)):
        with own_world(stack, f"soak-{part}") as world:
            run_faults(world, names, f"{seed}-{part}")
        # What went well is not kept.
        shutil.rmtree(world.folder)
        done += len(names)
        print(f"  {done} of {number} faults, SEED={seed}", flush=True)
