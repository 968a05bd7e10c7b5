"""Who is offered what, and what becomes of offers: missed, declined, recalled, withdrawn, preferred, handed on."""

import time
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest
import redis

from checker import wait_until_drained
from desks import Floor, ahead, desk, desks, moment
from offer_stream import EVENT_STREAM, OfferStream
from waiting import wait_until
from world import World


@pytest.fixture(scope="module")
def floor(world: World) -> Floor:
    first, _ = world.cores.ensure(2)
    configuration = desks(
        desk("missed", ["anna", "bert"], {"acceptWithin": "3s"}),
        desk("tired", {"anna": {"capacity": 2}}, {"acceptWithin": "3s", "missedOffersUntilNotReady": 2}),
        desk("declined", ["anna", "bert"]),
        desk("picky", ["anna"]),
        desk("limited", {name: {"capacity": 2} for name in ("anna", "bert", "cleo")}, {"limit": 2}),
        desk("recalled", {"anna": {"capacity": 5}}, {"limit": 1}),
        desk("idle", ["anna", "bert"]),
        desk("lost", ["anna", "bert"]),
        desk("at once", ["anna"]),
        desk("answered", {"anna": {"capacity": 10}}),
        desk(
            "skilled",
            {"anna": {"skills": ["java"]}, "bert": {}},
            children=[
                {
                    "name": "java", "when": {"all": [{"attribute": "java", "is": True}]}, "requiredSkills": ["java"],
                }
            ],
        ),
        desk("chat", {"anna": {"capacity": 3}}, channel="chat", children=[
            {"name": "mail", "when": {"all": [{"attribute": "mail", "is": True}]}, "channel": "mail"},
        ]),
        desk("nobody's", ["anna"]),
        desk("pull", {"anna": {"capacity": 3}}),
        desk("push", ["anna"]),
        desk("preferred", {"anna": {"capacity": 5}, "bert": {"capacity": 5}}),
        desk("promised", ["anna", "bert"], preferredAgentFor="1s"),
        desk("leaving", {"anna": {"capacity": 2}}),
        desk("withdrawn", {"anna": {"capacity": 10}}),
        desk("handed", {"anna": {"capacity": 5}, "bert": {"capacity": 5}}, preferredAgentFor="1h"),
        desk("onward", ["anna"]),
        desk("woken", {"anna": {"capacity": 10}}),
        desk("stream", {"anna": {"capacity": 10}}),
        desk("screen", {"anna": {"capacity": 10, "endpoints": ["screen", "screen late"]}}),
        desk("screen late", endpoint={"acceptWithin": "1s"}),
        skills=["java"],
        channels=[{"name": "chat", "weight": 2}, {"name": "mail"}],
    )
    return Floor(world, world.tenant(configuration), first)


@pytest.fixture(scope="module")
def other(world: World, floor: Floor) -> Floor:
    """The same tenant at another instance."""
    return Floor(world, floor.tenant, world.cores.ensure(2)[1])


def quick_enough(delays: list[float]) -> bool:
    """Whether one took less than the half of a second; of twenty, one must."""
    quick = any(delay < 0.5 for delay in delays)
    assert quick or len(delays) < 20, delays
    return quick


def out(floor: Floor, desk: str) -> list[dict]:
    """What is offered or assigned there."""
    parameters = {"category": desk, "status": "offered,assigned"}
    return floor.http.get("/workitems", params=parameters).raise_for_status().json()["items"]


def most_out(floor: Floor, items: list[dict]) -> int:
    """How many of them were out at once at most, by the feed."""
    wait_until_drained(floor.world.admin_url, floor.tenant.name)
    events, after = [], 0
    while page := floor.http.get("/events", params={"after": after, "limit": 5000}).json():
        if not page["items"]:
            break
        events += page["items"]
        after = page["next"]
    ids = {item["id"] for item in items}
    now, most = set(), 0
    for event in events:
        if event["subject"] in ids:
            (now.add if event["data"]["to"] in ("offered", "assigned") else now.discard)(event["subject"])
            most = max(most, len(now))
    return most


# Missed and declined


def test_a_missed_offer_goes_to_another_agent(floor: Floor) -> None:
    floor.ready("missed-anna")
    item = floor.submit("missed")
    offer = floor.offered("missed-anna", item)
    floor.ready("missed-bert")
    second = floor.offered("missed-bert", item)
    assert floor.http.post(f"/offers/{offer['id']}/accept").status_code == 409
    assert floor.answer(second, "accept")["assignee"] == "missed-bert"
    assert moment(second["offeredAt"]) >= moment(offer["deadline"])
    missed = floor.step(item, "miss")
    assert (missed["agent"], missed["actor"]["kind"]) == ("missed-anna", "system")


def test_an_agent_who_misses_too_many_becomes_not_ready(floor: Floor) -> None:
    items = [floor.submit("tired") for _ in range(2)]
    floor.ready("tired-anna")
    for item in items:
        floor.offered("tired-anna", item)
    agent = wait_until(lambda: found if (found := floor.agent("tired-anna"))["state"] == "notReady" else None)
    assert agent["load"] == 0
    for item in items:
        floor.until(item, "queued")
    kind = "millrace.agent.state"

    def told() -> dict | None:
        feed = floor.http.get("/events", params={"limit": 5000}).json()["items"]
        states = [event["data"] for event in feed if event["type"] == kind and event["data"]["agent"] == "tired-anna"]
        return next((state for state in states if state["to"] == "notReady"), None)

    state = wait_until(told, what="the agent's change of state in the feed")
    assert (state["from"], state["actor"]["kind"]) == ("ready", "system")
    assert state["reason"]


def test_a_declined_item_goes_to_another_agent(floor: Floor) -> None:
    floor.ready("declined-anna", "declined-bert")
    # Both are in the lanes, in the order in which they came.
    floor.lanes_follow("nobody's-anna")
    item = floor.submit("declined")
    offer = floor.offered("declined-anna", item)
    floor.answer(offer, "decline", reason="not mine")
    assert floor.step(item, "decline")["reason"] == "not mine"
    floor.offered("declined-bert", item)
    assert floor.offers("declined-anna") == []


def test_a_declined_item_is_passed_over_for_the_next_one(floor: Floor) -> None:
    best, second = floor.submit("picky", priority=600), floor.submit("picky")
    floor.ready("picky-anna")
    floor.answer(floor.offered("picky-anna", best), "decline")
    floor.offered("picky-anna", second)
    assert floor.item(best)["status"] == "queued"


# The endpoint's limit


def test_an_endpoints_limit_is_never_exceeded(floor: Floor) -> None:
    floor.ready("limited-anna", "limited-bert", "limited-cleo")
    with ThreadPoolExecutor(4) as pool:
        items = list(pool.map(lambda _: floor.submit("limited"), range(8)))

    def taken() -> dict | None:
        """An item that is out and has its agent: an offer may be recalled before it is accepted."""
        item = next(iter(out(floor, "limited")), None)
        if item and item["status"] == "offered" and not floor.http.post(f"/offers/{item['offerId']}/accept").is_success:
            return None
        return item

    for _ in items:
        item = floor.until(wait_until(taken, what="an item that is out"), "assigned")
        assert len(out(floor, "limited")) <= 2
        floor.do(item, "complete")
    for item in items:
        floor.until(item, "completed")
    wait_until(lambda: floor.http.get("/queues").json(), what="queues")
    assert most_out(floor, items) == 2


def test_a_better_newcomer_recalls_an_offer_but_nothing_accepted(floor: Floor) -> None:
    floor.ready("recalled-anna")
    low = floor.submit("recalled")
    floor.offered("recalled-anna", low)
    high = floor.submit("recalled", priority=3600)
    offer = floor.offered("recalled-anna", high)
    assert floor.item(low)["status"] == "queued"
    recall = floor.step(low, "recall")
    assert recall["agent"] == "recalled-anna"
    assert high["id"] in recall["reason"] and "limit" in recall["reason"], recall
    assert "reason" not in floor.item(low)
    floor.answer(offer, "accept")
    higher = floor.submit("recalled", priority=7200)
    floor.do(high, "complete")
    floor.offered("recalled-anna", higher)
    # It had to wait until the accepted one was done.
    assert moment(floor.step(higher, "offer")["time"]) >= moment(floor.step(high, "complete")["time"])
    assert [step["action"] for step in floor.history(high)] == ["submit", "offer", "accept", "complete"]
    assert most_out(floor, [low, high, higher]) == 1


# Who gets it


def test_the_agent_who_is_idle_longest_gets_it(floor: Floor) -> None:
    floor.ready("idle-anna", "idle-bert")
    floor.lanes_follow("nobody's-anna")
    first = floor.submit("idle")
    floor.answer(floor.offered("idle-anna", first), "accept")
    floor.do(first, "complete")
    second = floor.submit("idle")
    floor.answer(floor.offered("idle-bert", second), "accept")
    floor.do(second, "complete")
    floor.lanes_follow("nobody's-anna")
    third = floor.submit("idle")
    floor.offered("idle-anna", third)
    eligible = floor.explanation(third)["items"][-1]["eligibleAgents"]
    assert [agent["agent"] for agent in eligible] == ["idle-anna", "idle-bert"]


def test_what_redis_has_lost_of_an_agent_is_found_again_at_the_next_pick(floor: Floor) -> None:
    floor.ready("lost-anna")
    first = floor.submit("lost")
    floor.answer(floor.offered("lost-anna", first), "accept")
    with psycopg.connect(floor.world.admin_url) as connection:
        number = connection.execute("SELECT id FROM tenant WHERE name = %s", [floor.tenant.name]).fetchone()[0]
    client = redis.Redis.from_url(floor.world.stack.redis_url)
    keys = client.scan_iter(f"{{{floor.world.redis_prefix}t{number}}}:held:*", count=1000)
    assert sum(client.hdel(key, first["id"].replace("-", "")) for key in keys) == 1
    # Now the agent seems to have room, and to be idle longer than the other.
    floor.away("lost-anna")
    floor.ready("lost-anna", "lost-bert")
    second = floor.submit("lost")
    floor.offered("lost-bert", second)
    assert floor.agent("lost-anna")["load"] == 1


def test_who_completes_an_item_gets_the_next_at_once(floor: Floor) -> None:
    items = {floor.submit("at once")["id"] for _ in range(12)}
    while items:
        answer = floor.http.post("/agents/at once-anna/next")
        assert answer.status_code == 200, f"{len(items)} wait"
        items.remove(answer.json()["id"])
        floor.do(answer.json(), "complete")


def test_work_that_an_agent_cannot_do_does_not_stand_in_the_way(floor: Floor) -> None:
    head = floor.submit("skilled", attributes={"java": True}, priority=7200)
    simple = floor.submit("skilled")
    floor.ready("skilled-bert")
    floor.answer(floor.offered("skilled-bert", simple), "accept")
    assert floor.item(head)["status"] == "queued"
    floor.ready("skilled-anna")
    floor.offered("skilled-anna", head)


def test_channels_take_their_weight_of_an_agents_capacity(floor: Floor) -> None:
    chats = [floor.submit("chat") for _ in range(2)]
    assert chats[0]["weight"] == 2
    floor.ready("chat-anna")
    floor.offered("chat-anna", chats[0])
    mail = floor.submit("chat", attributes={"mail": True})
    floor.offered("chat-anna", mail)
    assert floor.agent("chat-anna")["load"] == 3
    assert floor.item(chats[1])["status"] == "queued"
    floor.answer(floor.offered("chat-anna", mail), "accept")
    floor.do(mail, "complete")
    assert floor.agent("chat-anna")["load"] == 2
    # One unit is free: not enough for another chat.
    assert floor.item(chats[1])["status"] == "queued"
    floor.answer(floor.offered("chat-anna", chats[0]), "accept")
    floor.do(chats[0], "complete")
    floor.offered("chat-anna", chats[1])


def test_next_gives_the_best_first(floor: Floor) -> None:
    floor.away("pull-anna")
    starts = [60, 600, 0, 300]
    items = {start: floor.submit("pull", priority=start) for start in starts}
    floor.lanes_follow("nobody's-anna")
    taken = [floor.next("pull-anna") for _ in range(3)]
    assert [item["id"] for item in taken] == [items[start]["id"] for start in (600, 300, 60)]
    assert {item["status"] for item in taken} == {"assigned"}
    assert floor.next("pull-anna") is None, "at capacity"
    assert floor.explanation(taken[0])["items"][0]["trigger"] == "next"


def test_an_agent_who_comes_is_offered_the_best(floor: Floor) -> None:
    starts = [60, 600, 300]
    items = {start: floor.submit("push", priority=start) for start in starts}
    floor.ready("push-anna")
    for start in (600, 300, 60):
        floor.answer(floor.offered("push-anna", items[start]), "accept")
        floor.do(items[start], "complete")


def test_a_preferred_agent_gets_it_before_those_who_wait_longer(floor: Floor) -> None:
    floor.ready("preferred-anna", "preferred-bert")
    item = floor.submit("preferred", preferredAgent="preferred-bert", preferredUntil=ahead(60))
    floor.offered("preferred-bert", item)
    floor.away("preferred-anna", "preferred-bert")
    floor.do(item, "cancel")


def test_nobody_else_gets_it_until_the_preference_ends(floor: Floor) -> None:
    until = ahead(1.2)
    item = floor.submit("preferred", preferredAgent="preferred-bert", preferredUntil=until)
    floor.ready("preferred-anna")
    offer = floor.offered("preferred-anna", item)
    assert moment(offer["offeredAt"]) >= moment(until)
    floor.away("preferred-anna")
    floor.do(item, "cancel")


def test_the_category_says_how_long_a_preference_lasts(floor: Floor) -> None:
    floor.ready("promised-anna")
    item = floor.submit("promised", preferredAgent="promised-bert")
    assert (moment(item["preferredUntil"]) - moment(item["activation"])).total_seconds() == 1
    offer = floor.offered("promised-anna", item)
    assert moment(offer["offeredAt"]) >= moment(item["preferredUntil"])


def test_a_preferred_agent_who_does_not_exist_is_refused(floor: Floor) -> None:
    content = {"attributes": {"desk": "preferred"}, "preferredAgent": "nobody"}
    answer = floor.http.post("/workitems", params={"source": "vinst"}, json={"captureId": "lost", **content})
    assert answer.status_code == 422, answer.text
    assert [error["path"] for error in answer.json()["errors"]] == ["/preferredAgent"]
    assert "nobody" in answer.text
    reply = floor.command("submit", "lost", **content)
    assert reply["status"] == 422
    assert floor.http.get("/workitems/by-capture/vinst/lost").status_code == 404


# Offers end


def test_an_agent_who_leaves_returns_offers_and_keeps_what_is_assigned(floor: Floor) -> None:
    kept, returned = floor.submit("leaving"), floor.submit("leaving")
    floor.ready("leaving-anna")
    floor.answer(floor.offered("leaving-anna", kept), "accept")
    offer = floor.offered("leaving-anna", returned)
    assert floor.state("leaving-anna", "notReady")["state"] == "notReady"
    floor.until(returned, "queued")
    assert floor.offers("leaving-anna") == []
    assert floor.item(kept)["status"] == "assigned"
    assert floor.http.post(f"/offers/{offer['id']}/accept").status_code in (404, 409)


@pytest.mark.parametrize("accepted", [False, True], ids=["offered", "assigned"])
@pytest.mark.parametrize(
    ("action", "body", "status"),
    [("hold", {}, "held"), ("cancel", {}, "canceled"), ("transfer", {"endpoint": "push"}, "queued")],
)
def test_what_is_taken_from_an_agent_is_told(
    floor: Floor, action: str, body: dict, status: str, accepted: bool
) -> None:
    floor.away("push-anna")
    floor.ready("withdrawn-anna")
    item = floor.submit("withdrawn")
    offer = floor.offered("withdrawn-anna", item)
    if accepted:
        floor.answer(offer, "accept")
    floor.do(item, action, **body)
    now = floor.item(item)
    assert now["status"] == status
    assert not {"assignee", "offerId"} & now.keys()
    assert floor.offers("withdrawn-anna") == []
    assert floor.agent("withdrawn-anna")["load"] == 0
    assert floor.http.post(f"/offers/{offer['id']}/accept").status_code in (404, 409)
    step = floor.step(item, action)
    assert (step["agent"], step["from"]) == ("withdrawn-anna", "assigned" if accepted else "offered")


def test_a_transfer_to_an_agent_is_for_that_agent(floor: Floor) -> None:
    floor.ready("handed-anna")
    item = floor.submit("handed")
    floor.answer(floor.offered("handed-anna", item), "accept")
    floor.ready("handed-bert")
    floor.do(item, "transfer", agent="handed-bert", reason="knows it")
    floor.offered("handed-bert", item)
    assert floor.step(item, "transfer")["reason"] == "knows it"
    floor.away("handed-anna", "handed-bert")


def test_a_transfer_to_an_endpoint_is_for_its_agents(floor: Floor) -> None:
    floor.ready("onward-anna")
    item = floor.submit("handed")
    moved = floor.do(item, "transfer", endpoint="onward")
    assert moved["endpoint"] == "onward"
    floor.offered("onward-anna", item)


@pytest.mark.parametrize(
    ("body", "missing"),
    [
        ({"agent": "skilled-bert"}, "java"),
        ({"agent": "pull-anna"}, "skilled"),
        ({"agent": "nobody"}, "nobody"),
        ({"endpoint": "nowhere"}, "nowhere"),
    ],
)
def test_a_transfer_to_whom_it_cannot_go_names_what_is_missing(floor: Floor, body: dict, missing: str) -> None:
    floor.away("skilled-anna", "skilled-bert")
    item = floor.submit("skilled", attributes={"java": True})
    answer = floor.tried(item, "transfer", **body)
    assert answer.status_code in (409, 422), answer.text
    assert missing in answer.text
    assert floor.item(item)["revision"] == floor.item(item)["revision"] == item["revision"]


# How agents hear of offers


def test_an_offer_made_at_one_instance_wakes_who_waits_at_another(floor: Floor, other: Floor) -> None:
    floor.ready("woken-anna")
    delays = []
    with ThreadPoolExecutor(1) as pool:
        while not quick_enough(delays):
            known = {offer["id"] for offer in other.offers("woken-anna")}
            assert not known
            waiting = pool.submit(other.offers, "woken-anna", 10)
            item = floor.submit("woken")
            submitted = time.monotonic()
            offers = waiting.result()
            delays.append(time.monotonic() - submitted)
            assert [offer["workItemId"] for offer in offers] == [item["id"]]
            floor.do(item, "complete")


def test_offers_come_as_server_sent_events(floor: Floor, other: Floor) -> None:
    floor.ready("stream-anna")
    waiting = floor.submit("stream")
    floor.offered("stream-anna", waiting)
    with OfferStream(other.http, "stream-anna") as stream:
        stream.wait_for("offer", waiting)
        item = floor.submit("stream")
        offer = stream.wait_for("offer", item)
        assert [told["workItemId"] for told in stream.told("offer")] == [waiting["id"], item["id"]]
        assert offer["workItem"]["captureId"] == item["captureId"]
        assert floor.answer(offer, "accept")["assignee"] == "stream-anna"


def test_an_offer_that_ends_otherwise_than_by_its_answer_is_withdrawn(floor: Floor, other: Floor) -> None:
    agent, himself = "screen-anna", floor.acting_as("screen-anna")
    floor.ready(agent)
    delays, ended = [], []
    with OfferStream(floor.http, agent) as here, OfferStream(other.http, agent) as there:
        streams = (here, there)
        late, for_him = floor.submit("screen late"), floor.submit("screen")
        for action, body in [("hold", {}), ("cancel", {}), ("transfer", {"endpoint": "push"})]:
            item = floor.submit("screen")
            offer = [stream.wait_for("offer", item) for stream in streams][0]
            floor.do(item, action, **body)
            done = time.monotonic()
            assert here.wait_for("withdrawn", item) == {"id": offer["id"], "workItemId": item["id"]}
            delays.append(time.monotonic() - done)
            ended.append(item["id"])
        for answer in ("accept", "decline"):
            item = floor.submit("screen")
            offer = [stream.wait_for("offer", item) for stream in streams][0]
            assert himself.post(f"/offers/{offer['id']}/{answer}").status_code == 200
            floor.do(item, "cancel")
        # A look comes every second; where it happens nobody waits for it.
        while not quick_enough(delays):
            item = floor.submit("screen")
            for stream in streams:
                stream.wait_for("offer", item)
            floor.do(item, "hold")
            done = time.monotonic()
            here.wait_for("withdrawn", item)
            delays.append(time.monotonic() - done)
            ended.append(item["id"])
        # An answer that somebody else gives, and none at all.
        floor.answer(here.wait_for("offer", for_him), "decline", reason="gone home")
        for item in (for_him, late):
            for stream in streams:
                stream.wait_for("withdrawn", item)
            floor.do(item, "cancel")
            ended.append(item["id"])
        # What is told of this one is told after all that ended before.
        last = floor.submit("screen")
        for stream in streams:
            stream.wait_for("offer", last)
        floor.away(agent)
        for stream in streams:
            stream.wait_for("withdrawn", last)
            told = [withdrawn["workItemId"] for withdrawn in stream.told("withdrawn")]
            assert sorted(told) == sorted([*ended, last["id"]])
            offered = [offer["id"] for offer in stream.told("offer")]
            assert len(set(offered)) == len(offered) == len(told) + 2


def test_an_answer_that_somebody_else_gives_is_told_at_once(floor: Floor, other: Floor) -> None:
    agent = "answered-anna"
    floor.ready(agent)
    delays = []
    with OfferStream(floor.http, agent) as here, OfferStream(other.http, agent) as there:
        # A look comes every second; neither stream waits for it.
        while not quick_enough(delays):
            item = floor.submit("answered")
            offer = [stream.wait_for("offer", item) for stream in (here, there)][0]
            floor.answer(offer, "decline")
            done = time.monotonic()
            for stream in (here, there):
                stream.wait_for("withdrawn", item)
            delays.append(time.monotonic() - done)
            floor.do(item, "cancel")


@pytest.mark.parametrize("parameters", [{"wait": 61}, {"wait": "long"}, {"waits": 1}])
def test_a_stream_is_asked_for_as_a_poll_is(floor: Floor, parameters: dict) -> None:
    answer = floor.http.get("/agents/stream-anna/offers", params=parameters, headers=EVENT_STREAM)
    assert answer.status_code == 400
    assert [error["path"] for error in answer.json()["errors"]] == list(parameters)
