"""Keeps what a failed run left behind: verdict, schedule, evidence and the database's rows; logs are there already."""

import dataclasses
import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg

if TYPE_CHECKING:
    from faults.arena import Arena

TABLES = ("work_item", "event", "outbox", "agent", "relay", "lease", "command_answer", "configuration_object")


def keep_evidence(arena: "Arena", failure: str) -> Path:
    """Writes everything beside the instances' logs and returns the folder."""
    folder = arena.world.folder / f"evidence-{re.sub(r'[^A-Za-z0-9]+', '-', str(arena.seed))}"
    folder.mkdir(parents=True, exist_ok=True)
    verdict = [f"seed {arena.seed}", *map(str, arena.recoveries), failure, *arena.late, *arena.unexpected]
    (folder / "failure.txt").write_text("\n".join(verdict) + "\n")
    _write(folder / "submissions.json", arena.load.submissions.values())
    _write(folder / "answered.json", arena.crew.answered)
    _write(folder / "offers.json", arena.crew.offers)
    if arena.evidence is not None:
        for name, values in (
            ("feed", arena.evidence.feed),
            ("topic", arena.evidence.topic or []),
            ("explanations", arena.evidence.explanations.items()),
        ):
            _write(folder / f"{name}.json", values)
    _keep_rows(arena.world.admin_url, folder)
    return folder


def _write(file: Path, values: object) -> None:
    """One value a line."""
    with file.open("w") as out:
        for value in list(values):
            plain = dataclasses.asdict(value) if dataclasses.is_dataclass(value) else value
            out.write(json.dumps(plain, ensure_ascii=False) + "\n")


def _keep_rows(url: str, folder: Path) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        for table in TABLES:
            with (
                connection.cursor() as cursor,
                (folder / f"{table}.csv").open("wb") as out,
                cursor.copy(f"COPY (SELECT * FROM {table}) TO STDOUT WITH (FORMAT csv, HEADER)") as rows,
            ):
                for block in rows:
                    out.write(block)
