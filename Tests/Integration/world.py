"""A world of its own for tests: database, topic prefix, key prefix, instances of core and tenants."""

import json
import os
import secrets
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar
from urllib.parse import urlsplit

import httpx
import psycopg
import yaml
from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient
from psycopg import sql

from cores import Core, CoreGroup
from stack import Stack, with_database
from topics import CommandProducer, EventReader

DEMO_CONFIGURATION = Path(__file__).resolve().parents[2] / "deploy/local/demo-tenant.yaml"


@dataclass(frozen=True)
class Tenant:
    """A tenant with its keys."""

    name: str
    admin_key: str
    source_key: str
    source: str
    configuration: dict


class World:
    """Everything that one group of tests has to itself on the servers of the stack."""

    # Those that are open.
    all: ClassVar[list["World"]] = []

    def __init__(self, stack: Stack, folder: Path) -> None:
        self.stack = stack
        self.name = f"it{secrets.token_hex(4)}"
        self.folder = folder
        self.kafka_prefix = f"{self.name}."
        self.redis_prefix = f"{self.name}:"
        self._clients: list[httpx.Client] = []
        self._closing: list[CommandProducer | EventReader] = []
        self._create_database()
        self.environment = {
            "MILLRACE_DATABASE_URL": with_database(stack.service_url, self.name),
            "MILLRACE_REDIS_URL": stack.redis_url,
            "MILLRACE_REDIS_PREFIX": self.redis_prefix,
            "MILLRACE_KAFKA_BOOTSTRAP": stack.kafka,
            "MILLRACE_KAFKA_PREFIX": self.kafka_prefix,
        }
        self.owner_environment = {
            **self.environment,
            "MILLRACE_DATABASE_OWNER_URL": with_database(stack.owner_url, self.name),
        }
        self.run("migrate")
        self.cores = CoreGroup(stack.executable, self.environment, folder)
        World.all.append(self)

    @property
    def admin_url(self) -> str:
        """The world's database, as an administrator: row-level security does not apply."""
        return with_database(self.stack.admin_url, self.name)

    def _create_database(self) -> None:
        with psycopg.connect(self.stack.admin_url, autocommit=True) as connection:
            owner = urlsplit(self.stack.owner_url).username or "millrace_owner"
            connection.execute(
                sql.SQL("CREATE DATABASE {} OWNER {}").format(sql.Identifier(self.name), sql.Identifier(owner))
            )

    def run(self, *arguments: str, check: bool = True, seconds: float = 60) -> subprocess.CompletedProcess:
        """Runs an operator's command in this world's environment."""
        environment = {key: value for key, value in os.environ.items() if not key.startswith("MILLRACE_")}
        result = subprocess.run(
            [self.stack.executable, *arguments],
            env={**environment, **self.owner_environment},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=seconds,
        )
        if check and result.returncode != 0:
            command = " ".join(arguments)
            raise AssertionError(f"millrace {command} ended with {result.returncode}:\n{result.stdout}{result.stderr}")
        return result

    def tenant(self, configuration: dict | None = None, *, name: str | None = None, source: str = "vinst") -> Tenant:
        """A new tenant with this configuration (the demo's when none is given), an admin key and a source key."""
        name = name or f"t{secrets.token_hex(4)}"
        document = dict(configuration or yaml.safe_load(DEMO_CONFIGURATION.read_text()))
        document["tenant"] = name
        file = self.folder / f"{name}.yaml"
        file.write_text(yaml.safe_dump(document, sort_keys=False, allow_unicode=True))
        credentials = self.folder / f"{name}.json"
        self.run(
            "bootstrap", "--tenant", name, "--configuration", str(file),
            "--source", source, "--credentials", str(credentials),
        )  # fmt: skip
        keys = json.loads(credentials.read_text())
        return Tenant(name, keys["adminKey"], keys["sourceKey"], source, document)

    def http(self, key: str | None, core: Core | None = None) -> httpx.Client:
        """A client of the API (paths below /iwd/v3) with this key, at one instance."""
        core = core or self.cores.ensure(1)[0]
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        client = httpx.Client(base_url=f"{core.url}/iwd/v3", headers=headers, timeout=40)
        self._clients.append(client)
        return client

    def topic(self, name: str) -> str:
        """The full name of a topic, such as `workitems.events`."""
        return self.kafka_prefix + name

    def producer(self, tenant: Tenant) -> CommandProducer:
        """Publishes commands of that tenant's source."""
        producer = CommandProducer(self.stack.kafka, self.topic("workitems.commands"), tenant.name, tenant.source)
        self._closing.append(producer)
        return producer

    def reader(self, name: str = "workitems.events") -> EventReader:
        """Reads a topic from its beginning, in the background."""
        reader = EventReader(self.stack.kafka, self.topic(name))
        self._closing.append(reader)
        return reader

    def _delete_topics(self) -> None:
        """The local broker keeps everything in memory and writes all of it to disk again and again."""
        admin = AdminClient({"bootstrap.servers": self.stack.kafka})
        try:
            names = [name for name in admin.list_topics(timeout=5).topics if name.startswith(self.kafka_prefix)]
            for deleted in admin.delete_topics(names).values() if names else ():
                deleted.result(10)
        except KafkaException as error:
            print(f"topics of {self.name} stay: {error}")

    def close(self) -> None:
        """Ends everything that this world started and drops its database."""
        World.all.remove(self)
        for client in self._clients:
            client.close()
        for closing in self._closing:
            closing.close()
        try:
            self.cores.stop_all()
        finally:
            self._delete_topics()
            with psycopg.connect(self.stack.admin_url, autocommit=True) as connection:
                connection.execute(
                    sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(self.name))
                )
