"""The data mart as a hot standby under test: any number of instances, who of them holds, and how far the mart has come."""

import base64
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from urllib.parse import urlsplit

import httpx
import psycopg
from psycopg import sql
from psycopg.rows import dict_row

from cores import Core, free_port
from marts import Datamart, make_database
from own_world import day_and_night
from stack import with_database
from waiting import wait_until
from world import Tenant, World


class Standby(Datamart):
    """One of several instances."""

    @property
    def is_holder(self) -> bool:
        """Whether it writes a mart."""
        return self.metric("projection_holder") == 1


@dataclass
class Site:
    """A tenant with a data mart: core, the mart's database, and any number of instances that project into it."""

    world: World
    tenant: Tenant
    core: Core
    database: str
    role: str
    password: str
    mart_key: str
    secrets_key: str
    instances: list[Standby] = field(default_factory=list)

    @cached_property
    def http(self) -> httpx.Client:
        """The tenant's administrator at core."""
        return self.world.http(self.tenant.admin_key, self.core)

    def instance(self, **settings: str) -> Standby:
        """A new instance that is not started yet; settings are keys without MILLRACE_."""
        name = f"datamart-{len(self.instances) + 1}"
        environment = {
            **{key: value for key, value in self.world.environment.items() if key != "MILLRACE_DATABASE_URL"},
            "MILLRACE_SECRETS_KEY": self.secrets_key,
            "MILLRACE_OUTBOUND_ALLOW": "127.0.0.0/8",
            "MILLRACE_DATAMART_CORE": ",".join(core.url for core in self.world.cores.all),
            "MILLRACE_DATAMART_KEYS": self.mart_key,
            "MILLRACE_DATAMART_HTTP_PORT": str(free_port()),
            **{f"MILLRACE_{key}": value for key, value in settings.items()},
        }
        instance = Standby(self.world.stack.executable, name, environment, self.world.folder / f"{name}.log")
        self.instances.append(instance)
        return instance

    def start(self, count: int = 1, **settings: str) -> list[Standby]:
        """Starts new instances and waits until they are ready."""
        started = [self.instance(**settings) for _ in range(count)]
        for instance in started:
            instance.launch()
        for instance in started:
            instance.wait_ready()
        return started

    @property
    def holder(self) -> Standby | None:
        """The instance that writes, as it says itself."""
        for instance in self.instances:
            if instance.is_running:
                try:
                    if instance.is_holder:
                        return instance
                except httpx.HTTPError:
                    continue
        return None

    def wait_for_holder(self, other_than: Standby | None = None, seconds: float = 30) -> Standby:
        """The instance that writes, once there is one."""

        def probe() -> Standby | None:
            holder = self.holder
            return holder if holder is not other_than else None

        return wait_until(probe, seconds=seconds, what="a holder of the mart", every=0.05)

    @property
    def url(self) -> str:
        """The mart's database, as an administrator."""
        return with_database(self.world.stack.admin_url, self.database)

    @contextmanager
    def sql(self) -> Iterator[psycopg.Connection]:
        """The mart's tables."""
        options = "-c search_path=mart,mart_control"
        with psycopg.connect(self.url, autocommit=True, row_factory=dict_row, options=options) as connection:
            yield connection

    def position(self) -> int:
        """The last position that the mart has applied; 0 while it has no tables."""
        with self.sql() as connection:
            try:
                return connection.execute("SELECT position FROM projection_progress").fetchone()["position"]
            except (psycopg.errors.UndefinedTable, psycopg.errors.InvalidSchemaName):
                return 0

    def last_position(self) -> int:
        """The last position of the feed, out of core's own tables; -1 while the relay has something to place."""
        with psycopg.connect(self.world.admin_url) as connection:
            row = connection.execute(
                "SELECT r.position, (SELECT count(*) FROM outbox o WHERE o.tenant = r.tenant AND o.position IS NULL)"
                " FROM relay r JOIN tenant t ON t.id = r.tenant WHERE t.name = %s",
                [self.tenant.name],
            ).fetchone()
            return row[0] if row and row[1] == 0 else -1

    def catch_up(self, seconds: float = 60) -> int:
        """Waits until the mart has applied everything, and core has placed everything; the last position."""

        def probe() -> int:
            last = self.last_position()
            return last if last > 0 and self.position() == last else 0

        return wait_until(probe, seconds=seconds, what="the mart to catch up", every=0.05, forgiving=(psycopg.OperationalError,))

    def submit(self, count: int = 1, **attributes: object) -> list[dict]:
        """New items."""
        made = []
        for _ in range(count):
            body = {"captureId": secrets.token_hex(8), "attributes": attributes}
            answer = self.http.post("/workitems", json=body)
            assert answer.status_code == 201, answer.text
            made.append(answer.json())
        return made

    def close(self) -> None:
        """Stops the instances, which must end in time, and drops the database."""
        for instance in self.instances:
            instance.ask_to_stop()
        failures = []
        for instance in self.instances:
            try:
                instance.stop()
            except AssertionError as error:
                failures.append(str(error))
        with psycopg.connect(self.world.stack.admin_url, autocommit=True) as connection:
            connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(self.database)))
            connection.execute(sql.SQL("DROP ROLE IF EXISTS {}").format(sql.Identifier(self.role)))
        assert not failures, "\n".join(failures)


@contextmanager
def site(world: World, document: dict | None = None, *, cores: int = 1, **section: object) -> Iterator[Site]:
    """A tenant with a mart; `section` replaces members of the section `datamart`. Its instances are for the caller to start."""
    key = secrets_key(world)
    started = world.cores.ensure(cores)
    with attached(world, world.tenant(document or day_and_night()), started[0], key, **section) as found:
        yield found


def secrets_key(world: World) -> str:
    """The key that secrets are sealed with, for instances of core that are started from now on."""
    return world.environment.setdefault("MILLRACE_SECRETS_KEY", base64.b64encode(secrets.token_bytes(32)).decode())


@contextmanager
def attached(world: World, tenant: Tenant, core: Core, key: str, **section: object) -> Iterator[Site]:
    """A mart for a tenant that is there; core runs with that key for secrets."""
    database, role, password = make_database(world)
    with psycopg.connect(world.stack.admin_url, autocommit=True) as connection:
        connection.execute(sql.SQL("REVOKE CONNECT ON DATABASE {} FROM PUBLIC").format(sql.Identifier(database)))
    server = urlsplit(world.stack.admin_url)
    url = f"postgresql://{role}@{server.hostname}:{server.port or 5432}/{database}"
    admin = world.http(tenant.admin_key, core)
    document = admin.get("/configuration").json()
    document["datamart"] = {"url": url, "secret": "mart-db", "timeZone": "Europe/Stockholm", **section}
    applied = admin.put("/configuration", json=document)
    assert applied.status_code == 200, applied.text
    stored = admin.put("/secrets/mart-db", json={"password": password})
    assert stored.status_code == 204, stored.text
    made = admin.post("/keys", json={"name": "datamart", "roles": ["mart"]})
    assert made.status_code == 201, made.text
    found = Site(world, tenant, core, database, role, password, made.json()["key"], key)
    try:
        yield found
    finally:
        found.close()
