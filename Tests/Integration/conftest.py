"""Fixtures: the stack's servers, a shared world, worlds of one's own, tenants, clients, producers and readers."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from cores import CoreGroup
from search.filled import closing_all, word
from search_scene import SearchScene
from search_servers import SearchServer, SlowWay
from stack import Stack
from standins.gmail import Gmail
from standins.graph import Graph
from topics import CommandProducer, EventReader
from world import Tenant, World


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What kills servers comes last: others need not stand it."""
    items.sort(key=lambda item: item.get_closest_marker("faults") is not None)


@pytest.fixture(scope="session")
def stack() -> Stack:
    """The running servers; without them the test is skipped, or fails where they are required (make test)."""
    found = Stack.find()
    if isinstance(found, Stack):
        return found
    if os.environ.get("MILLRACE_TEST_REQUIRED"):
        pytest.fail(found)
    pytest.skip(found)


@pytest.fixture(scope="session")
def world(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """The world that tests share which need no faults: its instances of core run until the end. Each worker has its own."""
    worker = os.environ.get("PYTEST_XDIST_WORKER", "")
    world = World(stack, _log_folder(stack, tmp_path_factory, f"shared{worker}"))
    try:
        yield world
    finally:
        world.close()


@pytest.fixture
def private_world(
    stack: Stack, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Iterator[World]:
    """A world for one test, whose instances and servers may be killed; the instances of other worlds rest meanwhile."""
    for other in World.all:
        other.cores.stop_all()
    world = World(stack, _log_folder(stack, tmp_path_factory, request.node.name))
    try:
        yield world
    finally:
        world.close()


def _log_folder(stack: Stack, factory: pytest.TempPathFactory, name: str) -> Path:
    """Logs stay with the stack's other logs, so that a failure can be looked into afterwards."""
    safe = "".join(letter if letter.isalnum() else "-" for letter in name)
    folder = stack.folder / "log" / "integration" / safe
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        return factory.mktemp(safe)
    return folder


@pytest.fixture
def cores(world: World) -> CoreGroup:
    """The shared world's instances; at least one runs."""
    world.cores.ensure(1)
    return world.cores


@pytest.fixture
def tenant(world: World) -> Callable[..., Tenant]:
    """Makes a new tenant in the shared world: tenant(configuration) or tenant() for the demo's configuration."""
    return world.tenant


@pytest.fixture(scope="session")
def demo_tenant(world: World) -> Tenant:
    """One tenant with the demo's configuration, for tests that do not mind each other."""
    return world.tenant()


@pytest.fixture
def http(world: World, demo_tenant: Tenant) -> httpx.Client:
    """A client with the demo tenant's admin key."""
    return world.http(demo_tenant.admin_key)


@pytest.fixture
def producer(world: World, demo_tenant: Tenant) -> CommandProducer:
    """Publishes commands of the demo tenant's source."""
    world.cores.ensure(1)
    return world.producer(demo_tenant)


@pytest.fixture
def events(world: World) -> EventReader:
    """Reads the shared world's event topic."""
    world.cores.ensure(1)
    return world.reader()


@pytest.fixture(params=[Gmail, Graph], ids=["gmail", "graph"])
def provider(request: pytest.FixtureRequest) -> Iterator[Gmail | Graph]:
    """A stand-in for a mail provider, of each kind."""
    provider = request.param()
    yield provider
    provider.close()


@pytest.fixture
def scenes() -> Iterator[list[SearchScene]]:
    """Tenants whose items are searched, as a test opens them; they are closed when it ends."""
    with closing_all() as opened:
        yield opened


@pytest.fixture
def reached(place: World) -> Iterator[tuple[SearchServer, SlowWay]]:
    """A search server of its own, and the way to it."""
    server = SearchServer("elasticsearch", place.folder / f"reached-{word()}").start()
    way = SlowWay(server.port)
    yield server, way
    way.close()
    server.close()
