"""Schema migrations of a mart under load."""

import random
import time

from faults.migrating import migrate_to_newer, take_back, undo
from mart.scene import MartScene
from waiting import wait_until

# What every event is written to.
BUSY = ("task_fact", "task_work_fact", "task_event_fact", "agg_15m", "backlog_15m")
# The last migrations, the newest first, and what takes them back.
LAST = {
    109: [
        "DROP TRIGGER new_changes ON backlog_15m", "DROP TRIGGER more_changes ON backlog_15m",
        "DROP FUNCTION add_to_backlog_total", "DELETE FROM partitioned_table WHERE table_name = 'backlog_total_15m'",
        "DROP TABLE backlog_total_15m",
    ],
    108: [],
    107: [
        "DROP TRIGGER category ON task_fact", "DROP TRIGGER other_category ON task_fact",
        "DROP TRIGGER category ON email_fact", "DROP FUNCTION category_of_message", "DROP FUNCTION category_to_messages",
        "ALTER TABLE email_fact DROP COLUMN category_key",
    ],
}  # fmt: skip


def migrate_schema(scene: MartScene, chance: random.Random) -> None:
    """An instance that starts applies the last migrations while the other one writes; then a newer version's changes busy
    tables: who works goes on, who starts anew says that a newer one is needed, and works once that has been taken back."""
    holder = scene.wait_for_holder()
    other = next(instance for instance in scene.mart.instances if instance is not holder)
    other.stop()
    for version, statements in LAST.items():
        undo(scene.mart.sql, version, statements)
    scene.positions_pass(chance.randrange(1, 200))
    other.start()
    scene.positions_pass(50)
    with scene.mart.sql() as connection:
        applied = "SELECT 1 FROM schema_migration WHERE version = %s"
        wait_until(lambda: connection.execute(applied, [max(LAST)]).fetchone(), what="the last migrations to be applied again")
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
