"""Which faults in which order: the same for the same seed."""

import random
import time
from collections.abc import Iterator, Sequence

from faults.arena import arena
from faults.catalogue import CATALOGUE
from world import World


def shuffled(number: int, seed: object, among: Sequence[str] = tuple(CATALOGUE)) -> list[str]:
    """So many faults by name; each comes as often as any other, in an order that the seed decides."""
    chance = random.Random(f"schedule {seed}")
    names: list[str] = []
    while len(names) < number:
        deck = list(among)
        chance.shuffle(deck)
        names += deck
    return names[:number]


def rounds(names: list[str], size: int) -> Iterator[list[str]]:
    """The same in parts, each for one run."""
    for begin in range(0, len(names), size):
        yield names[begin : begin + size]


def run_faults(world: World, names: list[str], seed: object, *, items_per_second: int = 220) -> None:
    """One run under load with these faults one after the other; at its end everything is checked."""
    chance = random.Random(f"faults {seed}")
    print(f"\n  seed {seed}: {', '.join(names)}", flush=True)
    with arena(world, seed, items_per_second) as running:
        for name in names:
            running.await_offers(chance.randrange(100, 400))
            begin, known = time.monotonic(), len(running.recoveries)
            CATALOGUE[name](running, chance)
            measured = "; ".join(map(str, running.recoveries[known:]))
            print(f"    {name} ({time.monotonic() - begin:.0f} s): {measured}", flush=True)
