"""Who may do what: tenants apart, roles, tokens, keys; and no secret in any log."""

import base64
import hmac
import json
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass

import httpx
import jwt
import psycopg
import pytest

from contracts import OpenAPI
from own_world import day_and_night, own_world
from stack import Stack
from token_issuer import AUDIENCE, TokenIssuer, joined, parts
from waiting import wait_until
from world import Tenant, World

WEBHOOK_SECRET = "a webhook's secret that nobody may read"


@dataclass(frozen=True)
class Place:
    """A world with two tenants of the same configuration, an issuer, and two instances that log everything."""

    world: World
    issuer: TokenIssuer
    ours: Tenant
    theirs: Tenant
    api: OpenAPI

    def client(self, credential: str | None, instance: int = 0) -> httpx.Client:
        """A client whose every answer is held to the OpenAPI document."""
        return self.api.watch(self.world.http(credential, self.world.cores.running[instance]))

    def token(self, *roles: str, tenant: Tenant | None = None, kid: str | None = "rsa", **changed: object) -> str:
        return self.issuer.token((tenant or self.ours).name, list(roles), kid=kid, **changed)

    def status(self, credential: str | None, method: str = "GET", path: str = "/agents", **body: object) -> int:
        """What a caller with that credential is answered."""
        return self.client(credential).request(method, path, **body).status_code


@pytest.fixture(scope="module")
def place(stack: Stack) -> Iterator[Place]:
    issuer = TokenIssuer()
    with own_world(stack, "security") as world:
        ours, theirs = world.tenant(day_and_night()), world.tenant(day_and_night())
        secrets = json.dumps({"vinst": WEBHOOK_SECRET})
        world.cores.start(2, LOG_LEVEL="debug", WEBHOOK_SECRETS=secrets, **issuer.settings())
        yield Place(world, issuer, ours, theirs, OpenAPI.of(world.cores.running[0].url))
    issuer.close()


@pytest.fixture(scope="module")
def admin(place: Place) -> httpx.Client:
    return place.client(place.ours.admin_key)


@pytest.fixture(scope="module")
def stranger(place: Place) -> httpx.Client:
    """The other tenant's administrator: may do everything, elsewhere."""
    return place.client(place.theirs.admin_key)


def submit(client: httpx.Client, capture: str | None = None, **attributes: object) -> dict:
    answer = client.post("/workitems", json={"captureId": capture or str(uuid.uuid4()), "attributes": attributes})
    assert answer.status_code == 201, answer.text
    return answer.json()


def new_key(client: httpx.Client, *roles: str, name: str | None = None, **more: object) -> dict:
    answer = client.post("/keys", json={"name": name or f"key {uuid.uuid4()}", "roles": list(roles), **more})
    assert answer.status_code == 201, answer.text
    return answer.json()


# Tenants


def test_another_tenants_item_does_not_exist(admin: httpx.Client, stranger: httpx.Client) -> None:
    item = submit(admin, impact="Idle")
    path = f"/workitems/{item['id']}"
    for target in (path, f"{path}/history", f"{path}/explanation", f"/workitems/by-capture/vinst/{item['captureId']}"):
        assert stranger.get(target).status_code == 404, target
    for action, body in [
        ("hold", None), ("resume", None), ("cancel", None), ("complete", {"result": 1}), ("restart", None),
        ("activate", None), ("assign", {"agent": "anna"}), ("transfer", {"endpoint": "desk"}), ("park", None),
        ("take", {"agent": "anna"}), ("takeback", None),
    ]:  # fmt: skip
        assert stranger.post(f"{path}/{action}", json=body).status_code == 404, action
    assert stranger.patch(path, json={"push": 5}, headers={"If-Match": "*"}).status_code == 404
    assert stranger.patch(path, json={"push": 5}, headers={"If-Match": '"1"'}).status_code == 404
    offer = item["id"].replace("-", "") + "-1"
    assert stranger.post(f"/offers/{offer}/accept").status_code == 404
    bulk = stranger.post("/workitems/bulk", json={"action": "cancel", "ids": [item["id"]]}).json()
    assert [entry["status"] for entry in bulk["items"]] == [404]
    assert admin.get(path).json()["revision"] == item["revision"]


def test_lists_reports_and_feeds_are_a_tenants_own(admin: httpx.Client, stranger: httpx.Client) -> None:
    word = uuid.uuid4().hex
    for _ in range(3):
        submit(admin, impact="Idle", word=word)
    theirs = submit(stranger, impact="Idle")
    wait_until(lambda: len(admin.get("/workitems", params={"q": word}).json()["items"]) == 3, what="the items in the index")
    assert not stranger.get("/workitems", params={"q": word}).json()["items"]
    # A page's cursor is good for whoever has it, and leads into the caller's own list.
    cursor = admin.get("/workitems", params={"limit": 1}).json()["next"]
    page = stranger.get("/workitems", params={"limit": 500, "cursor": cursor}).json()["items"]
    ours = {item["id"] for item in admin.get("/workitems", params={"limit": 500}).json()["items"]}
    assert not ours & {item["id"] for item in page}
    wait_until(
        lambda: any(e["subject"] == theirs["id"] for e in stranger.get("/events?limit=5000").json()["items"]),
        what="the event in the feed",
    )
    events = stranger.get("/events?limit=5000").json()["items"]
    assert not ours & {event["subject"] for event in events}
    assert len({event["tenant"] for event in events}) == 1


def test_the_same_names_are_different_things(admin: httpx.Client, stranger: httpx.Client) -> None:
    capture = str(uuid.uuid4())
    ours, theirs = submit(admin, capture, whose="ours"), submit(stranger, capture, whose="theirs")
    assert ours["id"] != theirs["id"]
    for client, whose in ((admin, "ours"), (stranger, "theirs")):
        read = client.get(f"/workitems/by-capture/vinst/{capture}").json()
        assert read["attributes"]["whose"] == whose
    assert stranger.put("/agents/anna/state", json={"state": "ready"}).status_code == 200
    agents = {agent["id"]: agent["state"] for agent in admin.get("/agents").json()["items"]}
    assert agents["anna"] == "offline"
    assert stranger.put("/agents/anna/state", json={"state": "offline"}).status_code == 200


def test_administration_is_a_tenants_own(place: Place, admin: httpx.Client, stranger: httpx.Client) -> None:
    key = new_key(admin, "reader")
    assert stranger.delete(f"/keys/{key['id']}").status_code == 404
    assert place.status(key["key"]) == 200
    assert key["id"] not in [entry["id"] for entry in stranger.get("/keys").json()["items"]]
    document = admin.get("/configuration").json()
    assert stranger.put("/configuration", json=document).status_code == 422
    assert admin.delete(f"/keys/{key['id']}").status_code == 204


def test_the_services_role_sees_nothing_without_a_tenant(place: Place, admin: httpx.Client, stranger: httpx.Client) -> None:
    ours, theirs = submit(admin, impact="Idle"), submit(stranger, impact="Idle")
    for client, item in ((admin, ours), (stranger, theirs)):
        indexed = {"q": f"captureId:{item['captureId']}"}
        wait_until(lambda: client.get("/workitems", params=indexed).json()["items"], what="the item in the index")  # noqa: B023
    with psycopg.connect(place.world.environment["MILLRACE_DATABASE_URL"]) as service:
        protected = [
            row[0]
            for row in service.execute("SELECT relname FROM pg_class WHERE relrowsecurity AND relforcerowsecurity").fetchall()
        ]
        assert set(protected) >= {"work_item", "event", "outbox", "agent", "configuration", "command_answer", "dead_letter"}
        for table in protected:
            assert service.execute(f"SELECT count(*) FROM {table}").fetchone() == (0,), table
        tenants = dict(service.execute("SELECT name, id FROM tenant").fetchall())
        service.execute("SELECT set_config('millrace.tenant', %s, true)", [str(tenants[place.ours.name])])
        visible = {str(row[0]) for row in service.execute("SELECT id FROM work_item").fetchall()}
        assert ours["id"] in visible
        assert theirs["id"] not in visible
        # The search runs with the owner's rights, and still in one tenant.
        found = "SELECT item::text FROM millrace_search('!zzz', '{}', '{}', NULL, NULL, NULL, NULL, NULL, 100000)"
        searched = {row[0] for row in service.execute(found).fetchall()}
        assert ours["id"] in searched
        assert not {row[0] for row in service.execute(found).fetchall()} - visible
        service.execute("SELECT set_config('millrace.tenant', '', true)")
        assert service.execute(found).fetchall() == []
        service.execute("SELECT set_config('millrace.tenant', %s, true)", [str(tenants[place.ours.name])])
        # Neither can it write for another tenant, nor move a row there.
        other = tenants[place.theirs.name]
        assert service.execute("UPDATE work_item SET reason = 'x' WHERE tenant = %s", [other]).rowcount == 0
        assert service.execute("DELETE FROM event WHERE tenant = %s", [other]).rowcount == 0
        for statement in (
            "UPDATE agent SET tenant = %s",
            "INSERT INTO agent (tenant, id) VALUES (%s, 999)",
            "INSERT INTO lease SELECT 'x' WHERE %s = 0; ALTER TABLE work_item DISABLE ROW LEVEL SECURITY",
        ):
            with pytest.raises(psycopg.Error), service.transaction():
                service.execute(statement.replace("%s", str(other)))


def test_a_tenant_is_added_while_others_work(place: Place) -> None:
    """Its partitions are made beside transactions that write, which would otherwise stop for all tenants."""
    with psycopg.connect(place.world.admin_url) as worker:
        worker.execute("LOCK TABLE work_item, event, outbox, search_document IN ROW EXCLUSIVE MODE")
        added = place.world.tenant()
        query = "SELECT id FROM tenant WHERE name = %s"
        (number,) = worker.execute(query, [added.name]).fetchone() or (0,)
        names = [f"{table}_{number}" for table in ("work_item", "event", "outbox", "search_document")]
        parts = "SELECT count(*) FROM pg_class WHERE relname = ANY(%s) AND relispartition"
        assert worker.execute(parts, [names]).fetchone() == (4,)
        worker.rollback()


def test_the_services_role_owns_nothing_and_steps_around_nothing(place: Place) -> None:
    with psycopg.connect(place.world.environment["MILLRACE_DATABASE_URL"], autocommit=True) as service:
        rights = "SELECT rolsuper, rolbypassrls, rolcreaterole, rolcreatedb FROM pg_roles WHERE rolname = current_user"
        assert service.execute(rights).fetchone() == (False, False, False, False)
        owned = "SELECT count(*) FROM pg_class WHERE relowner = (SELECT oid FROM pg_roles WHERE rolname = current_user)"
        assert service.execute(owned).fetchone() == (0,)
        # Every table with a tenant is protected, but those that are read before a tenant is known.
        unprotected = service.execute(
            """
            SELECT c.relname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'tenant'
            WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND NOT (c.relrowsecurity AND c.relforcerowsecurity)
            """
        ).fetchall()
        assert sorted(unprotected) == [("api_key",), ("command_topic",)]
        partitions = service.execute("SELECT relname FROM pg_class WHERE relispartition AND relkind = 'r'").fetchall()
        assert partitions
        for (partition,) in partitions:
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                service.execute(f"SELECT count(*) FROM {partition}")
        for statement in (
            "CREATE TABLE mine (x int)", "DROP TABLE agent", "TRUNCATE event", "SET ROLE millrace_owner",
            "UPDATE tenant SET name = 'x'", "DELETE FROM api_key", "UPDATE schema_migration SET version = 0",
        ):  # fmt: skip
            with pytest.raises(psycopg.Error):
                service.execute(statement)


# Roles


def test_each_role_may_do_its_part(place: Place, admin: httpx.Client) -> None:
    item = submit(admin, impact="Idle")["id"]
    keys = {
        "admin": place.ours.admin_key,
        **{role: new_key(admin, role)["key"] for role in ("supervisor", "reader")},
        "source": new_key(admin, "source", source="vinst")["key"],
        "agent": new_key(admin, "agent", agent="anna")["key"],
    }
    cases = [
        ("GET", "/agents", {"admin", "supervisor", "reader"}),
        ("GET", "/agents/anna", {"admin", "supervisor", "reader", "agent"}),
        ("GET", "/agents/bert", {"admin", "supervisor", "reader"}),
        ("GET", "/agents/anna/offers", {"admin", "supervisor", "agent"}),
        ("GET", "/agents/bert/offers", {"admin", "supervisor"}),
        ("GET", "/queues", {"admin", "supervisor", "reader"}),
        ("GET", "/events", {"admin", "reader"}),
        ("GET", "/workitems", {"admin", "supervisor", "reader", "source"}),
        ("GET", f"/workitems/{item}", {"admin", "supervisor", "reader", "source", "agent"}),
        ("GET", "/configuration", {"admin", "supervisor"}),
        ("POST", "/configuration/validate", {"admin"}),
        ("GET", "/keys", {"admin"}),
        ("GET", "/dead", {"admin", "supervisor"}),
        ("POST", f"/workitems/{item}/takeback", {"admin", "supervisor"}),
        ("POST", f"/workitems/{item}/assign", {"admin", "supervisor"}),
        ("POST", "/workitems", {"admin", "source"}),
        ("POST", "/customers/erase", {"admin"}),
    ]
    for method, path, allowed in cases:
        body = {} if method == "GET" else {"json": {}}
        for role, key in keys.items():
            status = place.status(key, method, path, **body)
            assert status not in (401, 500), (role, method, path)
            assert (status != 403) == (role in allowed), (role, method, path, status)


def test_a_source_sees_and_does_what_is_its_own(place: Place, admin: httpx.Client) -> None:
    vinst = place.client(place.ours.source_key)
    web = place.client(new_key(admin, "source", source="web")["key"])
    item = submit(vinst, impact="Idle")
    path = f"/workitems/{item['id']}"
    assert web.get(path).status_code == 404
    assert web.get(f"{path}/history").status_code == 404
    assert web.post(f"{path}/cancel").status_code == 404
    assert web.patch(path, json={"push": 1}, headers={"If-Match": "*"}).status_code == 404
    bulk = {"action": "cancel", "ids": [item["id"]]}
    assert web.post("/workitems/bulk", json=bulk).json()["items"][0]["status"] == 404
    assert item["id"] not in [entry["id"] for entry in web.get("/workitems?limit=500").json()["items"]]
    # Nor does who asks for another one's get its own.
    submit(web, impact="Idle")
    assert web.get("/workitems?source=web").json()["items"] and web.get("/workitems?source=vinst").json()["items"] == []
    assert web.post("/workitems?source=vinst", json={"captureId": "x"}).status_code == 403
    assert vinst.post(f"{path}/cancel").status_code == 200


def test_a_source_that_is_bound_to_none_submits_and_sees_nothing(place: Place, admin: httpx.Client) -> None:
    item = submit(admin, impact="Idle")
    path = f"/workitems/{item['id']}"
    bulk = {"action": "cancel", "ids": [item["id"]]}
    for credential in (new_key(admin, "source")["key"], place.token("source")):
        unbound = place.client(credential)
        for seen in ("/workitems", "/workitems?source=vinst", path, f"{path}/history", f"/workitems/{uuid.uuid4()}"):
            answer = unbound.get(seen)
            assert (answer.status_code, "bound to no source" in answer.text) == (403, True), (seen, answer.text)
        for answer in (unbound.post(f"{path}/cancel"), unbound.post("/workitems/bulk", json=bulk)):
            assert (answer.status_code, "bound to no source" in answer.text) == (403, True), answer.text
        own = submit(unbound)
        assert own["source"] == "vinst"
        # It would be an agent's next item in other tests.
        assert admin.post(f"/workitems/{own['id']}/cancel").status_code == 200
    # Another role shows it what that role sees.
    assert place.status(place.token("source", "reader"), "GET", path) == 200
    assert admin.get(path).json()["status"] != "canceled"
    assert admin.post(f"{path}/cancel").status_code == 200


def test_an_agent_does_what_is_its_own(place: Place, admin: httpx.Client) -> None:
    anna = place.client(new_key(admin, "agent", agent="anna")["key"])
    bert = place.client(new_key(admin, "agent", agent="bert")["key"])
    item = submit(admin, impact="Idle")
    path = f"/workitems/{item['id']}"
    assert admin.post(f"{path}/assign", json={"agent": "anna"}).status_code == 200
    for action in ("complete", "hold", "park"):
        assert bert.post(f"{path}/{action}").status_code == 404, action
    assert bert.post(f"{path}/take", json={"agent": "anna"}).status_code == 403
    assert bert.post("/agents/anna/next").status_code == 403
    assert bert.put("/agents/anna/state", json={"state": "offline"}).status_code == 403
    assert anna.post(f"{path}/complete", json={"result": "done"}).status_code == 200
    nobody = place.client(new_key(admin, "agent")["key"])
    assert nobody.post(f"{path}/complete").status_code == 403


def test_colleagues_names_are_for_supervisors(place: Place, admin: httpx.Client) -> None:
    for agent in ("anna", "bert", "cleo"):
        assert admin.put(f"/agents/{agent}/state", json={"state": "ready"}).status_code == 200
    item = submit(admin, impact="Low")
    path = f"/workitems/{item['id']}/explanation"
    told = wait_until(lambda: admin.get(path).json()["items"], what="the offer's explanation")
    hidden = place.client(new_key(admin, "reader")["key"]).get(path).json()["items"]
    assert told[0]["eligibleAgents"]
    assert not hidden[0]["eligibleAgents"]
    assert hidden[0]["eligibleRest"] == told[0]["eligibleRest"] + len(told[0]["eligibleAgents"])
    for agent in ("anna", "bert", "cleo"):
        assert admin.put(f"/agents/{agent}/state", json={"state": "offline"}).status_code == 200


# Keys


def test_a_key_is_rotated_without_a_gap(place: Place, admin: httpx.Client) -> None:
    old = new_key(admin, "reader", name="rotated")
    new = new_key(admin, "reader", name="rotated")
    assert place.status(old["key"]) == place.status(new["key"]) == 200
    assert admin.post("/keys", json={"name": "rotated", "roles": ["reader"]}).status_code == 409
    elsewhere = place.client(old["key"], instance=1)
    assert elsewhere.get("/agents").status_code == 200
    assert admin.delete(f"/keys/{old['id']}").status_code == 204
    # At once where it was revoked; elsewhere when what is remembered of it has grown old.
    assert place.status(old["key"]) == 401
    wait_until(lambda: elsewhere.get("/agents").status_code == 401, seconds=20, what="the revoked key refused elsewhere")
    assert place.status(new["key"]) == 200
    assert new_key(admin, "reader", name="rotated")
    listed = {entry["id"]: entry for entry in admin.get("/keys").json()["items"]}
    assert listed[old["id"]]["revokedAt"]
    assert not any("key" in entry for entry in listed.values())


def test_a_key_expires(place: Place, admin: httpx.Client) -> None:
    end = time.time() + 5
    expires = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(end)) + f".{int(end % 1 * 1000):03d}Z"
    key = new_key(admin, "reader", expiresAt=expires)
    assert place.status(key["key"]) == 200
    wait_until(lambda: place.status(key["key"]) == 401, seconds=20, what="the key's end")
    assert time.time() >= end - 0.05


def test_keys_are_stored_as_hashes_and_must_be_whole(place: Place) -> None:
    key = place.ours.admin_key
    with psycopg.connect(place.world.admin_url) as connection:
        stored = connection.execute("SELECT digest, to_jsonb(k)::text FROM api_key k").fetchall()
    assert all(len(digest) == 32 for digest, _ in stored)
    assert not any(key.removeprefix("mr_") in row for _, row in stored)
    turned = key[:-2] + ("A" if key[-2] != "A" else "B") + key[-1]
    for wrong in (key[:-1], key + "A", turned, key.upper(), "mr_", "mr_" + "A" * 43, "x" * 20_000, "ö" * 10, "a.b.c"):
        header = {"Authorization": f"Bearer {wrong}".encode()}
        answer = httpx.get(f"{place.world.cores.running[0].url}/iwd/v3/agents", headers=header)
        assert answer.status_code in (400, 401, 431), wrong[:50]
        assert key not in answer.text
    for header in ("", "Bearer", f"Basic {key}", key, f"Bearer {key} {key}"):
        answer = httpx.get(f"{place.world.cores.running[0].url}/iwd/v3/agents", headers={"Authorization": header})
        assert answer.status_code == 401, header[:12]
        assert answer.headers["www-authenticate"].startswith("Bearer")


# Tokens


def test_a_good_token_is_taken(place: Place) -> None:
    for kid in ("rsa", "ec", None):
        client = place.client(place.token("supervisor", kid=kid))
        assert client.get("/agents").status_code == 200, kid
        assert client.get("/keys").status_code == 403, kid
    assert place.status(place.token("supervisor", aud=["other", AUDIENCE])) == 200
    in_words = place.issuer.claims(place.ours.name, "reader supervisor")
    assert place.status(place.issuer.sign(in_words)) == 200
    # Who did it is whom the token names.
    item = submit(place.client(place.token("source", "supervisor")), impact="Idle")
    client = place.client(place.token("supervisor", sub="boss@example.org"))
    assert client.post(f"/workitems/{item['id']}/hold").status_code == 200
    history = client.get(f"/workitems/{item['id']}/history").json()["items"]
    assert history[-1]["data"]["actor"] == {"kind": "user", "id": "boss@example.org"}


def test_a_token_is_bound_to_its_agent_and_tenant(place: Place) -> None:
    cleo = place.client(place.token("agent", sub="cleo@example.org"))
    assert cleo.put("/agents/cleo/state", json={"state": "notReady"}).status_code == 200
    assert cleo.put("/agents/anna/state", json={"state": "ready"}).status_code == 403
    assert place.status(place.token("agent"), "PUT", "/agents/cleo/state", json={"state": "ready"}) == 403
    assert place.status(place.token("supervisor", tenant=place.theirs), path="/agents") == 200
    item = submit(place.client(place.ours.admin_key), impact="Idle")
    assert place.status(place.token("supervisor", tenant=place.theirs), path=f"/workitems/{item['id']}") == 404


def test_a_bad_token_is_refused(place: Place) -> None:
    now = int(time.time())
    good = place.token("admin")
    header, claims, signature = parts(good)
    issuer = place.issuer
    hs256 = {"alg": "HS256", "typ": "JWT", "kid": "rsa"}
    unsigned = joined(hs256, claims, "")[:-1]
    code = hmac.digest(issuer.public_pem, unsigned.encode(), "sha256")
    signed_by_public_key = f"{unsigned}.{base64.urlsafe_b64encode(code).rstrip(b'=').decode()}"
    forged = {
        "expired": place.token("admin", exp=now - 60),
        "no expiry": place.token("admin", exp=None),
        "expiry in words": issuer.sign({**claims, "exp": "never"}),
        "not valid yet": place.token("admin", nbf=now + 600),
        "another audience": place.token("admin", aud="somebody-else"),
        "no audience": place.token("admin", aud=None),
        "another issuer": place.token("admin", iss="https://evil.example.org"),
        "no subject": place.token("admin", sub=None),
        "no tenant": issuer.token(None, ["admin"]),
        "unknown tenant": issuer.token("no-such-tenant", ["admin"]),
        "signature of a stranger": jwt.encode(claims, issuer.stranger, algorithm="RS256", headers={"kid": "rsa"}),
        "claims changed": joined(header, {**claims, "roles": ["admin", "system"]}, signature),
        "no signature": joined({"alg": "none", "typ": "JWT"}, claims, ""),
        "algorithm none with a signature": joined({**header, "alg": "none"}, claims, signature),
        "signature left out": joined(header, claims, ""),
        "HS256 by the public key": signed_by_public_key,
        "HS256 header": joined({**header, "alg": "HS256"}, claims, signature),
        "another key's algorithm": joined({**header, "alg": "ES256"}, claims, signature),
        "RSA signature under the EC key": joined({**header, "kid": "ec"}, claims, signature),
        "critical extension": jwt.encode(claims, issuer.rsa, algorithm="RS256", headers={"kid": "rsa", "crit": ["x"], "x": 1}),
        "embedded key": jwt.encode(
            claims, issuer.stranger, algorithm="RS256",
            headers={"jwk": jwt.algorithms.RSAAlgorithm.to_jwk(issuer.stranger.public_key(), as_dict=True)},
        ),
        "another key set": jwt.encode(
            claims, issuer.stranger, algorithm="RS256", headers={"kid": "rsa", "jku": f"{issuer.url}/evil"}
        ),
        "two parts": good.rsplit(".", 1)[0] + ".",
        "not base64": good[:-3] + "!!!",
    }  # fmt: skip
    assert place.status(good, path="/keys") == 200
    for name, token in forged.items():
        answer = place.client(token).get("/keys")
        assert answer.status_code == 401, name
        assert answer.headers["www-authenticate"].startswith("Bearer"), name


def test_roles_of_a_token_are_no_more_than_ours(place: Place) -> None:
    assert place.status(place.token("system")) == 403
    assert place.status(place.token("emperor")) == 403
    assert place.status(place.token()) == 403
    assert place.status(place.issuer.sign(place.issuer.claims(place.ours.name, {"admin": True}))) == 403


def test_unknown_keys_do_not_make_us_ask_the_issuer_again_and_again(place: Place) -> None:
    assert place.status(place.token("reader")) == 200
    before = place.issuer.fetches
    for number in range(30):
        claims = place.issuer.claims(place.ours.name, ["admin"])
        token = jwt.encode(claims, place.issuer.stranger, algorithm="RS256", headers={"kid": f"unknown-{number}"})
        assert place.status(token) == 401
    assert place.issuer.fetches - before <= 2


# Logs


def test_no_secret_is_in_a_log(place: Place, admin: httpx.Client) -> None:
    """The last test of this file: its instances have logged all that came before, at level debug."""
    key = new_key(admin, "reader", name="logged")["key"]
    token = place.token("admin", sub="logged@example.org")
    assert place.status(key) == place.status(token) == 200
    assert place.status(key[:-4] + "AAAA") == 401
    assert place.status(token[:-4] + "AAAA") == 401
    logs = "".join(core.log_text for core in place.world.cores.all)
    assert "request answered" in logs, "the instances do not log at level debug"
    password = place.world.environment["MILLRACE_DATABASE_URL"].split("@")[0].rsplit(":", 1)[1]
    secrets = {
        "admin key": place.ours.admin_key, "source key": place.ours.source_key, "new key": key, "token": token,
        "a wrong key": key[:-4] + "AAAA", "token's signature": token.rsplit(".", 1)[1],
        "database password": password, "webhook secret": WEBHOOK_SECRET,
    }  # fmt: skip
    assert password
    for name, secret in secrets.items():
        assert secret not in logs, name
    for line in logs.splitlines():
        json.loads(line)
    assert '"level":"error"' not in logs
    for core in place.world.cores.running:
        assert not any(secret in core.metrics() for secret in secrets.values())
