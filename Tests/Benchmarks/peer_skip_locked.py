"""A plain queue: one table, taken row by row with FOR UPDATE SKIP LOCKED through libpq (pgbench)."""

import os
import re
import subprocess
import tempfile
from pathlib import Path
from urllib.parse import unquote, urlsplit

import psycopg
import scene  # noqa: F401  (makes the modules of the integration tests known)
from psycopg import sql
from stack import Stack, with_database

DATABASE = "bench_skip_locked"
TAKE = """
UPDATE job SET state = 1 WHERE id = (
    SELECT id FROM job WHERE state = 0 ORDER BY priority DESC, id LIMIT 1 FOR UPDATE SKIP LOCKED
) RETURNING id \\gset taken_
UPDATE job SET state = 2 WHERE id = :taken_id;
"""


class SkipLocked:
    """A database of its own on the server of the stack."""

    def __init__(self, stack: Stack) -> None:
        self._admin = stack.admin_url
        self.url = with_database(stack.admin_url, DATABASE)

    def __enter__(self) -> "SkipLocked":
        self._drop()
        with psycopg.connect(self._admin, autocommit=True) as connection:
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(DATABASE)))
        return self

    def __exit__(self, *_: object) -> None:
        self._drop()

    def _drop(self) -> None:
        with psycopg.connect(self._admin, autocommit=True) as connection:
            connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(DATABASE)))

    def fill(self, waiting: int) -> None:
        """A fresh table with that many jobs waiting."""
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute("DROP TABLE IF EXISTS job")
            connection.execute(
                "CREATE TABLE job (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, priority int NOT NULL, "
                "state int NOT NULL DEFAULT 0, body text NOT NULL) WITH (fillfactor = 70)"
            )
            connection.execute(
                "INSERT INTO job (priority, body) SELECT g %% 10, repeat('x', 400) FROM generate_series(1, %s) g", [waiting]
            )
            connection.execute("CREATE INDEX job_waiting ON job (priority DESC, id) WHERE state = 0")
            connection.execute("VACUUM ANALYZE job")

    def finish(self, jobs: int, clients: int = 2) -> float:
        """Jobs taken and finished, row by row, a second."""
        address = urlsplit(self.url)
        with tempfile.TemporaryDirectory() as folder:
            script = Path(folder) / "take.sql"
            script.write_text(TAKE)
            result = subprocess.run(
                [
                    "pgbench", "--no-vacuum", "--client", str(clients), "--jobs", "1", "--protocol", "prepared",
                    "--transactions", str(jobs // clients), "--file", str(script), "--host", address.hostname or "",
                    "--port", str(address.port), "--username", address.username or "", DATABASE,
                ],
                env={**os.environ, "PGPASSWORD": unquote(address.password or "")},
                stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=300, check=True,
            )  # fmt: skip
        found = re.search(r"tps = ([0-9.]+)", result.stdout)
        if found is None:
            raise RuntimeError(result.stdout)
        return float(found.group(1))
