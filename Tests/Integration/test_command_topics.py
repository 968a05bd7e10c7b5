"""A source's own command topic, with the shared one switched off; commands that only the database refuses; and topics
with too few partitions, or no broker at all."""

import copy
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx
import psycopg
import pytest
from confluent_kafka import Consumer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic

from contracts import AsyncAPI
from cores import Core, free_port
from own_world import day_and_night, own_world
from stack import Stack
from topics import CommandProducer, EventReader
from waiting import wait_until
from world import Tenant, World

# Raises for some items as a full disk, a limit or a rule of a database administrator may: only PostgreSQL knows.
TRIGGER = """
CREATE SEQUENCE refusals;
CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    IF NEW.capture_id LIKE 'poison-%' THEN
        RAISE EXCEPTION 'no % here', NEW.capture_id USING ERRCODE = 'check_violation';
    ELSIF NEW.capture_id LIKE 'passing-%' AND nextval('public.refusals') <= 12 THEN
        RAISE EXCEPTION 'try again' USING ERRCODE = 'serialization_failure';
    ELSIF NEW.capture_id LIKE 'late-%' AND NEW.status = 'held' THEN
        RAISE EXCEPTION 'no % may be held', NEW.capture_id;
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER refuse BEFORE INSERT OR UPDATE ON work_item FOR EACH ROW EXECUTE FUNCTION refuse();
"""


@pytest.fixture(scope="module")
def bound(stack: Stack) -> Iterator[World]:
    """A world whose instance leaves the shared topic alone."""
    with own_world(stack, "command-topics") as world:
        with psycopg.connect(world.admin_url) as connection:
            connection.execute(TRIGGER)
        world.cores.start(1, SHARED_COMMAND_TOPIC="off")
        yield world


@pytest.fixture(scope="module")
def tenant(bound: World) -> Tenant:
    sources = [
        {"name": "vinst", "defaults": {"channel": "incident"}, "topic": "vinst.commands"},
        {"name": "web", "defaults": {"channel": "incident"}},
    ]
    return bound.tenant(day_and_night(sources=sources))


@pytest.fixture(scope="module")
def http(bound: World, tenant: Tenant) -> httpx.Client:
    return bound.http(tenant.admin_key)


@pytest.fixture(scope="module")
def replies(bound: World, tenant: Tenant) -> EventReader:
    return bound.reader("workitems.replies")


@pytest.fixture(scope="module")
def own(bound: World, tenant: Tenant) -> Iterator[CommandProducer]:
    """Publishes on the source's own topic."""
    producer = CommandProducer(bound.stack.kafka, bound.topic("vinst.commands"), tenant.name, tenant.source)
    yield producer
    producer.close()


def answer(replies: EventReader, command: dict) -> dict:
    """The answer's data; the message is as the contract says."""
    reply = replies.wait_for(
        lambda event: event["data"].get("commandId") == command["id"], seconds=25, what="the answer to the command"
    )
    name = "accepted" if reply["data"]["status"] < 300 else "refused"
    assert not AsyncAPI().problems(name, "payload", reply)
    return reply["data"]


def test_the_topic_says_whose_commands_it_carries(
    bound: World, http: httpx.Client, own: CommandProducer, replies: EventReader
) -> None:
    other = bound.tenant(day_and_night())
    unsaid = own.command("submit", {"captureId": "unsaid"})
    del unsaid["tenant"]
    foreign = {**own.command("submit", {"captureId": "foreign"}), "tenant": other.name}
    pretended = {**own.command("submit", {"captureId": "pretended"}), "source": "web"}
    for command in (unsaid, foreign, pretended):
        own.send(command, key="one")
    own.flush()

    assert answer(replies, unsaid)["workItem"]["source"] == "vinst"
    assert answer(replies, pretended)["workItem"]["source"] == "vinst"
    refused = answer(replies, foreign)
    assert (refused["status"], refused["source"]) == (400, "vinst")
    assert "another tenant" in refused["problem"]["detail"]
    # The topic's own operators see it, and the tenant that it named hears nothing of it.
    assert ["another tenant" in letter["reason"] for letter in http.get("/dead").json()["items"]] == [True]
    theirs = bound.http(other.admin_key)
    assert theirs.get("/dead").json()["items"] == []
    assert theirs.get("/workitems/by-capture/vinst/foreign").status_code == 404


def test_what_the_database_refuses_is_laid_aside_and_the_others_go_through(
    http: httpx.Client, own: CommandProducer, replies: EventReader
) -> None:
    commands = [own.submit(f"before-{number}") for number in range(20)]
    poison = own.submit("poison-1")
    commands += [own.submit(f"late-{number}") for number in range(20)]
    own.flush()
    assert [answer(replies, command)["status"] for command in commands] == [201] * 40
    refused = answer(replies, poison)
    assert refused["status"] == 400
    assert "SQLSTATE 23514" in refused["problem"]["detail"]
    assert "poison-1" not in refused["problem"]["detail"]

    # A change as well; one that comes after it on the same partition is not held up.
    hold = own.command("hold", {"captureId": "late-3"})
    own.send(hold, key="late-3")
    resume = own.command("cancel", {"captureId": "late-3"})
    own.send(resume, key="late-3")
    own.flush()
    assert answer(replies, hold)["status"] == 400
    assert answer(replies, resume)["workItem"]["status"] == "canceled"
    reasons = {letter["text"]: letter["reason"] for letter in http.get("/dead").json()["items"]}
    assert sum("database refuses" in reason for reason in reasons.values()) == 2
    assert http.get("/workitems/by-capture/vinst/poison-1").status_code == 404

    # Whoever asks over HTTP hears the same, and the letter shows that it was tried.
    letter = next(letter for letter in http.get("/dead").json()["items"] if "poison-1" in letter["text"])
    again = http.post(f"/dead/{letter['id']}/retry")
    submitted = http.post("/workitems", json={"captureId": "poison-2"})
    for refused in (again, submitted):
        assert refused.status_code == 422, refused.text
        assert "SQLSTATE 23514" in refused.json()["detail"]
        assert "poison" not in refused.json()["detail"]
    letters = {letter["id"]: letter for letter in http.get("/dead").json()["items"]}
    assert letters[letter["id"]]["outcome"] == "refused"


def test_an_error_that_passes_repeats_the_batch_and_loses_nothing(
    bound: World, http: httpx.Client, own: CommandProducer, replies: EventReader
) -> None:
    before = len(http.get("/dead").json()["items"])
    commands = [own.submit(f"passing-{number}") for number in range(3)]
    own.flush()
    assert {answer(replies, command)["status"] for command in commands} <= {200, 201}
    with psycopg.connect(bound.admin_url) as connection:
        assert connection.execute("SELECT last_value FROM refusals").fetchone()[0] > 12
    assert len(http.get("/dead").json()["items"]) == before


def test_the_shared_topic_can_be_switched_off(
    bound: World, tenant: Tenant, http: httpx.Client, own: CommandProducer, replies: EventReader
) -> None:
    shared = bound.producer(tenant)
    left = shared.submit("left-alone")
    shared.flush()
    marker = own.submit(f"marker-{uuid.uuid4()}")
    own.flush()
    assert answer(replies, marker)["status"] == 201
    assert http.get("/workitems/by-capture/vinst/left-alone").status_code == 404
    # Nobody of the group has read it, or ever did.
    reader = Consumer({"bootstrap.servers": bound.stack.kafka, "group.id": f"{bound.kafka_prefix}millrace-core"})
    places = [TopicPartition(shared.topic, partition) for partition in reader.list_topics(shared.topic).topics[shared.topic].partitions]
    assert all(place.offset < 0 for place in reader.committed(places, timeout=10))
    reader.close()
    # The command was good: an instance that takes the shared topic performs it.
    bound.cores.start(1)
    assert answer(replies, left)["status"] == 201
    wait_until(lambda: http.get("/workitems/by-capture/vinst/left-alone").status_code == 200, what="the item")


def health(core: Core) -> tuple[int, dict]:
    answer = httpx.get(f"{core.url}/health/ready", timeout=10)
    return answer.status_code, answer.json()


def gauge(core: Core, name: str) -> float | None:
    """The gauge's value; nothing while the core does not know it."""
    values = [line.split()[-1] for line in core.metrics().splitlines() if line.startswith(f"{name} ")]
    return float(values[0]) if values else None


def test_a_topic_with_too_few_partitions_degrades_and_is_named(stack: Stack) -> None:
    with own_world(stack, "few-partitions") as world:
        events = world.topic("workitems.events")
        admin = AdminClient({"bootstrap.servers": stack.kafka})
        admin.create_topics([NewTopic(events, 3)])[events].result(10)
        (core,) = world.cores.start(1)
        wait_until(lambda: gauge(core, "kafka_topics_short") == 1, seconds=15, what="the topics being looked at")
        wait_until(lambda: health(core)[1]["checks"]["kafka"]["ok"], what="a fresh answer")
        status, report = health(core)
        assert (status, report["status"]) == (200, "degraded")
        check = report["checks"]["topics"]
        assert (check["ok"], check["required"]) == (False, False)
        assert f"{events} has 3 of 12 partitions" in check["problem"]
        assert "kafka-topics --alter" in check["problem"] and "MILLRACE_KAFKA_PARTITIONS" in check["problem"]
        assert core.log_text.count("topic has too few partitions") == 1

        # One that is meant to have three has what it should.
        (content,) = world.cores.start(1, KAFKA_PARTITIONS="3")
        wait_until(lambda: health(content)[1]["status"] == "ready", seconds=15, what="a core without complaint")
        assert gauge(content, "kafka_topics_short") == 0


def test_a_core_without_a_broker_is_ready_and_captures(bound: World, tenant: Tenant) -> None:
    (alone,) = bound.cores.start(1, KAFKA_BOOTSTRAP=f"127.0.0.1:{free_port()}")
    wait_until(lambda: "unreachable" in health(alone)[1]["checks"]["kafka"].get("problem", ""), what="the broker missed")
    status, report = health(alone)
    assert (status, report["status"]) == (200, "degraded")
    assert report["checks"]["kafka"]["required"] is False
    assert "no broker has answered" in report["checks"]["topics"]["problem"]
    submitted = bound.http(tenant.source_key, alone).post("/workitems", json={"captureId": "without-broker"})
    assert submitted.status_code == 201
    alone.stop()


# Whose a topic is


def naming(tenant: Tenant, commands: str | None = None, *, told: str | None = None) -> dict:
    """The tenant's configuration, whose second source has these topics."""
    document = copy.deepcopy(tenant.configuration)
    source = {"name": "web", **({"topic": commands} if commands else {}), **({"replies": {"topic": told}} if told else {})}
    document["sources"] = [document["sources"][0], source]
    return document


def refused(http: httpx.Client, document: dict) -> list[str]:
    """The places of topics that may not be named, as applying says; a dry run says the same."""
    dry = http.post("/configuration/validate", json=document).json()
    answer = http.put("/configuration", json=document)
    assert answer.status_code in (200, 422), answer.text
    assert dry["valid"] == (answer.status_code == 200)
    assert dry["errors"] == answer.json().get("errors", [])
    return [error["path"] for error in answer.json().get("errors", [])]


@pytest.mark.parametrize("topic", ["workitems.commands", "workitems.events", "agents.events", "workitems.commands.dead", "a.dead"])
def test_topics_of_the_service_are_no_tenants(bound: World, topic: str) -> None:
    tenant = bound.tenant(day_and_night())
    http = bound.http(tenant.admin_key)
    assert refused(http, naming(tenant, topic)) == ["/sources/1/topic"]
    assert refused(http, naming(tenant, told=topic)) == ["/sources/1/replies/topic"]


def test_a_topic_is_one_tenants_until_it_is_named_no_more(bound: World, tenant: Tenant) -> None:
    first, second = (bound.tenant(day_and_night()) for _ in range(2))
    ours, theirs = bound.http(first.admin_key), bound.http(second.admin_key)
    # A tenant's sources may be told on one topic.
    document = naming(first, "crm.commands", told="crm.status")
    document["sources"][0]["replies"] = {"topic": "crm.status"}
    assert refused(ours, document) == []
    assert refused(theirs, naming(second, "crm.commands", told="crm.status")) == ["/sources/1/topic", "/sources/1/replies/topic"]
    # Neither may one tenant be told where another's commands come in, nor the other way round.
    assert refused(theirs, naming(second, told="crm.commands")) == ["/sources/1/replies/topic"]
    assert refused(theirs, naming(second, "crm.status")) == ["/sources/1/topic"]
    # Whoever is set up anew is no exception.
    with pytest.raises(AssertionError, match="/sources/1/topic: Another tenant has this topic"):
        bound.tenant(naming(second, "crm.commands"))
    assert refused(ours, document) == []

    assert refused(ours, naming(first, "crm.other")) == []
    assert refused(theirs, naming(second, "crm.commands")) == []
    assert refused(ours, document) == ["/sources/1/topic"]


def test_of_tenants_who_name_a_topic_at_once_one_has_it(bound: World) -> None:
    tenants = [bound.tenant(day_and_night()) for _ in range(3)]
    clients = [bound.http(tenant.admin_key) for tenant in tenants]
    with ThreadPoolExecutor(len(tenants)) as pool:
        for number in range(10):
            # Each lets go of what it has and reaches for what another has.
            documents = [naming(tenant, f"race.{number}", told=f"race.{number}.status") for tenant in tenants]
            answers = list(pool.map(lambda http, document: http.put("/configuration", json=document), clients, documents))
            assert sorted(answer.status_code for answer in answers) == [200, 422, 422], [answer.text for answer in answers]


def test_topics_that_two_tenants_have_named_before_are_the_earlier_ones(stack: Stack) -> None:
    with own_world(stack, "contested-topic") as world:
        first = world.tenant(day_and_night(sources=[{"name": "vinst", "topic": "old.commands"}]))
        second, broken = (world.tenant(day_and_night(sources=[{"name": "vinst"}, {"name": "web"}])) for _ in range(2))
        # As the version before left them.
        with psycopg.connect(world.admin_url) as connection:
            connection.execute("DROP TABLE command_topic")
            connection.execute("DROP INDEX email_waiting")
            connection.execute("ALTER TABLE email DROP COLUMN sent_message")
            connection.execute("DELETE FROM schema_migration WHERE version >= 11")
            of_tenant = "WHERE tenant = (SELECT id FROM tenant WHERE name = %s)"
            both = "UPDATE configuration SET document = replace(document, %s, %s) " + of_tenant
            web, named = '"name":"web"', '"name":"web","topic":"old.commands","replies":{"topic":"second.status"}'
            assert connection.execute(both, [web, named, second.name]).rowcount == 1
            connection.execute("UPDATE configuration SET document = %s " + of_tenant, ['{"sources": [', broken.name])
        assert "Applied 4 migrations, up to 14." in world.run("migrate").stdout
        with psycopg.connect(world.admin_url) as connection:
            claims = "SELECT c.topic, t.name FROM command_topic c JOIN tenant t ON t.id = c.tenant ORDER BY c.topic"
            assert connection.execute(claims).fetchall() == [("old.commands", first.name), ("second.status", second.name)]
        (core,) = world.cores.start(1)
        producer = CommandProducer(stack.kafka, world.topic("old.commands"), second.name, "web")
        replies = world.reader("workitems.replies")
        command = producer.command("submit", {"captureId": "whose"})
        del command["tenant"]
        producer.send(command, key="whose")
        producer.flush()
        producer.close()
        assert answer(replies, command)["status"] == 201
        assert world.http(first.admin_key).get("/workitems/by-capture/vinst/whose").status_code == 200
        assert world.http(second.admin_key).get("/workitems").json()["items"] == []
        assert core.log_text.count("no commands are taken from it for this source") == 1
