"""The plans that PostgreSQL really makes for what services ask, read from its log by auto_explain."""

import json
import re
import time
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg import sql

from stack import with_database
from world import World


@dataclass(frozen=True)
class Plan:
    """A statement with the way it was performed."""

    query: str
    milliseconds: float
    nodes: list[dict]

    def scans(self, tables: set[str], above: int) -> list[str]:
        """What reads a table from end to end, or passes over more than so many rows to find what it needs."""
        found = []
        for node in self.nodes:
            table = node.get("Relation Name")
            if table not in tables:
                continue
            loops = node.get("Actual Loops", 1)
            passed = node.get("Rows Removed by Filter", 0) * loops
            read = passed + (node.get("Actual Rows", 0) * loops if node["Node Type"] == "Seq Scan" else 0)
            if read > above:
                found.append(f"{node['Node Type']} of {table} by {node.get('Index Name', 'no index')}, {read:g} rows")
        return found


class QueryPlans:
    """Lets the sessions of a world's database, or of another one, that begin from now on tell their plans."""

    def __init__(self, world: World, database: str | None = None) -> None:
        self._log = Path(world.stack.folder) / "log" / "postgres.log"
        self._name = database or world.name
        with psycopg.connect(with_database(world.stack.admin_url, self._name), autocommit=True) as connection:
            for name, value in {
                "session_preload_libraries": "auto_explain", "auto_explain.log_min_duration": "0",
                "auto_explain.log_analyze": "on", "auto_explain.log_timing": "off", "auto_explain.log_format": "json",
                "auto_explain.log_nested_statements": "on",
            }.items():  # fmt: skip
                database = sql.Identifier(self._name)
                connection.execute(sql.SQL("ALTER DATABASE {} SET {} = {}").format(database, sql.SQL(name), sql.Literal(value)))
        self._offset = self._log.stat().st_size

    def taken(self) -> list[Plan]:
        """The plans since the last time."""
        # What has been answered has been logged; its lines may be on their way.
        time.sleep(0.02)
        with self._log.open("rb") as log:
            log.seek(self._offset)
            text = log.read().decode(errors="replace")
            self._offset = log.tell()
        plans = []
        for found in re.finditer(r"@" + self._name + r" \S*\s*LOG: +duration: ([\d.]+) ms +plan:\n((?:\t.*\n)+)", text):
            try:
                plan = json.loads(found[2])
            except ValueError:
                # Another session's lines stand in the middle of it.
                continue
            plans.append(Plan(plan["Query Text"], float(found[1]), list(_nodes(plan["Plan"]))))
        return plans


def _nodes(plan: dict) -> list[dict]:
    return [plan] + [node for child in plan.get("Plans", []) for node in _nodes(child)]
