"""What retention leaves of a tenant's feed, and a database that was restored, without waiting for either."""

import psycopg

from checker import wait_until_drained
from world import World


def clear_feed(world: World, tenant: str, leave: int = 0) -> None:
    """Takes the tenant's events away, whole batches, the oldest first, but for the newest `leave` batches."""
    wait_until_drained(world.admin_url, tenant)
    with psycopg.connect(world.admin_url) as connection:
        number = tenant_number(connection, tenant)
        found = connection.execute("SELECT batch FROM outbox WHERE tenant = %s ORDER BY position", [number]).fetchall()
        assert len(found) > leave
        gone = [batch for (batch,) in found[: len(found) - leave]]
        for table in ("event", "outbox"):
            connection.execute(f"DELETE FROM {table} WHERE tenant = %s AND batch = ANY(%s)", [number, gone])


def jump_back(world: World, tenant: str, events: int) -> None:
    """The feed ends so many events earlier, as in a database of a backup; none of those that are there may be later."""
    with psycopg.connect(world.admin_url) as connection:
        connection.execute(
            "UPDATE relay SET position = position - %s, published = least(published, position - %s) WHERE tenant = %s",
            [events, events, tenant_number(connection, tenant)],
        )


def restore_feed(world: World, tenant: str, last: int) -> None:
    """The feed ends at that position, as in a database of a backup: later events never happened. The topics still hold them."""
    wait_until_drained(world.admin_url, tenant)
    with psycopg.connect(world.admin_url) as connection:
        number = tenant_number(connection, tenant)
        found = connection.execute(
            "SELECT e.batch, count(*) FROM outbox o JOIN event e ON e.tenant = o.tenant AND e.batch = o.batch"
            " WHERE o.tenant = %s AND o.position + e.place > %s GROUP BY 1",
            [number, last],
        ).fetchall()
        assert found
        for table in ("event", "outbox"):
            connection.execute(
                f"DELETE FROM {table} WHERE tenant = %s AND batch = ANY(%s)", [number, [batch for batch, _ in found]]
            )
    jump_back(world, tenant, sum(count for _, count in found))


def tenant_number(connection: psycopg.Connection, tenant: str) -> int:
    """The tenant's id."""
    return connection.execute("SELECT id FROM tenant WHERE name = %s", [tenant]).fetchone()[0]
