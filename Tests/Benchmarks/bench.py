"""Measures the figures, prints their table and writes them as JSON.

Without arguments all; else any of: capture, whole-life, latency, pick, mail, mart. BENCH_QUICK=1 measures less, for development.
"""

import argparse
import os
import platform
import signal
import sys
import time
from dataclasses import dataclass

import capture
import datamart
import figures
import latency
import mail
import pick
import psycopg
import whole_life
from observe import MemoryWatch
from peer_skip_locked import SkipLocked
from scene import Stack, bench_world, say
from waiting import wait_until


@dataclass(frozen=True)
class Scale:
    """How much is measured."""

    rounds: int
    captured: int
    lives: int
    latency_seconds: float
    backlog: int
    waiting_seconds: float
    blocks: int
    rebuilds: int
    messages: int
    idle_seconds: float
    mart_items: int
    mart_seconds: float
    mart_scale: int


FULL = Scale(rounds=3, captured=30_000, lives=6_000, latency_seconds=20, backlog=1_000_000, waiting_seconds=60, blocks=6, rebuilds=3,
             messages=10_000, idle_seconds=60, mart_items=20_000, mart_seconds=30, mart_scale=1_000_000)  # fmt: skip
QUICK = Scale(rounds=1, captured=5_000, lives=1_000, latency_seconds=5, backlog=100_000, waiting_seconds=10, blocks=2, rebuilds=1,
              messages=2_000, idle_seconds=20, mart_items=4_000, mart_seconds=10, mart_scale=100_000)  # fmt: skip


def measure_capture(scale: Scale) -> dict:
    with bench_world("capture") as world:
        return {"capture": capture.measure(world, scale.rounds, scale.captured)}


def measure_whole_life(scale: Scale) -> dict:
    with bench_world("whole-life") as world:
        return {"wholeLife": whole_life.measure(world, scale.rounds, scale.lives)}


def measure_latency(scale: Scale) -> dict:
    with bench_world("latency") as world:
        return {"latency": latency.measure(world, scale.rounds, 500, scale.latency_seconds)}


def measure_pick(scale: Scale) -> dict:
    """Figures 4 and 5 share their backlog, which takes longest to make."""
    with bench_world("pick") as world:
        small, large = pick.Backlog(world), pick.Backlog(world)
        core = world.cores.start(1)[0]
        wait_until(lambda: small.lanes.complete() and large.lanes.complete(), seconds=30, what="the tenants' lanes")
        with MemoryWatch(core.pid) as memory:
            small.submit(pick.SMALL)
            large.submit(pick.SMALL)
            # Both measurements of waiting follow work, by agents who have gone since.
            rest(small, large)
            say(f"waiting {scale.waiting_seconds:g} s with two small backlogs")
            waiting_small = pick.waiting_cost(world, scale.waiting_seconds)
            say(f"making a backlog of {scale.backlog:,}")
            large.multiply(scale.backlog)
            rebuilds = []
            for _ in range(scale.rebuilds):
                rebuilds.append(pick.rebuild(world, large, core.pid))
                say(f"rebuilt in {rebuilds[-1]['seconds']:.1f} s with {rebuilds[-1]['picks']} picks meanwhile")
            rest(small, large)
            say(f"waiting {scale.waiting_seconds:g} s with the large backlog")
            waiting_large = pick.waiting_cost(world, scale.waiting_seconds)
            say("picks in turn")
            picks = pick.compare_picks(small, large, scale.blocks)
        found = {
            "picks": picks, "waitingSmall": waiting_small, "waitingLarge": waiting_large, "rebuilds": rebuilds,
            "backlog": scale.backlog, "coreBytes": memory.peak,
        }  # fmt: skip
        stack = world.stack
    return {"pick": found, "skipLocked": skip_locked(stack, scale)}


def rest(*backlogs: pick.Backlog) -> None:
    """Agents have worked and go, so that nothing but time happens."""
    for backlog in backlogs:
        backlog.settle()
        backlog.rest()


def skip_locked(stack: Stack, scale: Scale) -> dict[str, list[float]]:
    """For comparison: how the plain queue's take slows with its backlog."""
    found: dict[str, list[float]] = {"small": [], "large": []}
    with SkipLocked(stack) as queue:
        for _ in range(scale.rounds):
            for name, waiting in (("small", 1_000), ("large", scale.backlog)):
                queue.fill(waiting)
                found[name].append(queue.finish(900))
    return found


def measure_mail(scale: Scale) -> dict:
    with bench_world("mail") as world:
        return {"mail": mail.measure(world, min(scale.rounds, 2), scale.messages, scale.idle_seconds)}


def measure_mart(scale: Scale) -> dict:
    with bench_world("mart") as world:
        return {"mart": datamart.measure(world, min(scale.rounds, 2), scale.mart_items, scale.mart_seconds, scale.mart_scale)}


PARTS = {
    "capture": measure_capture, "whole-life": measure_whole_life, "latency": measure_latency, "pick": measure_pick,
    "mail": measure_mail, "mart": measure_mart,
}  # fmt: skip


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("parts", nargs="*", choices=[[], *PARTS], help="all when none is named")
    parts = parser.parse_args().parts or list(PARTS)
    # Worlds and peers end their processes on the way out, however that comes about.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    scale = QUICK if os.environ.get("BENCH_QUICK") else FULL
    stack = Stack.find()
    if isinstance(stack, str):
        raise SystemExit(stack)
    file = stack.folder / "results.json"
    results: dict = {"machine": {"cores": os.cpu_count(), "kernel": platform.release(), "at": time.strftime("%FT%TZ", time.gmtime())}}
    failures = []
    for name in parts:
        try:
            results.update(PARTS[name](scale))
        except (RuntimeError, AssertionError, psycopg.Error) as error:
            failures.append(f"{name}: {error}")
            say(failures[-1])
        figures.write(results, file)
    print(figures.table(figures.rows_of(results)))
    for failure in failures:
        print(f"not measured: {failure}")
    print(f"as JSON: {file}")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
