"""Schema migrations of a mart under load."""

import random
import time

from faults.migrating import migrate_to_newer, take_back, undo
from mart.scene import MartScene
from waiting import wait_until

# What every event is written to.
BUSY = ("task_fact", "task_work_fact", "task_event_fact", "agg_15m", "backlog_15m")
# The last migration, and what takes it back.
LAST = (106, ["SELECT 1"])  # It replaces functions, which are replaced once more.


def migrate_schema(scene: MartScene, chance: random.Random) -> None:
    """An instance that starts applies the last migration while the other one writes; then a newer version's changes busy
    tables: who works goes on, who starts anew says that a newer one is needed, and works once that has been taken back."""
    holder = scene.wait_for_holder()
    other = next(instance for instance in scene.mart.instances if instance is not holder)
    other.stop()
    undo(scene.mart.sql, *LAST)
    scene.positions_pass(chance.randrange(1, 200))
    other.start()
    scene.positions_pass(50)
    with scene.mart.sql() as connection:
        applied = "SELECT 1 FROM schema_migration WHERE version = %s"
        wait_until(lambda: connection.execute(applied, LAST[:1]).fetchone(), what="the last migration to be applied again")
    holder = scene.wait_for_holder()
    moment, column = time.monotonic(), "of_a_version_to_come"
    migrate_to_newer(scene.mart.sql, [f"ALTER TABLE {table} ADD COLUMN {column} int NOT NULL DEFAULT 7" for table in BUSY])
    scene.positions_pass(50)
    took = time.monotonic() - moment
    print(f"    50 events later after a newer version's migration: {took:.2f} s", flush=True)
    term = scene.term()
    holder.kill()
    scene.await_switch("a newer version's migration and kill -9 of the holder", time.monotonic(), term)
    holder.start()
    wait_until(lambda: "run a newer one" in holder.health().text, what="health to tell of the newer schema")
    take_back(scene.mart.sql, [f"ALTER TABLE {table} DROP COLUMN {column}" for table in BUSY])
    wait_until(lambda: "run a newer one" not in holder.health().text, seconds=60, what="the mart that works again")
    scene.positions_pass(50)
