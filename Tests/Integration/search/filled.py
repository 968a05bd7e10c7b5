"""Tenants with items that a search server knows, for tests of what befalls server and index."""

import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from mail_room import SECRETS_KEY
from own_world import own_world
from search.gate import Gate
from search_scene import SearchScene
from search_servers import SearchServer
from stack import Stack
from waiting import wait_until
from world import World


@contextmanager
def search_world(stack: Stack, name: str) -> Iterator[World]:
    """A world whose search servers fail."""
    with own_world(stack, name) as world:
        world.cores.start(1, SECRETS_KEY=SECRETS_KEY, OUTBOUND_ALLOW="127.0.0.0/8")
        yield world


@contextmanager
def gate_to_server(world: World, kind: str = "elasticsearch") -> Iterator[tuple[SearchServer, Gate]]:
    """A server of its own, and a gate on the way to it."""
    server = SearchServer(kind, world.folder / f"gated-{word()}").start()
    try:
        with Gate(server.port) as gate:
            yield server, gate
    finally:
        server.close()


@contextmanager
def closing_all() -> Iterator[list[SearchScene]]:
    """What is put into the list is closed at the end."""
    opened: list[SearchScene] = []
    try:
        yield opened
    finally:
        for scene in opened:
            scene.close()


def word() -> str:
    return f"w{uuid.uuid4().hex[:12]}"


def submit_many(scene: SearchScene, count: int) -> None:
    """Items side by side, more than a page of a walk holds, for instance."""
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: scene.submit(f"m{number}", f"M-{word()}", note=f"item {number}"), range(count)))


def submit(scene: SearchScene, count: int, **attributes: object) -> list[str]:
    """Items by one bulk of requests; their ids."""
    return [scene.submit(name := word(), f"F-{name}", **attributes) for _ in range(count)]


def change(scene: SearchScene, item: str, **attributes: object) -> None:
    answer = scene.admin.patch(f"/workitems/{item}", json={"attributes": attributes}, headers={"If-Match": "*"})
    assert answer.status_code == 200, answer.text


def searched(scene: SearchScene, query: str) -> tuple[set[str], dict]:
    """The ids of a page of what is found, and which index told them."""
    answer = scene.admin.get("/workitems", params={"q": query, "limit": 500})
    assert answer.status_code == 200, answer.text
    page = answer.json()
    return {item["id"] for item in page["items"]}, page["search"]


def wait_for(scene: SearchScene, query: str, expected: set[str], index: str = "elasticsearch", seconds: float = 40) -> None:
    wait_until(
        lambda: (found := searched(scene, query))[0] == expected and found[1]["index"] == index,
        seconds=seconds, every=0.1, what=f"{len(expected)} items by {index}",
    )  # fmt: skip


def filled(
    place: World, scenes: list[SearchScene], count: int, kind: str = "elasticsearch", **section: object
) -> tuple[SearchScene, str, set[str]]:
    """A tenant with a search server, and so many items that are found by a word."""
    scene = SearchScene.open(place, kind, **section)
    scenes.append(scene)
    common = word()
    items = set(submit(scene, count, note=common))
    wait_for(scene, common, items)
    return scene, common, items
