"""An index against the items, document by document, and what searches find in it."""

import random

import httpx

import search_reading
from search.truth import expected, plain
from search_scene import SearchScene
from waiting import DeadlinePassed, wait_until

# What events bring comes at once; what a server has lost a check brings, 12 s after the last error and at most 5 s late.
CONVERGES_WITHIN = 45


def differences(search: SearchScene) -> list[str]:
    """Where the index behind the alias is not what core's tables say."""
    server = search.server
    indices = server.indices(search.alias)
    if len(indices) != 1:
        return [f"the alias stands for {indices}"]
    wanted, found = expected(search.world, search.room.tenant.name), server.documents(search.alias)
    problems = [f"{item} is missing" for item in wanted.keys() - found.keys()]
    problems += [f"{item} has no item" for item in found.keys() - wanted.keys()]
    for item in wanted.keys() & found.keys():
        document, there = wanted[item].document, plain(found[item])
        problems += [
            f"{item}: {name} is {there.get(name)!r}, not {document.get(name)!r}"
            for name in sorted(document.keys() | there.keys())
            if document.get(name) != there.get(name)
        ]
    return problems


def assert_complete(search: SearchScene, seconds: float = CONVERGES_WITHIN) -> int:
    """Without any further event the index comes to hold every item as it is; the number of items."""
    last: list[str] = []

    def is_same() -> bool:
        last[:] = differences(search)
        return not last

    try:
        wait_until(is_same, seconds=seconds, every=0.5, what="an index that is the items", forgiving=(httpx.HTTPError,))
    except DeadlinePassed:
        raise AssertionError(f"{len(last)} differences:\n" + "\n".join(sorted(last)[:20])) from None
    return len(expected(search.world, search.room.tenant.name))


def assert_found(search: SearchScene, chance: random.Random, count: int = 10) -> None:
    """Words of random items, asked for by the API, find through the search server all items that have them."""
    items = expected(search.world, search.room.tenant.name)
    for _ in range(count):
        parts = items[chance.choice(sorted(items))].parts
        _, name, words = chance.choice(parts)
        word, name = chance.choice(words), name or "text"
        term = search_reading.Term(f"{name}:{word}", name, [word], False, False)
        wanted = {item for item, told in items.items() if search_reading.score([term], told.parts) is not None}
        wait_until(
            lambda term=term, wanted=wanted: _found(search, term.text) == wanted,
            seconds=20, every=0.2, what=f"{len(wanted)} items with {term.text}", forgiving=(AssertionError,),
        )  # fmt: skip


def _found(search: SearchScene, query: str) -> set[str]:
    """The ids of all pages, each of which the search server must have answered."""
    page = search.page(query, limit=500)
    found = {item["id"] for item in page["items"]}
    while page["next"]:
        page = search.page(query, limit=500, cursor=page["next"])
        found |= {item["id"] for item in page["items"]}
    return found


def assert_tidy(search: SearchScene, seconds: float = 30) -> None:
    """One index, which is the one that serves; whatever a fault left behind is gone after the next checks."""
    server = search.server
    wait_until(
        lambda: server.named(search.alias) == [search.control()["serving"]["index"]] == server.indices(search.alias),
        seconds=seconds, every=0.2, what="one index and no other", forgiving=(httpx.HTTPError, KeyError),
    )  # fmt: skip
    assert "next" not in search.control(), search.control()
