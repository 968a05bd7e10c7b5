"""A COMMIT whose answer is lost: what was done is not done again, and whoever asked is told to look."""

import uuid

import psycopg

from database_proxy import DatabaseProxy
from own_world import day_and_night, own_world
from stack import Stack


def test_a_batch_whose_commit_is_not_answered_is_not_done_again(stack: Stack) -> None:
    with own_world(stack, "lost-commits") as world, DatabaseProxy(world.environment["MILLRACE_DATABASE_URL"]) as proxy:
        world.cores.start(1, DATABASE_URL=proxy.url)
        admin = world.http(world.tenant(day_and_night()).admin_key)
        items = [
            admin.post("/workitems", json={"captureId": f"c{number}"}).raise_for_status().json()["id"] for number in range(3)
        ]
        marker = uuid.uuid4().hex
        proxy.lose(marker)
        answer = admin.post(
            "/workitems/bulk",
            json={"action": "update", "ids": items, "body": {"push": 60, "attributes": {"note": marker}}},
        )
        assert proxy.lost == 1
        entries = answer.json()["items"]
        assert [entry["status"] for entry in entries] == [503] * 3, entries
        assert "committed" in entries[0]["problem"]["detail"]
        # It was in the database, once.
        assert [admin.get(f"/workitems/{item}").json()["push"] for item in items] == [60] * 3
        with psycopg.connect(world.admin_url) as connection:
            events = connection.execute("SELECT count(*) FROM event WHERE kind = 'workitem.update'").fetchone()
        assert events == (3,)
