"""make up, status, backup, restore, down and demo, with real servers and services in a folder of their own."""

import hashlib
import os
import re
import secrets
import shutil
import signal
import stat
from collections.abc import Iterator

import httpx
import psycopg
import pytest

from own_stack import OwnStack
from stack import Stack, read_exports
from waiting import wait_until


@pytest.fixture(scope="module")
def own(stack: Stack) -> Iterator[OwnStack]:
    """It was brought up by `make up`; its folder lies in that of the tests' stack, so that its logs stay with the others."""
    own = OwnStack(stack.folder / "life", stack.executable)
    # What an interrupted run left behind.
    own.remove()
    try:
        own.make("up")
        yield own
    finally:
        own.remove()


def submit(source: httpx.Client, capture_id: str) -> dict:
    answer = source.post("/workitems", json={"captureId": capture_id})
    assert answer.status_code == 201, answer.text
    return answer.json()


def test_the_keys_are_for_their_owner_only_and_work(own: OwnStack) -> None:
    assert stat.S_IMODE(own.credentials_file.stat().st_mode) == 0o600
    assert set(own.credentials) == {"tenant", "baseUrl", "kafka", "adminKey", "sourceKey", "reportsUrl"}
    ports = own.ports()
    assert len(set(ports.values())) == 17
    assert own.credentials["tenant"] == "demo"
    assert own.credentials["baseUrl"] == f"http://127.0.0.1:{ports['MILLRACE_HTTP_PORT']}"
    assert own.credentials["kafka"] == f"127.0.0.1:{ports['MILLRACE_KAFKA_PORT']}"

    item = submit(own.http("sourceKey"), f"k-{secrets.token_hex(6)}")
    assert item["source"] == "vinst"
    assert own.http("sourceKey").get("/keys").status_code == 403
    admin = own.http("adminKey")
    assert admin.get("/keys").status_code == 200
    assert admin.post(f"/workitems/{item['id']}/cancel").status_code == 200


def test_the_services_do_not_know_the_owner_of_the_database(own: OwnStack) -> None:
    owner = read_exports(own.folder / "env")["MILLRACE_DATABASE_OWNER_URL"]
    for name in ("core-1", "core-2"):
        with open(f"/proc/{own.pids()[name]}/environ") as file:
            environment = file.read()
        assert "MILLRACE_DATABASE_URL=" in environment and owner not in environment


def database(own: OwnStack, name: str, role: str, password: str) -> str:
    """The address of a database of the stack's server for a role; its password by the name in the stack's own file."""
    known = dict(line.split("=", 1) for line in (own.folder / "postgres.env").read_text().split())
    port = own.ports()["MILLRACE_POSTGRES_PORT"]
    return f"postgresql://{role}:{known[f'{password}_PASSWORD']}@127.0.0.1:{port}/{name}"


def readers_are_shut_out(own: OwnStack) -> None:
    """A reader of BI tools reads the tenant's mart and may connect to nothing else; services may to theirs."""
    mart = database(own, "mart_demo", "bi_demo", "BI")

    def reads() -> bool:
        with psycopg.connect(mart) as connection:
            return connection.execute("SELECT count(*) >= 0 FROM mart.task_fact").fetchone() == (True,)

    wait_until(reads, what="the mart's tables", forgiving=(psycopg.errors.UndefinedTable, psycopg.errors.InsufficientPrivilege))
    with psycopg.connect(mart) as connection:
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("CREATE TEMP TABLE mine ()")
    for role, password in (("bi_demo", "BI"), ("millrace_mart", "MART")):
        for name in ("millrace", "postgres", "template1"):
            with pytest.raises(psycopg.OperationalError, match="permission denied for database"):
                psycopg.connect(database(own, name, role, password))
    for role, password in (("millrace_service", "SERVICE"), ("millrace_owner", "OWNER")):
        psycopg.connect(database(own, "millrace", role, password)).close()


def test_a_reader_of_a_mart_may_connect_to_nothing_else(own: OwnStack) -> None:
    readers_are_shut_out(own)


def test_up_again_repairs_what_is_missing_and_keeps_what_is_there(own: OwnStack) -> None:
    before, written = own.pids(), own.credentials
    assert own.status() == (0, dict.fromkeys(before, "ready"))

    # An earlier version let everybody connect to every database.
    with psycopg.connect(database(own, "postgres", "millrace_admin", "ADMIN"), autocommit=True) as connection:
        connection.execute("GRANT CONNECT, TEMPORARY ON DATABASE millrace, postgres, template1 TO PUBLIC")
    os.kill(before["core-2"], signal.SIGKILL)
    wait_until(lambda: own.left_over({"core-2": before["core-2"]})[0] != "process core-2", what="the end of core-2")
    code, states = own.status()
    assert code != 0 and states == {**dict.fromkeys(before, "ready"), "core-2": "died"}

    own.make("up")
    assert own.status() == (0, dict.fromkeys(before, "ready"))
    after = own.pids()
    assert {name for name in after if after[name] != before[name]} == {"core-2"}
    assert own.credentials == written
    for key in ("adminKey", "sourceKey"):
        assert own.http(key).get("/workitems", params={"limit": 1}).status_code == 200
    readers_are_shut_out(own)


def test_a_restore_brings_back_the_backup_and_nothing_later(own: OwnStack) -> None:
    source, admin = own.http("sourceKey"), own.http("adminKey")
    name = secrets.token_hex(6)
    kept = submit(source, f"kept-{name}")
    letter = f"a letter of {name}".encode()
    content = f"/contents/{hashlib.sha256(letter).hexdigest()}"
    assert admin.put(content, content=letter).status_code == 201
    reader = admin.post("/keys", json={"name": f"reader-{name}", "roles": ["mail"]}).raise_for_status().json()["key"]
    file = own.folder / "backup.dump"
    own.make("backup", f"FILE={file}")
    for written in (file, file.with_name("backup.dump.contents")):
        assert stat.S_IMODE(written.stat().st_mode) == 0o600

    shutil.rmtree(own.contents)
    later = submit(source, f"later-{name}")
    assert admin.post(f"/workitems/{kept['id']}/cancel").status_code == 200
    own.make("restore", f"FILE={file}")
    assert own.status() == (0, dict.fromkeys(own.pids(), "ready")) and len(own.pids()) == 11

    item = admin.get(f"/workitems/{kept['id']}").raise_for_status().json()
    assert (item["status"], item["revision"]) == (kept["status"], kept["revision"]) and kept["status"] == "queued"
    assert admin.get(f"/workitems/{later['id']}").status_code == 404
    found = admin.get(content, headers={"Authorization": f"Bearer {reader}"})
    assert found.status_code == 200 and found.content == letter
    # The source repeats what was answered after the backup: once more a new item.
    repeated = submit(source, f"later-{name}")
    assert repeated["id"] != later["id"]

    # Distribution goes on with both, also with the one that had been canceled when the backup was put back.
    admin.put("/agents/anjali/state", json={"state": "ready"}).raise_for_status()
    done: set[str] = set()

    def works_off() -> bool:
        for offer in admin.get("/agents/anjali/offers", params={"wait": 5}).raise_for_status().json()["offers"]:
            admin.post(f"/offers/{offer['id']}/accept").raise_for_status()
            admin.post(f"/workitems/{offer['workItemId']}/complete").raise_for_status()
            done.add(offer["workItemId"])
        return {kept["id"], repeated["id"]} <= done

    wait_until(works_off, seconds=60, what="offers of what was restored and of what came after")
    assert later["id"] not in done
    assert admin.get(f"/workitems/{kept['id']}").json()["status"] == "completed"
    admin.put("/agents/anjali/state", json={"state": "offline"}).raise_for_status()


def test_a_restore_that_cannot_be_done_changes_nothing(own: OwnStack) -> None:
    before = own.pids()
    made = own.run("restore", "FILE=absent.dump")
    assert made.code != 0 and "cannot read absent.dump" in made.text
    assert own.pids() == before

    item = submit(own.http("sourceKey"), f"r-{secrets.token_hex(6)}")
    whole, half = own.folder / "whole.dump", own.folder / "half.dump"
    own.make("backup", f"FILE={whole}")
    half.write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    assert own.run("restore", f"FILE={half}").code != 0
    # The services were stopped for it; they come back with what there was.
    own.make("up")
    found = own.http("adminKey").get(f"/workitems/{item['id']}").raise_for_status().json()
    assert (found["captureId"], found["revision"], found["status"]) == (item["captureId"], item["revision"], "queued")


@pytest.mark.timeout(600)
def test_down_leaves_no_process_and_the_demo_neither(own: OwnStack) -> None:
    pids, written = own.pids(), own.credentials
    own.make("down")
    assert own.left_over(pids) == []
    assert own.status() == (0, dict.fromkeys(pids, "not running"))
    own.make("down")

    # It brings up what is down, with the data that is there, and takes it down again.
    shown = own.make("demo", DEMO_SECONDS="10")
    assert own.credentials == written
    assert "Summary after" in shown and re.search(r"^ +lost +nothing$", shown, re.MULTILINE), shown
    submitted, planned = map(int, re.search(r"^ +submitted +(\d+) of (\d+) over Kafka", shown, re.MULTILINE).groups())
    acknowledged, refused = map(int, re.search(r"^ +acknowledged +(\d+); refused (\d+)", shown, re.MULTILINE).groups())
    assert (acknowledged, refused) == (submitted, 0) and 0 < submitted <= planned, shown
    assert int(re.search(r"^ +completed +(\d+)", shown, re.MULTILINE)[1]) > 0, shown
    written = re.search(r"^ +mail +(\d+) written = (\d+) items \+ (\d+) follow-ups", shown, re.MULTILINE)
    messages, items, more = map(int, written.groups())
    assert messages == items + more > 0, shown
    answers = int(re.search(r"^ +(\d+) answers, each delivered exactly once", shown, re.MULTILINE)[1])
    assert answers > 0, shown
    assert own.left_over(pids) == []
