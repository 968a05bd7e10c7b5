"""Search: what is found, in which order and how it is shown; who finds what; and that nothing is found that is gone."""

import time
import uuid
from collections.abc import Iterator
from random import Random

import psycopg
import pytest

import search_reading
from contracts import OpenAPI
from mail_room import SECRETS_KEY, configuration, key
from own_world import own_world
from search.filled import closing_all, word
from search_scene import CASES, SearchScene
from stack import Stack
from waiting import wait_until
from world import World


@pytest.fixture(scope="module")
def place(stack: Stack) -> Iterator[World]:
    """A world whose items are searched."""
    with own_world(stack, "search") as world:
        world.cores.start(1, SECRETS_KEY=SECRETS_KEY, OUTBOUND_ALLOW="127.0.0.0/8")
        yield world


@pytest.fixture(scope="module", params=["postgresql", "elasticsearch", "opensearch"])
def scene(request: pytest.FixtureRequest, place: World) -> Iterator[SearchScene]:
    """The same items, for each index."""
    scene = SearchScene.open(place, request.param)
    try:
        scene.fill()
        yield scene
    finally:
        scene.close()


@pytest.fixture(scope="module")
def plain(place: World) -> SearchScene:
    """Items that PostgreSQL alone knows."""
    scene = SearchScene.open(place)
    scene.fill()
    return scene


@pytest.fixture
def database(place: World) -> Iterator[psycopg.Connection]:
    with psycopg.connect(place.admin_url, autocommit=True) as connection:
        yield connection


def test_what_postgresql_has_not_looked_at_yet_is_told(place: World, plain: SearchScene, database: psycopg.Connection) -> None:
    """As after an upgrade; what comes meanwhile is found all the same."""
    (number,) = database.execute("SELECT id FROM tenant WHERE name = %s", [plain.room.tenant.name]).fetchone()
    assert "note" not in plain.page("router")["search"]
    with psycopg.connect(place.admin_url) as other:
        # The walk cannot write the words of the first items.
        other.execute(f"LOCK TABLE search_document_{number} IN SHARE MODE")
        database.execute("UPDATE search_progress SET walked = %s WHERE tenant = %s", [uuid.UUID(int=0), number])
        assert "looked through" in plain.page("router")["search"]["note"]
    wait_until(lambda: "note" not in plain.page("router")["search"], what="the walk to be over")
    assert plain.find("router") == ["mail", "modem", "router"]


@pytest.mark.parametrize(("query", "expected"), CASES, ids=[query for query, _ in CASES])
def test_every_index_gives_the_same_answer(scene: SearchScene, query: str, expected: list[str]) -> None:
    assert scene.find(query) == expected
    # However the pages are cut.
    assert scene.find(query, limit=1) == expected


@pytest.mark.parametrize("query", ["---", "*", ":-)", "note:*"])
def test_a_question_without_a_word_has_one_empty_page(scene: SearchScene, query: str) -> None:
    answer = scene.admin.get("/workitems", params={"q": query, "limit": 1}).raise_for_status().json()
    assert (answer["items"], answer["next"]) == ([], None)


def test_other_orders_and_filters_combine_with_the_search(scene: SearchScene) -> None:
    assert scene.find("router", sort="receivedAt") == ["router", "modem", "mail"]
    assert scene.find("router", sort="-receivedAt", limit=2) == ["mail", "modem", "router"]
    assert scene.find("router", source="vinst") == ["modem", "router"]
    assert scene.find("router", captureId="SRCH-0002") == ["modem"]
    assert scene.find("router", category="Mail") == ["mail"]
    assert scene.find("router", category="nothing of it") == []
    assert scene.find("router", status="completed,held") == []
    assert scene.admin.post(f"/workitems/{scene.items['modem']}/hold").status_code == 200
    wait_until(lambda: scene.find("router", status="held") == ["modem"], what="the held item")
    assert "modem" not in scene.find("router", status="queued")
    assert scene.admin.post(f"/workitems/{scene.items['modem']}/resume").status_code == 200


def test_what_was_found_is_shown(scene: SearchScene) -> None:
    (item,) = scene.page("elephant router")["items"]
    assert item["score"] == 5 + 2 * ("router" in item["attributes"]["subject"].lower())
    subject, *rest = item["highlights"]
    assert subject["field"] == "email/subject" and subject["text"] == ["", "Router", "?"]
    assert rest[-1]["field"] == "email/text" and rest[-1]["text"] == ["An ", "elephant", " stands on it."]
    assert rest[-1]["emailId"] == subject["emailId"] == scene.room.emails(item["id"])[0]["id"]
    (long,) = scene.page('"needle in" haystack')["items"]
    assert [piece for text in long["highlights"] for piece in text["text"][1::2]] == ["needle in", "haystack"]
    assert all(len("".join(text["text"])) < 260 for text in long["highlights"])
    # Without a search there is nothing of it.
    plain = scene.admin.get("/workitems").json()
    assert "search" not in plain and "highlights" not in plain["items"][0]


def test_random_queries_find_what_a_plain_reading_finds(scene: SearchScene, place: World) -> None:
    random = Random(20261128)
    scene = SearchScene(scene.room, place, scene.index, scene.server)

    def some(count: int) -> str:
        return " ".join(random.choices(search_reading.VOCABULARY, k=count))

    for number in range(40):
        attributes = {"note": some(3), "Place": [some(1), some(2)]} if number % 3 else {"note": some(2)}
        scene.submit(f"r{number}", f"RND {some(1)} {number}", batch="random", **attributes)
    for number in range(6):
        message = scene.room.message(subject=some(2), text=some(6))
        scene.items[f"m{number}"] = scene.room.receive(message)[0]["workItemId"]
    documents = {}
    for identifier in scene.items.values():
        emails = [scene.admin.get(f"/emails/{email['id']}").json() for email in scene.room.emails(identifier)]
        documents[identifier] = search_reading.parts(scene.room.item(identifier), emails)
    last = scene.items["m5"]
    wait_until(
        lambda: last in [item["id"] for item in scene.page(f"captureId:{scene.room.item(last)['captureId']}")["items"]],
        seconds=30, every=0.2, what="the last item in the index",
    )  # fmt: skip
    found_any = 0
    for _ in range(150):
        terms = [search_reading.random_term(random) for _ in range(random.choice([1, 1, 2, 3]))]
        query = " ".join(term.text for term in terms)
        scores = {identifier: search_reading.score(terms, document) for identifier, document in documents.items()}
        expected = sorted(((value, key) for key, value in scores.items() if value is not None), reverse=True)
        items, cursor = [], None
        while True:
            page = scene.page(query, limit=20, **({"cursor": cursor} if cursor else {}))
            items += page["items"]
            cursor = page["next"]
            if cursor is None:
                break
        # Items of other tests are the same tenant's.
        found = [(item["score"], item["id"]) for item in items if item["id"] in documents]
        assert found == expected, query
        found_any += bool(found)
    assert found_any > 75


def test_a_query_that_cannot_be_is_refused(scene: SearchScene) -> None:
    answer = scene.admin.get("/workitems", params={"q": " ".join(f"w{number}" for number in range(33))})
    assert answer.status_code == 400
    assert [error["path"] for error in answer.json()["errors"]] == ["q"]
    cursor = scene.page("router", limit=1)["next"]
    assert scene.admin.get("/workitems", params={"q": "rout*", "limit": 1, "cursor": cursor}).status_code == 400
    assert scene.admin.get("/workitems", params={"q": "   "}).json()["items"]
    assert scene.admin.get("/workitems", params={"sort": "relevance"}).status_code == 200


def test_a_change_is_found_and_what_was_is_not(scene: SearchScene) -> None:
    name = f"item{uuid.uuid4().hex[:8]}"
    identifier = scene.submit(name, f"CHG-{name}", colour="ultramarine")
    scene.wait_for("ultramarine", [name])
    headers = {"If-Match": "*"}
    change = scene.admin.patch(f"/workitems/{identifier}", json={"attributes": {"colour": "vermilion"}}, headers=headers)
    assert change.status_code == 200
    # The old word is not found from that moment, the new one a little later.
    assert scene.find("ultramarine") == []
    scene.wait_for("vermilion", [name])
    began = time.monotonic()
    change = scene.admin.patch(f"/workitems/{identifier}", json={"attributes": {"colour": "celadon"}}, headers=headers)
    scene.wait_for("celadon", [name])
    # The index is made readable every second.
    assert time.monotonic() - began < 20


def test_who_may_not_read_messages_does_not_find_by_them(scene: SearchScene, place: World) -> None:
    api = OpenAPI.of(place.cores.running[0].url)
    mail = api.watch(place.http(key(scene.admin, ["source"], source="mail")))
    assert "mail" in scene.names(mail.get("/workitems", params={"q": "captureId:mail*"}).json()["items"])
    assert mail.get("/workitems", params={"q": "elephant"}).json()["items"] == []
    # Neither does an exclusion tell it.
    assert "mail" in scene.names(mail.get("/workitems", params={"q": "support -elephant"}).json()["items"])
    assert "mail" not in scene.find("support -elephant")
    vinst = api.watch(place.http(scene.room.tenant.source_key))
    known = scene.names(vinst.get("/workitems", params={"q": "product:router"}).json()["items"])
    assert known == ["modem", "router"]
    reader = api.watch(place.http(key(scene.admin, ["reader"])))
    assert scene.names(reader.get("/workitems", params={"q": "elephant"}).json()["items"]) == ["mail"]
    agent = scene.room.agents["anna"]
    assert agent.get("/workitems", params={"q": "router"}).status_code == 403


def test_another_tenants_items_are_not_found(scene: SearchScene, place: World) -> None:
    stranger = place.http(place.tenant(configuration()).admin_key)
    assert stranger.get("/workitems", params={"q": "router"}).json()["items"] == []


def test_an_erased_customer_is_not_found_any_more(scene: SearchScene, place: World, database: psycopg.Connection) -> None:
    word = f"w{uuid.uuid4().hex[:12]}"
    address = f"{word}@example.org"
    scene.submit("erased", f"ERA-{word}", customer=address, note=f"{word} again")
    theirs = scene.room.receive(scene.room.message(text=f"I am {word}", **{"from": {"address": address}}))[0]["workItemId"]
    first = scene.room.message(subject="Another's", **{"from": {"address": "other@example.org"}})
    others = scene.room.receive(first)[0]["workItemId"]
    answer = scene.room.message(inReplyTo=[first["messageId"]], text=f"{word} too", **{"from": {"address": address}})
    assert scene.room.receive(answer)[0]["workItemId"] == others
    scene.items |= {"theirs": theirs, "others": others}
    wait_until(lambda: set(scene.find(word)) == {"erased", "theirs", "others"}, what="three items")
    assert scene.admin.post("/customers/erase", json={"customer": address}).json()["erasedWorkItems"] == 2
    assert scene.find(word) == []
    words = "SELECT count(*) FROM search_document WHERE words::text LIKE %s"
    wait_until(lambda: database.execute(words, (f"%{word}%",)).fetchone() == (0,), what="the words to be gone")
    if scene.server:
        wait_until(lambda: word not in scene.server.contents(scene.alias), what="the words to be gone from the index")
    # What remains of them is found by what remains.
    scene.wait_for('"Another s"', ["others"])
    assert "workitem.erase" in scene.room.history(others)


def test_an_item_that_retention_took_is_in_no_index(scene: SearchScene, place: World, database: psycopg.Connection) -> None:
    word = f"w{uuid.uuid4().hex[:12]}"
    old, young = scene.submit("old", f"RET-{word}", note=word), scene.submit("young", f"RET-{word}-2", note=word)
    scene.wait_for(word, ["young", "old"])
    for identifier in (old, young):
        assert scene.admin.post(f"/workitems/{identifier}/complete").status_code == 200
    database.execute("UPDATE work_item SET completed_at = 1 WHERE id = %s", (old,))
    # Who takes a tenant over clears away at once.
    core = place.cores.running[0]
    core.stop()
    core.start()
    wait_until(lambda: scene.admin.get(f"/workitems/{old}").status_code == 404, seconds=30, what="the end of the old item")
    scene.wait_for(word, ["young"])
    left = "SELECT count(*) FROM search_document WHERE item = %s"
    # Words that were being written while it went are gone with the word that it went.
    wait_until(lambda: database.execute(left, (old,)).fetchone() == (0,), what="the words to be gone")
    if scene.server:
        wait_until(lambda: old not in scene.server.ids(scene.alias), seconds=15, what="the document to be gone from the index")
        assert young in scene.server.ids(scene.alias)

    def told() -> list[list[str]]:
        feed = scene.admin.get("/events", params={"limit": 5000}).json()["items"]
        return [event["data"]["workItemIds"] for event in feed if event["type"] == "millrace.workitems.remove"]

    assert wait_until(told, what="the event") == [[old]]


def test_words_are_written_again_for_whatever_lacks_them(plain: SearchScene, database: psycopg.Connection) -> None:
    """As after the migration: items are there, words are not."""
    tenant = database.execute("SELECT id FROM tenant WHERE name = %s", (plain.room.tenant.name,)).fetchone()
    everything = "SELECT item, words FROM search_document WHERE tenant = %s ORDER BY item"
    before = database.execute(everything, tenant).fetchall()
    database.execute("DELETE FROM search_document WHERE tenant = %s", tenant)
    assert plain.find("router") == []
    database.execute("DELETE FROM search_progress WHERE tenant = %s", tenant)
    wait_until(lambda: database.execute(everything, tenant).fetchall() == before, what="the words")
    assert plain.find("router") == ["mail", "modem", "router"]


def test_row_level_security_leaves_the_index_in_use(plain: SearchScene, database: psycopg.Connection) -> None:
    tenant = database.execute("SELECT id FROM tenant WHERE name = %s", (plain.room.tenant.name,)).fetchone()[0]
    with database.transaction(force_rollback=True):
        words = "format('''common'':1A ''w%%s'':2C ''v%%s'':3D', n %% 500, n)::tsvector"
        insertion = f"INSERT INTO search_document SELECT %s, gen_random_uuid(), {words} FROM generate_series(1, 20000) n"
        database.execute(insertion, (tenant,))
        database.execute(f"ANALYZE search_document_{tenant}")
        database.execute("SELECT set_config('millrace.tenant', %s, true)", [str(tenant)])
        database.execute("SET LOCAL enable_seqscan = off")
        database.execute("SET LOCAL ROLE millrace_owner")
        plan = database.execute(
            f"EXPLAIN SELECT item FROM search_document WHERE tenant = {tenant} AND words @@ '''w7'''::tsquery"
        ).fetchall()
    assert any("words_idx" in line for (line,) in plan), plan


def test_the_operators_command_searches(scene: SearchScene, place: World) -> None:
    url = place.cores.running[0].url
    result = place.run("list", "--url", url, "--key", scene.room.tenant.admin_key, "-q", '"broken router" -modem')
    assert "SRCH-0001" in result.stdout and "SRCH-0002" not in result.stdout
    assert "note: A [broken router]" in result.stdout


def test_phrases_with_an_open_end_count_where_they_stand(place: World) -> None:
    """Both indices sort alike: words of a phrase that stand apart count nothing."""
    first, last = word(), word()
    orders = {}
    for kind in ("postgresql", "elasticsearch", "opensearch"):
        with closing_all() as scenes:
            scene = SearchScene.open(place, kind)
            scenes.append(scene)
            mail = scene.room.message(subject="A message", text=f"{first} {last}x")
            scene.items["apart"] = scene.room.receive(mail)[0]["workItemId"]
            answer = scene.admin.patch(
                f"/workitems/{scene.items['apart']}", json={"attributes": {"note": first, "product": f"{last}y"}},
                headers={"If-Match": "*"},
            )  # fmt: skip
            assert answer.status_code == 200, answer.text
            scene.submit("together", word(), note=f"{first} {last}z")
            scene.wait_for(f"{last}z", ["together"])
            scene.wait_for(f"{last}y", ["apart"])
            page = scene.page(f'"{first} {last}"*')
            orders[kind] = [(name, item["score"]) for name, item in zip(scene.names(page["items"]), page["items"])]
    assert orders["postgresql"] == [("together", 2), ("apart", 1)], orders
    assert orders["elasticsearch"] == orders["opensearch"] == orders["postgresql"], orders
