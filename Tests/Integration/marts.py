"""Data marts for tests: a database of a tenant's own, instances of `millrace datamart`, and what the mart says."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import httpx
import psycopg
from psycopg import sql

from checker import wait_until_drained
from cores import Core, free_port
from mail_room import SECRETS_KEY
from stack import with_database
from waiting import wait_until
from world import Tenant, World

ZONE = "Europe/Stockholm"


class Datamart(Core):
    """An instance of `millrace datamart`. Its health is told at the port of its metrics."""

    command = "datamart"

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._environment['MILLRACE_DATAMART_HTTP_PORT']}"

    @property
    def health_url(self) -> str:
        return f"http://127.0.0.1:{self.metrics_port}/health/ready"


@dataclass
class Mart:
    """A tenant with a mart: its database, and the instances that keep it."""

    world: World
    tenant: Tenant
    database: str
    role: str
    password: str
    key: str
    instances: list[Datamart] = field(default_factory=list)

    @property
    def admin_url(self) -> str:
        """The mart's database, as an administrator."""
        return with_database(self.world.stack.admin_url, self.database)

    def connect(self) -> psycopg.Connection:
        """A session in the mart's schema."""
        return psycopg.connect(self.admin_url, options="-c search_path=mart,mart_control", autocommit=True)

    def add(self, **settings: str) -> Datamart:
        """A new instance that is not started yet."""
        name = f"datamart-{len(self.instances) + 1}"
        environment = {
            **{key: value for key, value in self.world.environment.items() if key != "MILLRACE_DATABASE_URL"},
            "MILLRACE_DATAMART_CORE": ",".join(core.url for core in self.world.cores.running),
            "MILLRACE_DATAMART_KEYS": self.key,
            "MILLRACE_DATAMART_HTTP_PORT": str(free_port()),
            "MILLRACE_SECRETS_KEY": SECRETS_KEY,
            "MILLRACE_OUTBOUND_ALLOW": "127.0.0.0/8",
            **{f"MILLRACE_{key}": value for key, value in settings.items()},
        }
        instance = Datamart(self.world.stack.executable, name, environment, self.world.folder / f"{name}.log")
        self.instances.append(instance)
        return instance

    def http(self, key: str | None = None) -> httpx.Client:
        """A client of reports and jobs (paths below /iwd/v3), the tenant's administrator unless said otherwise."""
        headers = {"Authorization": f"Bearer {key or self.tenant.admin_key}"}
        return httpx.Client(base_url=f"{self.instances[0].url}/iwd/v3", headers=headers, timeout=40)

    def position(self) -> int:
        """The last event in the mart; 0 before there is any."""
        with self.connect() as connection:
            if connection.execute("SELECT to_regclass('mart.projection_progress')").fetchone() == (None,):
                return 0
            row = connection.execute("SELECT position FROM projection_progress").fetchone()
            return row[0] if row else 0

    def await_all(self, feed: httpx.Client, seconds: float = 30) -> int:
        """Waits until the mart holds everything that has happened; returns the last position."""
        wait_until_drained(self.world.admin_url, self.tenant.name)
        last = last_position(feed)
        wait_until(lambda: self.position() >= last, seconds=seconds, what=f"event {last} in the mart", every=0.05)
        return last

    def close(self) -> None:
        for instance in self.instances:
            instance.ask_to_stop()
        for instance in self.instances:
            instance.stop()
        with psycopg.connect(self.world.stack.admin_url, autocommit=True) as connection:
            connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(self.database)))
            connection.execute(sql.SQL("DROP ROLE IF EXISTS {}").format(sql.Identifier(self.role)))


def events(feed: httpx.Client) -> list[dict]:
    """Every event of the tenant, in order."""
    found: list[dict] = []
    while True:
        answer = feed.get("/events", params={"after": found[-1]["position"] if found else 0, "limit": 5000})
        page = answer.raise_for_status().json()["items"]
        if not page:
            return found
        found += page


def last_position(feed: httpx.Client) -> int:
    """The position of the last event."""
    found = events(feed)
    return found[-1]["position"] if found else 0


def make_database(world: World) -> tuple[str, str, str]:
    """A database for a mart: its name, the role that owns it, and that role's password."""
    name, password = f"mart_{secrets.token_hex(4)}", secrets.token_hex(16)
    with psycopg.connect(world.stack.admin_url, autocommit=True) as connection:
        role = sql.Identifier(name)
        connection.execute(sql.SQL("CREATE ROLE {} LOGIN PASSWORD {}").format(role, sql.Literal(password)))
        # Who makes a database for another must be one of theirs.
        connection.execute(sql.SQL("GRANT {} TO CURRENT_USER").format(role))
        connection.execute(sql.SQL("CREATE DATABASE {} OWNER {}").format(role, role))
    return name, name, password


@contextmanager
def a_mart(world: World, configuration: dict, **section: object) -> Iterator[Mart]:
    """A tenant with this configuration and a mart; core runs, the mart's instances are for the caller to start.

    `section` replaces members of the configuration's section `datamart`.
    """
    database, role, password = make_database(world)
    server = urlsplit(world.stack.admin_url)
    document = {
        **configuration,
        "datamart": {
            "url": f"postgresql://{role}@{server.hostname}:{server.port}/{database}",
            "secret": "mart-db",
            "timeZone": ZONE,
            "timeZones": ["UTC"],
            **section,
        },
    }
    tenant = world.tenant(document)
    if not world.cores.running:
        world.cores.start(1, SECRETS_KEY=SECRETS_KEY)
    admin = world.http(tenant.admin_key)
    admin.put("/secrets/mart-db", json={"password": password}).raise_for_status()
    key = admin.post("/keys", json={"name": "datamart", "roles": ["mart"]}).raise_for_status().json()["key"]
    mart = Mart(world, tenant, database, role, password, key)
    try:
        yield mart
    finally:
        mart.close()
