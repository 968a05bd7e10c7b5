"""A tenant's search index in an arena, as faults see it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import ClassVar

import httpx

from cores import Core
from faults.standby import StandbyScene
from mail_room import MailRoom
from search_scene import SearchScene
from search_servers import Search, SearchServer, SlowWay
from world import Tenant, World


@dataclass
class IndexScene(StandbyScene):
    """An index with two instances in an arena under load, and the way to its server."""

    search: SearchScene
    way: SlowWay
    name: ClassVar[str] = "search"
    # A server without the control document says nothing of it.
    away: ClassVar[tuple[type[BaseException], ...]] = (httpx.HTTPError, KeyError)
    # Nobody is promised a moment; it goes by batches, whose items are all read again, and the tests' server writes all it has.
    switch_within: ClassVar[float] = 15.0

    @property
    def instances(self) -> list[Search]:
        return self.search.services

    @property
    def holder(self) -> Search | None:
        return self.search.holder

    def position(self) -> int:
        return self.search.control()["serving"]["position"]

    def term(self) -> int:
        return self.search.control()["term"]


@contextmanager
def indexed(world: World, tenant: Tenant, core: Core) -> Iterator[tuple[SearchScene, SlowWay]]:
    """A search server for a tenant that is there, by a way that can be cut. Instances are for the caller to start."""
    server = SearchServer("elasticsearch", world.folder / "elasticsearch").start()
    way = SlowWay(server.port)
    admin = world.http(tenant.admin_key, core)
    document = admin.get("/configuration").json()
    document["search"] = {"url": way.url, "answersWithin": "10s"}
    applied = admin.put("/configuration", json=document)
    assert applied.status_code == 200, applied.text
    search = SearchScene(MailRoom(admin, admin, tenant), world, "elasticsearch", server)
    try:
        yield search, way
    finally:
        search.close()
        way.close()
