"""What an operator does at the terminal, by the real executable against real servers."""

import json
import os
import re
import secrets
import signal
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest
import yaml

from cores import Core, free_port
from operator_desk import OperatorDesk, Started
from own_world import day_and_night
from waiting import wait_until
from world import World


@pytest.fixture(scope="module")
def desk(world: World, tmp_path_factory: pytest.TempPathFactory) -> OperatorDesk:
    world.cores.ensure(1)
    return OperatorDesk(world, world.tenant(day_and_night()), tmp_path_factory.mktemp("desk"))


@pytest.fixture(scope="module")
def admin(world: World, desk: OperatorDesk) -> httpx.Client:
    return world.http(desk.tenant.admin_key)


@pytest.fixture
def started(desk: OperatorDesk) -> Iterator[Callable[..., Started]]:
    """Starts commands in the background and leaves none behind."""
    running: list[Started] = []

    def start(*arguments: str | Path, **more: str) -> Started:
        running.append(desk.start(*arguments, **more))
        return running[-1]

    yield start
    for command in running:
        command.kill()


def submit(desk: OperatorDesk, *arguments: str) -> str:
    """Submits an item and returns how an operator names it."""
    capture_id = f"c-{secrets.token_hex(6)}"
    desk.do("submit", "--capture-id", capture_id, *arguments)
    return f"vinst/{capture_id}"


def shown(desk: OperatorDesk, item: str) -> dict:
    return desk.do("show", "--json", item).json[0]


# Configuration.


def test_a_configuration_is_compared_applied_and_refused_with_paths(world: World, tmp_path: Path) -> None:
    desk = OperatorDesk(world, world.tenant(day_and_night()), tmp_path)
    document = {**desk.tenant.configuration, "skills": ["java", "sap"]}
    document["agents"] = [*document["agents"], {"id": "dora", "name": "Dora", "endpoints": ["desk"], "capacity": 1}]
    file = tmp_path / "tenant.yaml"
    file.write_text(yaml.safe_dump(document))
    before = desk.do("configuration", "--json").json

    told = desk.do("apply", "-f", file, "--dry-run")
    assert "2 changes would be made; nothing was changed." in told.lines
    assert [line for line in told.lines if line.startswith("+ ") and "sap" in line], told.out
    assert [line for line in told.lines if line.startswith("+ ") and "dora" in line], told.out
    assert desk.do("configuration", "--json").json == before

    assert "2 changes applied." in desk.do("apply", "-f", file).lines
    assert desk.do("configuration", "--json").json != before
    assert desk.do("apply", "-f", file, "--dry-run").lines == ["No difference: the configuration is like this already."]

    document["categories"][0]["endpoint"] = "nowhere"
    document["agents"][0]["capacity"] = -1
    refused = desk.run("apply", "-f", "-", input=json.dumps(document))
    assert refused.code == 65
    assert "nothing was changed" in refused.err
    assert "/categories/" in refused.err and "/agents/" in refused.err, refused.err
    assert desk.run("apply", "-f", "absent.yaml").code == 66


def test_configuration_keys_can_be_read_by_a_program(desk: OperatorDesk) -> None:
    keys = {entry["environment"]: entry for entry in desk.do("configuration-keys").json}
    assert {"MILLRACE_DATABASE_URL", "MILLRACE_WEBHOOK_SECRETS"} <= set(keys)
    assert all(entry["summary"] and entry["expected"] for entry in keys.values())
    assert desk.do("configuration-keys", "--markdown").out.count("| `MILLRACE_") == len(keys)


# Work items.


def test_an_item_is_submitted_listed_shown_and_explained(desk: OperatorDesk) -> None:
    capture_id = f"c-{secrets.token_hex(6)}"
    arguments = ("submit", "--capture-id", capture_id, "impact=High", "code=007", "size=3", "tags:=[\"a\",\"b\"]", "--due", "2090-01-01T00:00:00Z")
    first, second = desk.do(*arguments), desk.do(*arguments)
    assert capture_id in first.out and "(known already)" not in first.out
    assert second.lines[0].endswith("(known already)")
    assert first.out.split()[0] == second.out.split()[0]
    other = desk.run("submit", "--capture-id", capture_id, "impact=Low")
    assert other.code == 1 and capture_id in other.err, other

    item = shown(desk, f"vinst/{capture_id}")
    assert item["attributes"] == {"channel": "incident", "impact": "High", "code": "007", "size": 3, "tags": ["a", "b"]}
    assert (item["category"], item["status"]) == ("Incidents/Major", "queued")
    assert item["due"].startswith("2090-01-01T00:00:00")
    assert shown(desk, item["id"])["id"] == item["id"]

    listed = desk.do("list", "--capture-id", capture_id)
    assert item["id"] in listed.out and "Incidents/Major" in listed.out
    assert [entry["id"] for entry in desk.do("list", "--json", "--status", "queued", "--limit", "0").json].count(item["id"]) == 1
    history = desk.do("history", item["id"])
    assert "workitem.submit" in history.out and "source vinst" in history.out, history.out
    explained = desk.do("explain", item["id"])
    assert "Category Incidents/Major" in explained.lines
    assert any("Ranked by schema standard" in line for line in explained.lines), explained.out

    body = json.dumps({"captureId": capture_id + "-2", "attributes": {"impact": "Low"}})
    assert desk.do("submit", "--json", "-", input=body).json[0]["category"] == "Incidents"
    wrong = desk.run("submit", "-", input="{")
    assert wrong.code == 65 and "not JSON" in wrong.err
    assert desk.run("submit", "impact").code == 64


def test_every_action_has_its_command(desk: OperatorDesk) -> None:
    desk.do("agents", "set-state", "notReady", "anna", "bert")
    item = submit(desk, "impact=Low")

    def status(*arguments: str) -> str:
        return desk.do(*arguments).out.split()[1]

    assert status("hold", item, "--reason", "waits for parts") == "held"
    assert "waits for parts" in desk.do("history", item).out
    assert status("resume", item) == "queued"
    assert desk.do("assign", item, "--agent", "anna").out.split()[1:] == ["assigned", "anna"]
    assert status("park", item, "--until", "+2h") == "parked"
    assert desk.do("take", item, "--agent", "anna").out.split()[1:] == ["assigned", "anna"]
    assert desk.do("transfer", item, "--endpoint", "experts", "--reason", "too hard").out.split()[1] == "queued"
    assert shown(desk, item)["endpoint"] == "experts"
    assert status("assign", item, "--agent", "anna") == "assigned"
    assert status("takeback", item) == "queued"
    assert status("assign", item, "--agent", "anna") == "assigned"
    assert status("complete", item, "--result", '{"code": 7}') == "completed"
    assert shown(desk, item)["result"] == {"code": 7}
    assert status("restart", item) == "queued"
    assert status("cancel", item) == "canceled"
    later = submit(desk, "--activation", "+2h")
    assert shown(desk, later)["status"] == "new"
    assert status("activate", later) == "queued"


def test_one_item_that_fails_does_not_keep_the_others(desk: OperatorDesk) -> None:
    first, last = submit(desk), submit(desk)
    done = desk.run("cancel", first, "vinst/absent", last)
    assert done.code == 1
    assert [line.split()[1] for line in done.lines] == ["canceled", "canceled"]
    assert "vinst/absent" in done.err
    again = desk.run("hold", first)
    assert again.code == 1 and "canceled" in again.err, again


# Events.


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=lambda number: number.name)
def test_events_are_shown_as_they_happen(
    desk: OperatorDesk, started: Callable[..., Started], number: signal.Signals
) -> None:
    before = submit(desk)
    # What the relay has not placed yet when tail looks for the feed's end comes after that end, and is rightly shown.
    placed = ("tail", "--once", "--after", "0", "--item", before)
    wait_until(lambda: before in desk.do(*placed).out, seconds=20, what="the first event in the feed")
    tail = started("tail", "--type", "workitem.submit")
    seen: list[str] = []

    def sees_one() -> bool:
        # It shows what happens from when it looked for the feed's end; which moment that is, only it knows.
        seen.append(submit(desk))
        return any(item in tail.text for item in seen)

    wait_until(sees_one, seconds=20, what="an event that is shown")
    assert before not in tail.text
    assert tail.end(number) == 130
    assert desk.do(*placed).out.count(before) >= 1


# Imports.


def write_rows(file: Path, prefix: str, count: int, more: tuple[str, ...] = ()) -> None:
    rows = [f"{prefix}-{number},Low,{number}" for number in range(count)]
    file.write_text("\n".join(["incident,impact,size", *rows, *more]) + "\n")


MAPPING = ("--map", "captureId=incident", "--map", "attributes.impact=impact", "--map", "attributes.size:number=size")


def imported(admin: httpx.Client, prefix: str, count: int) -> set[str]:
    """Ids of the items of that import: each row is one item, however often it was sent."""
    ids: dict[str, str] = {}
    cursor = None
    while True:
        parameters = {"limit": 500, "sort": "-receivedAt", **({"cursor": cursor} if cursor else {})}
        page = admin.get("/workitems", params=parameters).raise_for_status().json()
        for item in page["items"]:
            if item["captureId"].startswith(prefix + "-"):
                assert item["captureId"] not in ids, f"{item['captureId']} is there twice"
                ids[item["captureId"]] = item["id"]
        cursor = page["next"]
        if cursor is None:
            break
    assert set(ids) == {f"{prefix}-{number}" for number in range(count)}
    return set(ids.values())


@pytest.mark.parametrize("way", [("--rest",), ()], ids=["rest", "kafka"])
def test_a_file_is_imported_once_however_often(
    desk: OperatorDesk, admin: httpx.Client, tmp_path: Path, way: tuple[str, ...]
) -> None:
    prefix = f"i{secrets.token_hex(4)}"
    file = tmp_path / "rows.csv"
    write_rows(file, prefix, 40, (f"{prefix}-0,Low,0", f"{prefix}-x,Low,many", ",Low,1", f"{prefix}-0,High,0"))
    first = desk.run("import", file, *MAPPING, *way, "--json")
    assert first.code == 1 and "rows.csv.rejected.csv" in first.err
    counts = json.loads(first.out)
    assert (counts["rows"], counts["refused"], counts["accepted"] + counts["known"]) == (44, 3, 41)
    ids = imported(admin, prefix, 40)

    rejected = (tmp_path / "rows.csv.rejected.csv").read_text().splitlines()
    assert rejected[0] == "rejectedLine,problem,incident,impact,size"
    assert [line.split(",")[0] for line in rejected[1:]] == ["43", "44", "45"]
    assert "expected a number" in rejected[1] and "captureId is empty" in rejected[2]

    told = desk.run("import", file, *MAPPING, *way)
    assert "imported completely before" in told.err
    again = desk.run("import", file, *MAPPING, *way, "--again", "--json")
    assert json.loads(again.out)["accepted"] == 0
    assert imported(admin, prefix, 40) == ids

    # The rejected rows, corrected, are a file like the first one.
    corrected = tmp_path / "corrected.csv"
    corrected.write_text("\n".join([rejected[0], rejected[1].replace(",many", ",5").replace(f"{prefix}-x", f"{prefix}-40")]) + "\n")
    assert json.loads(desk.do("import", corrected, *MAPPING, *way, "--json").out)["accepted"] == 1
    imported(admin, prefix, 41)


def test_an_interrupted_import_goes_on_where_it_was(
    desk: OperatorDesk, admin: httpx.Client, started: Callable[..., Started], tmp_path: Path
) -> None:
    """One run is asked to end, the next one is killed, the third one comes to the end."""
    count = 3000
    prefix = f"i{secrets.token_hex(4)}"
    file = tmp_path / "rows.csv"
    write_rows(file, prefix, count)
    state = tmp_path / "rows.csv.import.json"

    def done() -> int:
        return json.loads(state.read_text())["done"] if state.exists() else 0

    run = started("import", file, *MAPPING, "--rest", "--window", "2")
    wait_until(lambda: done() > 0, what="an import on its way")
    assert run.end(signal.SIGINT) == 130
    interrupted = done()
    assert 0 < interrupted < count

    run = started("import", file, *MAPPING, "--rest", "--window", "2")
    wait_until(lambda: done() > interrupted, what="an import that goes on")
    assert f"going on after row {interrupted}" in run.text
    run.kill()
    killed = done()
    assert interrupted < killed < count

    last = desk.do("import", file, *MAPPING, "--rest", "--json")
    assert f"going on after row {killed}" in last.err
    counts = json.loads(last.out)
    assert counts["rows"] == count and counts["accepted"] + counts["known"] == count, counts
    imported(admin, prefix, count)


def test_an_import_says_what_is_wrong_with_its_mapping(desk: OperatorDesk, tmp_path: Path) -> None:
    file = tmp_path / "rows.csv"
    write_rows(file, "never", 2)
    absent = desk.run("import", file, "--map", "captureId=number")
    assert absent.code == 64 and "it has incident, impact, size" in absent.err
    assert desk.run("import", file, "--map", "attributes.impact=impact").code == 64
    assert desk.run("import", tmp_path / "absent.csv", *MAPPING).code == 66
    shown = desk.do("import", file, *MAPPING, "--dry-run")
    assert [line.split(":")[0] for line in shown.lines] == ["line 2", "line 3"]
    assert not (tmp_path / "rows.csv.import.json").exists()


# Agents and queues.


def test_agents_are_listed_set_and_simulated(world: World, tmp_path: Path) -> None:
    desk = OperatorDesk(world, world.tenant(day_and_night()), tmp_path)
    set_state = desk.do("agents", "set-state", "notReady", "anna", "bert", "--reason", "meeting")
    assert set_state.lines == ["anna  notReady", "bert  notReady"]
    states = {agent["id"]: agent["state"] for agent in desk.do("agents", "list", "--json").json}
    assert states == {"anna": "notReady", "bert": "notReady", "cleo": "offline"}
    assert "Anna" in desk.do("agents", "list").out
    assert desk.run("agents", "set-state", "asleep", "anna").code == 65
    assert desk.run("agents", "set-state", "ready", "nobody").code == 1

    items = [submit(desk, "impact=Low") for _ in range(6)] + [submit(desk, "impact=High")]
    queues = {row["category"]: row for row in desk.do("queues", "--json").json[0]["items"] if row.get("category")}
    assert (queues["Incidents"]["depth"], queues["Incidents/Major"]["depth"]) == (6, 1)
    assert "Incidents/Major" in desk.do("queues").out
    by_endpoint = desk.do("queues", "--by-endpoint").out
    assert "Incidents" not in by_endpoint and "experts" in by_endpoint

    simulated = desk.do(
        "agents", "simulate", "--handle-time", "50ms,0.1", "--until-done", str(len(items)), "--for", "20", "--json"
    )
    assert simulated.json[0]["completed"] >= len(items), simulated.out
    assert {shown(desk, item)["status"] for item in items} == {"completed"}
    explained = desk.do("explain", items[-1])
    assert any("anna" in line for line in explained.lines), explained.out
    few = desk.run("agents", "simulate", "--until-done", "1", "--for", "1", "--quiet")
    assert few.code == 1 and "Only 0 of 1 items were completed" in few.err


# Keys and dead letters.


def test_keys_are_made_listed_and_revoked(desk: OperatorDesk) -> None:
    made = desk.do("keys", "create", "lamp", "--role", "reader", "--expires", "+1d")
    key = made.out.strip()
    url = desk.content["baseUrl"]
    assert desk.do("list", "--url", url, "--key", key, "--limit", "1")
    forbidden = desk.run("cancel", "vinst/x", "--url", url, "--key", key)
    assert forbidden.code == 77 and "millrace keys create" in forbidden.err, forbidden
    (entry,) = [entry for entry in desk.do("keys", "list", "--json").json if entry["name"] == "lamp"]
    assert entry["id"] in made.err and key not in desk.do("keys", "list").out
    assert desk.do("keys", "revoke", entry["id"]).lines == [f"{entry['id']}  revoked"]
    refused = desk.run("list", "--url", url, "--key", key)
    assert refused.code == 77 and "The key is not known" in refused.err
    assert desk.run("keys", "create", "lamp", "--role", "emperor").code == 65


def test_a_dead_letter_is_seen_and_retried_when_its_cause_is_mended(world: World, tmp_path: Path) -> None:
    configuration = day_and_night()
    desk = OperatorDesk(world, world.tenant(configuration), tmp_path)
    producer = world.producer(desk.tenant)
    event = producer.command("submit", {"captureId": "d-1"}, source="fax")
    producer.send(event, key="d-1")
    producer.flush()
    letters = wait_until(lambda: desk.do("dead", "list", "--json").json, what="a dead letter", every=0.1)
    assert len(letters) == 1 and "fax" in letters[0]["reason"], letters
    assert letters[0]["id"] in desk.do("dead", "list", "--pending").out
    again = desk.run("dead", "retry", "all")
    assert again.code == 1 and "refused" in again.out and "1 of 1" in again.err

    document = {**desk.tenant.configuration}
    document["sources"] = [*document["sources"], {"name": "fax", "defaults": {"channel": "incident"}}]
    desk.do("apply", "-f", "-", input=json.dumps(document))
    assert "taken as" in desk.do("dead", "retry", letters[0]["id"]).out
    assert shown(desk, "fax/d-1")["status"] == "queued"
    assert letters[0]["id"] not in desk.do("dead", "list", "--pending").out


# Connections.


def test_what_cannot_be_reached_or_read_is_said(desk: OperatorDesk, tmp_path: Path) -> None:
    away = desk.run("list", "--url", "http://127.0.0.1:9")
    assert away.code == 69 and "Is the service running?" in away.err
    assert desk.run("list", credentials=tmp_path / "absent.json").code == 66
    lacking = desk.run("list", credentials=desk.write_credentials(tmp_path / "lacking.json", adminKey=None))
    assert lacking.code == 78 and '"adminKey"' in lacking.err


# The doctor.


def findings(desk: OperatorDesk, *arguments: str | Path, code: int, **options: object) -> dict[str, tuple[str, str]]:
    """What each check found: its state and its words."""
    said = desk.run("doctor", "--json", *arguments, **options)
    assert said.code == code, said.out + said.err
    return {entry["check"]: (entry["state"], entry["finding"]) for entry in json.loads(said.out)}


def test_the_doctor_finds_all_well(world: World, desk: OperatorDesk) -> None:
    found = findings(desk, code=0, **world.environment)
    for check in ("API", "database", "redis", "admin key", "source key", "kafka from here", "topic", "dead letters"):
        assert found[check][0] == "well", found
    for check in ("PostgreSQL", "schema", "Redis", "Kafka", "lanes"):
        assert found[check][0] == "well", found
    assert "PostgreSQL" not in findings(desk, code=0)


def test_the_doctor_says_what_to_do(world: World, desk: OperatorDesk, tmp_path: Path) -> None:
    away = desk.write_credentials(tmp_path / "away.json", baseUrl="http://127.0.0.1:9", kafka="127.0.0.1:9")
    gone = {**world.environment, "MILLRACE_DATABASE_URL": "postgres://millrace:secret@127.0.0.1:9/millrace"}
    # A broker and a database that may be on their way are waited for: those two runs go beside the others.
    with ThreadPoolExecutor(2) as beside:
        everything_away = beside.submit(findings, desk, code=69, credentials=away)
        database_gone = beside.submit(findings, desk, code=69, **gone)

        # No service answers: then the servers themselves are looked at.
        no_service = desk.write_credentials(tmp_path / "no-service.json", baseUrl="http://127.0.0.1:9")
        no_redis = {**world.environment, "MILLRACE_REDIS_URL": "redis://127.0.0.1:9"}
        found = findings(desk, code=69, credentials=no_service, **no_redis)
        assert (found["PostgreSQL"][0], found["Kafka"][0], found["Redis"][0]) == ("well", "well", "failed")
        assert "MILLRACE_REDIS_URL" in found["Redis"][1]
        assert (found["API"][0], found["kafka from here"][0]) == ("failed", "well")
        assert desk.run("doctor", credentials=no_service, **no_redis).out.count("FAILED") == 2

        stranger = desk.write_credentials(tmp_path / "stranger.json", adminKey="mr_no_such_key", tenant="nobody")
        found = findings(desk, code=69, credentials=stranger, **world.environment)
        assert found["admin key"][0] == "failed" and "key is not known" in found["admin key"][1]
        assert found["lanes"][0] == "failed" and "no tenant nobody" in found["lanes"][1]

        open_to_all = desk.write_credentials(tmp_path / "open.json")
        open_to_all.chmod(0o644)
        state, words = findings(desk, code=0, credentials=open_to_all)["credentials"]
        assert state == "warning" and "chmod 600" in words

    found = everything_away.result()
    assert found["API"][0] == "failed" and "make up" in found["API"][1] and "baseUrl" in found["API"][1]
    assert found["kafka from here"][0] == "failed" and "127.0.0.1:9" in found["kafka from here"][1]
    assert found["servers"][0] == "warning" and "MILLRACE_DATABASE_URL" in found["servers"][1]
    found = database_gone.result()
    assert found["PostgreSQL"][0] == "failed" and "start it" in found["PostgreSQL"][1]
    assert "secret" not in str(found)


# A tenant and a service without any script.


def test_one_process_serves_a_tenant_whose_keys_were_printed(
    world: World, started: Callable[..., Started], tmp_path: Path
) -> None:
    name = f"t{secrets.token_hex(4)}"
    file = tmp_path / "tenant.json"
    file.write_text(json.dumps(day_and_night(tenant=name)))
    arguments = ("bootstrap", "--tenant", name, "--configuration", str(file), "--source", "vinst")
    port = free_port()
    printed = json.loads(
        world.run(*arguments, "--credentials", "-", "--base-url", f"http://127.0.0.1:{port}").stdout
    )
    assert set(printed) == {"tenant", "baseUrl", "kafka", "kafkaPrefix", "adminKey", "sourceKey"}
    other = world.run(*arguments, "--credentials", str(tmp_path / "absent/keys.json"), check=False)
    assert other.returncode != 0 and "- to print the keys" in other.stderr

    service = started(
        "all", **world.environment, MILLRACE_CREDENTIALS="", MILLRACE_HTTP_HOST="127.0.0.1", MILLRACE_HTTP_PORT=str(port), MILLRACE_METRICS_PORT="0"
    )
    with httpx.Client(base_url=printed["baseUrl"], headers={"Authorization": f"Bearer {printed['sourceKey']}"}) as http:
        wait_until(
            lambda: http.get("/health/ready").status_code == 200, seconds=30, what="readiness", forgiving=(httpx.HTTPError,)
        )
        item = http.post("/iwd/v3/workitems", json={"captureId": "first"})
        assert item.status_code == 201 and item.json()["status"] == "queued", item.text
    assert service.end(signal.SIGTERM, 40) == 0, service.text[-3000:]


@pytest.mark.parametrize("number", [signal.SIGILL, signal.SIGSEGV, signal.SIGABRT])
def test_a_crash_ends_a_process_at_once_and_says_where(world: World, tmp_path: Path, number: signal.Signals) -> None:
    """One that stays, its threads stopped, would keep its port and its connections and answer nobody."""
    core = Core(world.stack.executable, "crashing", world.environment, tmp_path / "core.log").start()
    try:
        os.kill(core.pid, number)
        wait_until(lambda: not core.is_running, seconds=15, what="its end")
    finally:
        core.kill()
    assert core.exit_code == -number
    told = [line for line in core.log_text.splitlines() if '"message":"crashed' in line]
    assert [json.loads(line)["signal"] for line in told] == [number.name]
    assert re.search(r"millrace\(.*\[0x[0-9a-f]+\]", core.log_text[core.log_text.index(told[0]) :])


def test_a_service_says_every_setting_that_is_wrong(world: World, desk: OperatorDesk) -> None:
    said = desk.run("all", **{**world.environment, "MILLRACE_CREDENTIALS": "", "MILLRACE_REDIS_URL": "cache", "MILLRACE_HTTP_PORT": "many"})
    assert said.code == 78
    assert "MILLRACE_REDIS_URL" in said.err and "MILLRACE_HTTP_PORT" in said.err
