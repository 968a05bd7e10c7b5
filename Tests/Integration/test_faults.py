"""Faults on real servers under load, each run to its end and looked at by the independent checker.

`make soak` runs many more of them in random order: see test_soak.py. The seed decides order and moments.
"""

import os

import pytest

from faults.schedule import run_faults
from world import World

pytestmark = [pytest.mark.faults, pytest.mark.timeout(600)]
INSTANCES = ["kill_steward", "two_rebuilders", "crash_before_lane", "rebalance_storm", "pause_core"]
SEED = os.environ.get("SEED", "1")


def test_instances_die_and_sleep(private_world: World) -> None:
    """What happens to instances: killed, two that rebuild, coming and going, stopped past the lease."""
    run_faults(private_world, INSTANCES, f"{SEED}-instances")


def test_the_schema_changes(private_world: World) -> None:
    """A migration that waits for a long reader, and one of a version to come, while everybody works."""
    run_faults(private_world, ["migrate_schema"], f"{SEED}-schema")


def test_servers_forget_and_restart(private_world: World) -> None:
    """What happens to servers: Redis emptied and set back, PostgreSQL restarted, a broker that forgets."""
    run_faults(
        private_world,
        ["flush_redis", "restart_postgres", "redis_from_snapshot", "restart_redis", "forget_broker"],
        f"{SEED}-servers",
    )
