"""Contents as files of a folder: each once, never one too few, and none that stays where nothing names it."""

import http.client
import itertools
import os
import random
import stat
import subprocess
import threading
import time
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import psycopg
import pytest

from content_places import ContentPlace, digest_of, upload_id
from cores import Core
from emails import MailServers, Post, mailbox
from mail_room import MailRoom
from own_world import own_world
from stack import ROOT, Stack
from waiting import wait_until
from world import World

PIECE = os.urandom(1 << 20)


@pytest.fixture(scope="module")
def contents(tmp_path_factory: pytest.TempPathFactory) -> ContentPlace:
    """A folder that core makes."""
    return ContentPlace(tmp_path_factory.mktemp("contents") / "store")


@pytest.fixture(scope="module")
def place(stack: Stack, contents: ContentPlace) -> Iterator[World]:
    with own_world(stack, "content-folder") as world:
        world.cores.start(1, **contents.settings)
        yield world


@pytest.fixture(scope="module")
def room(place: World) -> MailRoom:
    return MailRoom.open(place)


@pytest.fixture
def database(place: World) -> Iterator[psycopg.Connection]:
    with psycopg.connect(place.admin_url, autocommit=True) as connection:
        yield connection


@contextmanager
def another_core(place: World, **settings: str) -> Iterator[Core]:
    """A second instance for as long as it is needed. Nothing in it is worth the time of a graceful stop."""
    (core,) = place.cores.start(1, **settings)
    try:
        yield core
    finally:
        core.kill()


@contextmanager
def away(folder: Path) -> Iterator[None]:
    """The folder is not there: its disk is not mounted."""
    hidden = folder.with_name("hidden")
    folder.rename(hidden)
    try:
        yield
    finally:
        hidden.rename(folder)


def at(core: Core, room: MailRoom) -> httpx.Client:
    """The email service at this instance."""
    headers = {"Authorization": room.service.headers["authorization"]}
    return httpx.Client(base_url=f"{core.url}/iwd/v3", headers=headers, timeout=20)


def put(service: httpx.Client, data: bytes) -> httpx.Response:
    return service.put(f"/contents/{digest_of(data)}", content=data)


def is_problem(answer: httpx.Response, words: str) -> bool:
    kind = answer.headers["content-type"]
    return answer.status_code == 503 and kind == "application/problem+json" and words in answer.json()["detail"]


def row(database: psycopg.Connection, digest: str) -> tuple[bool, str] | None:
    """Whether its bytes are in the folder, and its upload."""
    found = database.execute("SELECT in_folder, upload FROM content WHERE sha256 = %s", (bytes.fromhex(digest),)).fetchone()
    return found and (found[0], found[1].hex)


def test_a_content_is_one_file_that_only_we_may_read(
    room: MailRoom, contents: ContentPlace, database: psycopg.Connection
) -> None:
    for data in (b"small", b"", PIECE * 6 + b"large"):
        digest = room.store(data)
        (file,) = contents.of(digest)
        in_folder, upload = row(database, digest)
        assert in_folder and file.name == f"{digest}.{upload}" and file.parent.name == digest[:2]
        assert file.read_bytes() == data and room.service.get(f"/contents/{digest}").content == data
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        for folder in (file.parent, file.parent.parent, contents.folder):
            assert stat.S_IMODE(folder.stat().st_mode) == 0o700, folder
        # Once more is no second copy.
        assert put(room.service, data).status_code == 204 and contents.of(digest) == [file]
    assert database.execute("SELECT count(*) FROM content_chunk").fetchone() == (0,)


def test_two_instances_store_the_same_at_once(place: World, room: MailRoom, contents: ContentPlace) -> None:
    with another_core(place, **contents.settings) as second:
        services = [at(core, room) for core in (place.cores.running[0], second) for _ in range(3)]
        with ThreadPoolExecutor(len(services)) as threads:
            for number in range(8):
                data = number.to_bytes(8) + (PIECE * 2 if number % 2 else b"small")
                answers = list(threads.map(lambda service: put(service, data).status_code, services))
                assert sorted(answers) == [201] + [204] * 5, answers
                (file,) = contents.of(digest_of(data))
                assert file.read_bytes() == data
                assert all(service.get(f"/contents/{digest_of(data)}").content == data for service in services[::3])
        for service in services:
            service.close()


def test_the_setting_is_changed_and_nothing_is_lost(
    place: World, room: MailRoom, contents: ContentPlace, database: psycopg.Connection
) -> None:
    old, new = b"stored as a file" + PIECE, b"stored as rows" + PIECE
    room.store(old)
    with another_core(place, **contents.settings, CONTENT_STORE="database") as back, at(back, room) as service:
        assert put(service, new).status_code == 201 and put(service, old).status_code == 204
        assert contents.of(digest_of(new)) == [] and row(database, digest_of(new))[0] is False
        for client in (service, room.service):
            assert [client.get(f"/contents/{digest_of(data)}").content for data in (old, new)] == [old, new]
        assert put(room.service, new).status_code == 204 and contents.of(digest_of(new)) == []
        # A file that is lost comes back as rows.
        for data in (b"lost", b"lost" + PIECE * 2):
            contents.of(room.store(data))[0].unlink()
            assert put(service, data).status_code == 201 and put(service, data).status_code == 204
            assert room.service.get(f"/contents/{digest_of(data)}").content == data and contents.of(digest_of(data)) == []
    with another_core(place, **ContentPlace().settings) as without, at(without, room) as service:
        assert service.get(f"/contents/{digest_of(new)}").content == new
        assert is_problem(service.get(f"/contents/{digest_of(old)}"), "MILLRACE_CONTENT_FOLDER")
        assert is_problem(put(service, old), "MILLRACE_CONTENT_FOLDER")


@pytest.mark.parametrize("leaves", ["nothing", "an empty mount point"])
def test_a_folder_that_is_away_takes_nothing_and_loses_nothing(
    place: World, room: MailRoom, contents: ContentPlace, database: psycopg.Connection, leaves: str
) -> None:
    there, new = room.store(b"was there"), leaves.encode() + PIECE * 2
    before = contents.traces(database)

    def health() -> str:
        return httpx.get(f"{place.cores.running[0].url}/health/ready").text

    with away(contents.folder):
        if leaves == "an empty mount point":
            # One that starts now finds out by itself.
            core = place.cores.running[0]
            core.kill()
            contents.folder.mkdir()
            core.start()
            wait_until(lambda: "degraded" in health(), seconds=20, what="health to tell")
        for data in (new, b"small one", b"was there"):
            assert is_problem(put(room.service, data), "nothing was lost")
        assert is_problem(room.service.get(f"/contents/{there}"), "nothing was lost")
        wait_until(lambda: "degraded" in health(), what="health to tell")
        if leaves == "nothing":
            assert not contents.folder.exists()
        else:
            contents.folder.rmdir()
    assert contents.traces(database) == before
    assert put(room.service, new).status_code == 201
    assert room.service.get(f"/contents/{digest_of(new)}").content == new
    assert room.service.get(f"/contents/{there}").content == b"was there"
    wait_until(lambda: "degraded" not in health(), what="health to tell")


def test_a_file_that_is_lost_is_told_of_and_comes_back_with_its_bytes(
    room: MailRoom, contents: ContentPlace, database: psycopg.Connection
) -> None:
    for data in (b"to be lost", b"to be lost" + PIECE * 2):
        raw = room.store(data)
        room.receive(room.message(raw=raw))
        contents.of(raw)[0].unlink()
        assert is_problem(room.service.get(f"/contents/{raw}"), "backup")
        before = row(database, raw)
        assert put(room.service, data).status_code == 201
        assert room.service.get(f"/contents/{raw}").content == data and row(database, raw) != before
        # One that is not whole is none.
        contents.of(raw)[0].write_bytes(data[:-1])
        assert is_problem(room.service.get(f"/contents/{raw}"), "backup")
        assert put(room.service, data).status_code == 201
        assert room.service.get(f"/contents/{raw}").content == data
        (since,) = database.execute("SELECT unreferenced_since FROM content WHERE sha256 = %s", (bytes.fromhex(raw),)).fetchone()
        assert since is None, "the message refers to it as before"


def erase(room: MailRoom, customer: str) -> httpx.Response:
    return room.admin.post("/customers/erase", json={"customer": customer})


def a_message(room: MailRoom, contents: ContentPlace) -> tuple[str, Path]:
    """A message of somebody: the address, and the file of its raw bytes."""
    address = f"someone-{uuid.uuid4().hex[:8]}@example.org"
    message = room.message(**{"from": {"name": "Some One", "address": address}})
    room.receive(message)
    (file,) = contents.of(message["raw"])
    return address, file


@pytest.mark.parametrize("part", ["all of it", "the tenant's"])
def test_an_erasure_is_not_done_while_the_folder_is_away(
    room: MailRoom, contents: ContentPlace, database: psycopg.Connection, part: str
) -> None:
    address, file = a_message(room, contents)
    folder = contents.folder if part == "all of it" else file.parent.parent
    with away(folder):
        # Also when it is asked again, for what was taken the first time.
        for _ in range(2):
            answer = erase(room, address)
            assert is_problem(answer, "nothing was lost"), answer.text
        assert room.service.get(f"/contents/{file.name.split('.')[0]}").status_code == 404
        assert database.execute("SELECT count(*) FROM content_gone").fetchone() == (1,)
        assert erase(room, "somebody without a file").status_code == 200
        assert not folder.exists()
    assert erase(room, address).status_code == 200
    assert not file.exists() and database.execute("SELECT count(*) FROM content_gone").fetchone() == (0,)


def test_a_file_that_cannot_be_removed_holds_up_its_own_erasure_only(
    place: World, room: MailRoom, contents: ContentPlace, database: psycopg.Connection
) -> None:
    blocked, other = a_message(room, contents), a_message(room, contents)
    blocked[1].unlink()
    blocked[1].mkdir()
    for _ in range(2):
        assert is_problem(erase(room, blocked[0]), "nothing was lost")
    assert erase(room, other[0]).status_code == 200 and not other[1].exists()
    assert database.execute("SELECT count(*) FROM content_gone").fetchone() == (1,)
    assert "a file cannot be removed" in place.cores.running[0].log_text
    blocked[1].rmdir()
    assert erase(room, blocked[0]).status_code == 200
    assert database.execute("SELECT count(*) FROM content_gone").fetchone() == (0,)


def test_what_nothing_names_goes_after_a_day(
    place: World, room: MailRoom, contents: ContentPlace, database: psycopg.Connection
) -> None:
    """Also what a kill leaves in the middle of an upload."""
    kept = room.store(b"kept, however old")
    (file,) = contents.of(kept)
    old_upload = upload_id(400)
    database.execute("UPDATE content SET upload = %s WHERE sha256 = %s", (uuid.UUID(old_upload), bytes.fromhex(kept)))
    kept_file = file.rename(file.with_name(f"{kept}.{old_upload}"))

    core = place.cores.running[0]
    address = urlsplit(core.url)
    connection = http.client.HTTPConnection(address.hostname, address.port, timeout=10)
    connection.putrequest("PUT", f"/iwd/v3/contents/{'1' * 64}")
    connection.putheader("Authorization", room.service.headers["authorization"])
    connection.putheader("Content-Length", str(4 << 20))
    connection.endheaders()
    connection.send(PIECE + PIECE)
    (half,) = wait_until(lambda: [file for file in contents.unfinished() if file.stat().st_size], what="the first chunk")
    core.kill()
    connection.close()
    assert contents.unfinished() == [half] and half.stat().st_size > 0

    tenant = kept_file.parent.parent
    old_half = half.rename(half.with_name(f"{'1' * 64}.{upload_id(1.1)}.part"))
    young_half = half.with_name(f"{'1' * 64}.{upload_id(0.9)}.part")
    orphans = [tenant / name[:2] / f"{name}.{upload_id(1.1)}" for name in ("00" + "a" * 62, "ff" + "b" * 62, kept)]
    young = tenant / "ff" / f"{'ff' + 'c' * 62}.{upload_id(0.9)}"
    elsewhere = tenant.with_name("f" * 32) / "00" / orphans[0].name
    foreign = [tenant / "ff" / "README", contents.folder / "lost+found" / "x", elsewhere]
    for path in (young_half, young, *orphans, *foreign):
        path.parent.mkdir(exist_ok=True, parents=True)
        path.touch()
    # It cannot be removed, and comes before the others.
    stubborn = tenant / "00" / f"{'00' + 'a' * 62}.{upload_id(1.2)}"
    stubborn.mkdir()
    core.start()
    wait_until(lambda: not any(path.exists() for path in (old_half, *orphans)), seconds=30, what="what is old to go")
    wait_until(lambda: "files that belong to no content were removed" in core.log_text, what="the log to tell")
    assert all(path.exists() for path in (kept_file, young_half, young, *foreign))
    assert room.service.get(f"/contents/{kept}").content == b"kept, however old"
    stubborn.rmdir()
    for path in (young_half, young, *foreign):
        path.unlink()


def test_kills_leave_every_row_with_a_whole_file(
    place: World, room: MailRoom, contents: ContentPlace, database: psycopg.Connection
) -> None:
    core = place.cores.running[0]
    told: list[str] = []
    over = threading.Event()

    def store(first: int) -> None:
        numbers = itertools.count(first, 4)
        with at(core, room) as service:
            while not over.is_set():
                number = next(numbers)
                data = number.to_bytes(8) + PIECE * (number % 3)
                try:
                    if put(service, data).status_code == 201:
                        told.append(digest_of(data))
                except httpx.HTTPError:
                    over.wait(0.02)

    with ThreadPoolExecutor(4) as threads:
        running = [threads.submit(store, first) for first in range(4)]
        try:
            for seed in range(4):
                before = len(told)
                wait_until(lambda: len(told) >= before + 10, what="some more contents")
                time.sleep(random.Random(seed).random() * 0.1)
                core.kill()
                core.start()
        finally:
            over.set()
        for one in running:
            one.result()
    rows = database.execute("SELECT encode(sha256, 'hex'), upload, size FROM content WHERE in_folder").fetchall()
    whole = {file.name: file for file in contents.files()}
    for digest, upload, size in rows:
        data = whole[f"{digest}.{upload.hex}"].read_bytes()
        assert digest_of(data) == digest and len(data) == size
    assert set(told) <= {row[0] for row in rows}
    for half in contents.unfinished():
        half.unlink()


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"CONTENT_FOLDER": "/proc/millrace"}, ["MILLRACE_CONTENT_FOLDER", "must be a folder that can be written to"]),
        ({"CONTENT_FOLDER": "contents"}, ["MILLRACE_CONTENT_FOLDER", "absolute path"]),
        ({"CONTENT_STORE": "folder"}, ["MILLRACE_CONTENT_STORE", "MILLRACE_CONTENT_FOLDER must name one"]),
        ({"CONTENT_STORE": "disk"}, ["MILLRACE_CONTENT_STORE", "folder or database"]),
    ],
)
def test_a_folder_that_cannot_be_is_told_at_the_start(place: World, settings: dict[str, str], words: list[str]) -> None:
    core = place.cores.add(**settings).launch()
    wait_until(lambda: not core.is_running, what="the end")
    assert core.stop() == 78
    assert all(word in core.log_text for word in words), core.log_text


def test_a_dump_that_names_files_is_not_restored_without_them(place: World, room: MailRoom, tmp_path: Path) -> None:
    room.store(b"is in the folder")
    dump = tmp_path / "dump"
    empty = tmp_path / "empty"

    def restored(file: Path) -> subprocess.CompletedProcess:
        script = """
            source deploy/local/lib/all.sh
            names_files "$1" && echo files
            may_restore_contents "$1"
            echo may
        """
        environment = {**os.environ, "MILLRACE_LOCAL": str(tmp_path), "MILLRACE_CONTENT_FOLDER": str(tmp_path / "contents")}
        command = ["bash", "-c", script, "bash", str(file)]
        return subprocess.run(command, cwd=ROOT, env=environment, text=True, capture_output=True, timeout=60, check=False)

    for file, rest in ((dump, []), (empty, ["--exclude-table-data=content"])):
        command = ["bash", "-c", 'source deploy/local/lib/all.sh; pg_dump "$@"', "bash", "--format=custom", f"--file={file}"]
        subprocess.run([*command, *rest, place.admin_url], cwd=ROOT, check=True, timeout=60)
    assert (refused := restored(dump)).returncode != 0 and refused.stdout == "files\n", refused
    assert f"{dump}.contents is not there" in refused.stderr
    dump.with_name("dump.contents").touch()
    assert restored(dump).stdout == "files\nmay\n" and restored(empty).stdout == "may\n"


def test_mail_waits_for_the_folder(stack: Stack, tmp_path: Path) -> None:
    servers = MailServers.find(stack)
    account = servers.account()
    contents = ContentPlace(tmp_path / "store")
    with own_world(stack, "content-folder-mail") as world:
        box = mailbox("m", account, {"since": "2020-01-01T00:00:00Z"})
        post = Post(world, servers, [box], CONTENT_FOLDER=str(contents.folder))
        try:
            (email,) = post.start()
            post.connected("m")
            with away(contents.folder):
                with account.imap() as session:
                    letters = [account.message(account.address, f"n{number}", "word " * 100).as_bytes() for number in range(3)]
                    account.append_all(session, [letter.replace(b"\n", b"\r\n") for letter in letters])
                wait_until(lambda: "The folder of contents cannot be used now" in email.log_text, seconds=20, what="a refusal")
                assert post.subjects() == []
            post.has_items(3, 30)
            assert sorted(post.subjects()) == ["n0", "n1", "n2"] and len(contents.files()) == 3
        finally:
            post.close()
