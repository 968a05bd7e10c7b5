"""Faults done to the data mart under load."""

import random

import psycopg

from faults.standby_catalogue import STANDBY_FAULTS, catalogue
from mart.migrating import migrate_schema
from mart.scene import MartScene
from waiting import wait_until


def rebuild(scene: MartScene, chance: random.Random) -> None:
    """A rebuild under load whose holder is killed on the way; the next one carries it out."""
    with scene.mart.sql() as connection:
        number = connection.execute("INSERT INTO rebuild_request (asked_by) VALUES ('a fault') RETURNING id").fetchone()["id"]
    scene.positions_pass(chance.randrange(1, 300))
    victim = scene.wait_for_holder()
    victim.kill()
    victim.start()

    def done() -> bool:
        with scene.mart.sql() as connection:
            row = connection.execute("SELECT done_at FROM rebuild_request WHERE id = %s", [number]).fetchone()
            return row["done_at"] is not None

    wait_until(done, seconds=120, every=0.1, what="the rebuild", forgiving=(psycopg.Error,))
    scene.positions_pass(50)


CATALOGUE = catalogue(*STANDBY_FAULTS, rebuild, migrate_schema)
